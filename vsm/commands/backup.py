"""`vsm backup` and `vsm restore`: the data directory in one archive, also while the stack runs."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from schemas.log_local import backup as backup_log
from vsm.data_dir import DataDir, DataDirBusy
from vsm.options import DEFAULT_DATA, Data, fail, out

SINGLE_FILES: Final = ("identity.key", "import.token", "value-streams.yaml", "generation.json")


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, .tar.gz.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Write what cannot be made again: the log, the keys and the definition. Tables are rebuilt from the log.

    Example: `vsm backup vsm-2026-01-01.tar.gz --data ./vsm-data`
    """
    folder = DataDir(data)
    if not folder.log.exists():
        fail(f"{folder.root} holds no log: nothing to back up")
    with tempfile.TemporaryDirectory(dir=folder.root) as room:
        backup_log(folder.log, Path(room) / "log")
        fresh = file.with_name(file.name + ".part")
        with tarfile.open(fresh, "w:gz") as archive:
            archive.add(Path(room) / "log", arcname="log")
            for name in SINGLE_FILES:
                if (folder.root / name).exists():
                    archive.add(folder.root / name, arcname=name)
            if (folder.root / "secrets").exists():
                archive.add(folder.root / "secrets", arcname="secrets")
        fresh.replace(file)
    out.print(f"wrote {file} ({file.stat().st_size:,} bytes); it holds keys: keep it private", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive written by `vsm backup`.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Fill an empty data directory from an archive; the next `vsm up` rebuilds the tables from the log.

    Example: `vsm restore vsm-2026-01-01.tar.gz --data ./vsm-data`
    """
    folder = DataDir(data)
    if folder.root.exists() and any(folder.root.iterdir()):
        fail(f"{folder.root} is not empty: restore into a new directory")
    folder.root.mkdir(parents=True, exist_ok=True)
    try:
        with folder.held(), tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder.root, filter="data")
    except (OSError, tarfile.TarError, DataDirBusy) as bad:
        shutil.rmtree(folder.root, ignore_errors=True)
        fail(f"{file}: {bad}")
    out.print(f"restored {folder.root}: run 'vsm up --data {folder.root}'", markup=False, soft_wrap=True)
