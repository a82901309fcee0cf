"""`vsm backup` and `vsm restore`: the data directory in one archive, also while the stack runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import typer

from schemas.definition import Source
from schemas.definition_file import BadDefinition, parse
from schemas.log import LogUnavailable
from schemas.log_local import backup as backup_log
from vsm.archive import BadArchive, pack, unpack
from vsm.data_dir import DataDir
from vsm.generation import config_in_use
from vsm.options import DEFAULT_DATA, Data, fail, out

SINGLE_FILES: Final = ("identity.key", "import.token", "generation.json")
_OURS: Final = frozenset({*SINGLE_FILES, "log", "value-streams.yaml"})


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, .tar.gz.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Write what cannot be made again: the log, the keys, the value-stream file in use and the secrets beside it.

    Tables are rebuilt from the log. Secrets that the file takes from elsewhere are named at the end.

    Example: `vsm backup vsm-2026-01-01.tar.gz --data ./vsm-data`
    """
    folder = DataDir(data)
    if not folder.log.exists():
        fail(f"{folder.root} holds no log: nothing to back up")
    try:
        with tempfile.TemporaryDirectory(dir=folder.root) as room:
            backup_log(folder.log, Path(room) / "log")
            config = config_in_use(folder)
            sources = _sources(config)
            pack(file, {"log": Path(room) / "log", **_beside(folder, config, sources)})
    except LogUnavailable as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or file}: {bad.strerror}: the backup was not written")
    out.print(f"wrote {file} ({file.stat().st_size:,} bytes); it holds keys: keep it private", soft_wrap=True)
    for name, reference in _elsewhere(sources):
        out.print(f"not in it: the secret of {name}, which comes from {reference}", soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive written by `vsm backup`.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a data directory from an archive; the next `vsm up` rebuilds the tables from the log.

    Example: `vsm restore vsm-2026-01-01.tar.gz --data ./vsm-data`
    """
    root = DataDir(data).root
    try:
        if root.exists() and any(root.iterdir()):
            fail(f"{root} is not empty: restore into a new directory")
        unpack(file, root)
    except BadArchive as bad:
        fail(f"{file}: {bad}; nothing was restored")
    except OSError as bad:
        fail(f"{bad.filename or file}: {bad.strerror}; nothing was restored")
    out.print(f"restored {root}: run 'vsm up --data {root}'", soft_wrap=True)


def _sources(config: Path) -> tuple[Source, ...]:
    """Return the sources of a file as they stand there; none of one that cannot be read."""
    try:
        return parse(config.read_bytes(), name=str(config)).sources
    except (BadDefinition, FileNotFoundError):
        return ()


def _beside(folder: DataDir, config: Path, sources: tuple[Source, ...]) -> Mapping[str, Path]:
    """Return what is packed beside the log, by name."""
    found = {name: folder.root / name for name in SINGLE_FILES}
    found["value-streams.yaml"] = config
    for _, _, rest in _references(sources):
        if _is_beside(rest):
            found[str(PurePosixPath(rest))] = config.parent / rest
    found |= {f"{folder.secrets.name}/{path.name}": path for path in sorted(folder.secrets.glob("*"))}
    return {name: path for name, path in found.items() if path.exists()}


def _elsewhere(sources: tuple[Source, ...]) -> list[tuple[str, str]]:
    return [
        (name, f"{'the variable ' if kind == 'env' else ''}{rest}")
        for name, kind, rest in _references(sources)
        if kind == "env" or (kind == "file" and not _is_beside(rest))
    ]


def _references(sources: tuple[Source, ...]) -> list[tuple[str, str, str]]:
    """Return (source, kind, rest) of every secret that is no literal."""
    split = [(f"{each.tool}/{each.name}", secret.partition(":")) for each in sources for secret in each.secrets]
    return [(name, kind, rest) for name, (kind, _, rest) in split if kind != "value"]


def _is_beside(rest: str) -> bool:
    """Tell whether a secret's file lies below the directory of the file that names it, and is none of our own."""
    path = PurePosixPath(rest)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and path.parts[0] not in _OURS
