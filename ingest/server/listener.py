"""Closes the door without putting out who is inside: the server stops its listener and its connections in one go.

Stopping both at once cuts off senders that have just connected and whose request is still on its way. So the listening
socket goes first: it is found among this process's own descriptors, and one at which nobody knocks takes its number, so
that the server waits there in peace until it is stopped. Elsewhere than on Linux nothing is found and nothing is shut.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_DESCRIPTORS: Final = Path("/proc/self/fd")


def shut(port: int) -> bool:
    """Refuse new connections to `port` from now on; tell whether a listening socket was found."""
    found = [descriptor for descriptor in _own_sockets() if _listens(descriptor, port)]
    if found:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind("")
            silent.listen()
            silent.setblocking(False)  # noqa: FBT003 - the name takes no keyword
            for descriptor in found:
                os.dup2(silent.fileno(), descriptor, inheritable=False)
    return bool(found)


def _own_sockets() -> Iterator[int]:
    """Yield this process's socket descriptors."""
    for entry in list(_DESCRIPTORS.iterdir()) if _DESCRIPTORS.is_dir() else ():
        try:
            if str(entry.readlink()).startswith("socket:"):
                yield int(entry.name)
        except OSError:
            continue


def _listens(descriptor: int, port: int) -> bool:
    try:
        copy = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return False
    with copy:
        if copy.family not in {socket.AF_INET, socket.AF_INET6}:
            return False
        listening = copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        return listening and copy.getsockname()[1] == port
