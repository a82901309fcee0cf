"""Ports of this machine's loopback: which are free, and whose processes listen on one."""

from __future__ import annotations

import errno
import secrets
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_PORTS: Final = range(20_000, 32_000)
_PROC: Final = Path("/proc")
_SOCKET: Final = "socket:["
_LISTENS: Final = "0A"
_DYING_SECONDS: Final = 0.5
_TABLES: Final = ("net/tcp", "net/tcp6")
_HERE: Final = frozenset(f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}" for host in (HOST, "0.0.0.0"))  # noqa: S104 - whoever listens on every address listens on ours


class PortTaken(RuntimeError):  # noqa: N818 - shown to the user as it is
    """Somebody else listens on the port; says who."""


def require_free(port: int) -> None:
    """Raise PortTaken when a port cannot be listened on; also by one who would share it with us (SO_REUSEPORT)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are just over do not count
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as refused:
            if refused.errno == errno.EADDRINUSE:
                raise PortTaken(_taken(port, set(_listeners(port)))) from refused
            raise PortTaken(f"port {port} cannot be used: {refused.strerror}; give another --port") from refused


def require_alone(port: int, pids: Callable[[], Iterable[int]]) -> None:
    """Raise PortTaken when another process than ours listens on a port. Elsewhere than on Linux nobody is seen.

    A socket is somebody else's if it still is after a moment: one of ours that is dying may hold it without showing it.
    """
    seen = _foreign(port, pids())
    if not seen:
        return
    time.sleep(_DYING_SECONDS)
    if still := seen & _foreign(port, pids()):
        raise PortTaken(_taken(port, still))


def _foreign(port: int, pids: Iterable[int]) -> set[str]:
    here = {inode for inode, address in _listeners(port).items() if address in _HERE}
    return here.difference(*(_sockets(pid) for pid in pids))


def free_ports(number: int, but: Collection[int] = ()) -> list[int]:
    """Return ports that are free now, all different, outside the range that outgoing connections are given.

    `but`: those that somebody will listen on who does not yet.
    """
    among = [port for port in _PORTS if port not in but]
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < number:
            each = socket.socket()
            sockets.append(each)
            try:
                each.bind((HOST, secrets.choice(among)))
            except OSError:
                sockets.pop().close()
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _taken(port: int, sockets: set[str]) -> str:
    who = next((pid for pid in _pids() if sockets & _sockets(pid)), None)
    if who is None:
        ask = f"ss -ltnp 'sport = :{port}'"
        return f"port {port} is taken: `{ask}` as root says by whom; stop that, or give this one another --port"
    return f"port {port} is taken by process {who} ({_command(who)}): stop that, or give this one another --port"


def _listeners(port: int) -> dict[str, str]:
    """Return the sockets that listen on a port: inode -> address as the kernel writes it; {} where it does not tell."""
    return {
        fields[9]: fields[1].rpartition(":")[0]
        for table in _TABLES
        for fields in _lines(_PROC / table)
        if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port
    }


def _pids() -> list[int]:
    return sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()) if _PROC.is_dir() else []


def _sockets(pid: int) -> set[str]:
    """Return the sockets a process holds, by inode; empty for one that is gone or of another user."""
    found = set()
    with suppress(OSError):
        for entry in list((_PROC / str(pid) / "fd").iterdir()):
            with suppress(OSError):  # closed meanwhile
                found.add(str(entry.readlink()))
    return {link[len(_SOCKET) : -1] for link in found if link.startswith(_SOCKET)}


def _command(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "gone"


def _lines(table: Path) -> Iterator[list[str]]:
    """Yield the fields of a table of sockets, its heading left out."""
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    yield from (line.split() for line in lines)
