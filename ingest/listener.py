"""Closes the door without putting out who is inside: the server stops its listener and its connections in one go.

Stopping both at once cuts off senders that have just connected and whose request is still on its way. So the listening
socket is shut first, found among this process's own descriptors; elsewhere than on Linux nothing is found and nothing
is shut.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

_DESCRIPTORS: Final = Path("/proc/self/fd")


def shut(port: int) -> bool:
    """Refuse new connections to `port` from now on; tell whether a listening socket was found."""
    found = False
    for descriptor in _own_sockets():
        with socket.socket(fileno=descriptor) as copy:
            if _listens(copy, port):
                copy.shutdown(socket.SHUT_RDWR)
                found = True
    return found


def _own_sockets() -> list[int]:
    """Return duplicates of this process's socket descriptors."""
    copies = []
    for entry in _DESCRIPTORS.iterdir() if _DESCRIPTORS.is_dir() else ():
        try:
            if str(entry.readlink()).startswith("socket:"):
                copies.append(os.dup(int(entry.name)))
        except OSError:
            continue
    return copies


def _listens(candidate: socket.socket, port: int) -> bool:
    if candidate.family not in {socket.AF_INET, socket.AF_INET6}:
        return False
    listening = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    return listening and candidate.getsockname()[1] == port
