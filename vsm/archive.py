"""One private archive of what cannot be made again, and back: whole or not at all."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from vsm.data_dir import PRIVATE

_MODES: Final = 0o755
_FOLDER: Final = 0o700
_PIECE_BYTES: Final = 1 << 20
_LOG: Final = "log"


class BadArchive(ValueError):  # noqa: N818 - shown to the user as it is
    """The archive cannot be restored; says why."""


def pack(target: Path, members: Mapping[str, Path]) -> None:
    """Write files and folders by their names in the archive; the file is its owner's alone. Raises OSError."""
    fresh = target.with_name(target.name + ".part")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz") as archive:
                for name, path in members.items():
                    archive.add(path, arcname=name, filter=_nameless)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def unpack(source: Path, root: Path) -> None:
    """Make a directory that is not there, or empty, from an archive; what goes wrong leaves nothing behind.

    Raises BadArchive, and OSError where the directory cannot be written.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        with gzip.open(source) as stream:
            try:
                with tarfile.open(fileobj=stream, mode="r:") as archive:
                    for member in archive:
                        _put(archive, member, room)
                while stream.read(_PIECE_BYTES):  # to the end, where the sum of everything is
                    pass
            except EOFError as cut:
                raise BadArchive("it is cut short") from cut
            except (tarfile.TarError, zlib.error, gzip.BadGzipFile) as bad:
                raise BadArchive(f"it is damaged, or no archive of 'vsm backup': {bad}") from bad
        if not (room / _LOG).is_dir():
            raise BadArchive("it holds no log: 'vsm backup' has not written it")
        room.chmod(_MODES)
        room.rename(root)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owns the files here: that is of no use elsewhere."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, room: Path) -> None:
    """Write one member with its mode; only plain files and folders, and only below `room`."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
        raise BadArchive(f"'{member.name}' is none of what 'vsm backup' writes")
    path = room / name
    for parent in reversed(path.relative_to(room).parents[:-1]):
        (room / parent).mkdir(mode=_FOLDER, exist_ok=True)
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif (content := archive.extractfile(member)) is not None:
        with content, os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "wb") as file:
            shutil.copyfileobj(content, file)
    path.chmod(member.mode & _MODES)
