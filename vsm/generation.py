"""Which generation of derived rows is computed and which is shown; a changed definition makes the next."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from processors.derivation import DERIVATION_VERSION
from schemas.definition import Definition, derived_version
from schemas.definition_file import load
from vsm.data_dir import DataDir


class Generation(Struct, frozen=True, kw_only=True):
    """`number` is computed, `active` is shown; they differ while the new one is built beside the old.

    `config` is the value-stream file that it was computed by, `derived_by` the versions of the code and of that file.
    """

    number: int
    active: int
    derived_by: str
    config: str = ""


def current(file: Path, config: Path) -> Generation:
    """Return the generation to compute for this definition and code, one higher than before if rows may be others.

    Other targets and costs change numbers and no row: they are noted, and the generation goes on.
    """
    derived_by = f"{DERIVATION_VERSION}/{load(config).version}"
    before = known(file)
    if before is None:
        return _written(file, Generation(number=1, active=1, derived_by=derived_by, config=str(config)))
    number = before.number + (derived_version(before.derived_by) != derived_version(derived_by))
    now = Generation(number=number, active=before.active, derived_by=derived_by, config=str(config))
    return before if now == before else _written(file, now)


def known(file: Path) -> Generation | None:
    """Return the generation computed last, None before the first."""
    return msgspec.json.decode(file.read_bytes(), type=Generation) if file.exists() else None


def activated(file: Path, generation: Generation) -> Generation:
    """Note that the computed generation is the one shown."""
    return _written(file, msgspec.structs.replace(generation, active=generation.number))


def shown(file: Path, generation: Generation, active: int) -> Generation:
    """Note that a generation which was kept is shown again, while another is computed."""
    return _written(file, msgspec.structs.replace(generation, active=active))


def config_in_use(folder: DataDir, given: Path | None = None) -> Path:
    """Return the value-stream file `given`, else the one of the stack that runs on a directory or was the last to.

    Where that is not known, or the file is gone, the directory's own, which may be missing.
    """
    if given is not None:
        return given
    run, last = folder.running(), known(folder.generation)
    used = run.config if run is not None else last.config if last is not None else ""
    return Path(used) if used and Path(used).exists() else folder.config


def definition_in_use(folder: DataDir, given: Path | None = None) -> Definition:
    """Return what that file says; an empty definition if there is none. Raises BadDefinition, OSError."""
    config = config_in_use(folder, given)
    return load(config) if given is not None or config.exists() else Definition(version="")


def _written(file: Path, generation: Generation) -> Generation:
    fresh = file.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(generation))
    fresh.replace(file)
    return generation
