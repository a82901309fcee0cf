"""How a running one-machine stack is told to go on under another definition: an order in a file, then a signal."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from schemas.definition_file import BadDefinition
from vsm.data_dir import DataDir, Run
from vsm.generation import known
from vsm.replaying import Compared

REDEFINES: Final = signal.SIGUSR1
"""Tells `vsm up` that an order lies in its directory."""
_WAIT_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.2


class NotRedefined(RuntimeError):  # noqa: N818 - shown to the user as it is
    """The stack did not go on under the other definition; says what to do."""


class Order(Struct, frozen=True, kw_only=True):
    """Go on under the definition of a file.

    `before`: what to keep to go back to, once it is done; None to keep nothing.
    """

    config: str
    before: Before | None = None


class Before(Struct, frozen=True, kw_only=True):
    """The generation that was shown before the last swap, kept to go back to, and the file that made it."""

    config: str
    generation: int


def swap_to(folder: DataDir, replayed: Compared) -> str:
    """Let the running stack go on under a replayed file, and wait until its rows are shown. Raises NotRedefined."""
    run = _running(folder)
    was = known(folder.generation)
    if was is None:
        raise NotRedefined("the stack has not said yet what it shows: try again in a moment")
    before = Before(config=was.config, generation=was.active)
    _obeyed(folder, run, Order(config=replayed.config, before=before))
    return f"the rows of {replayed.config} are shown; `vsm replay --back` shows those of {before.config} again"


def go_back(folder: DataDir) -> str:
    """Let the running stack go on under the file of before, and wait until its rows are shown. Raises NotRedefined."""
    run = _running(folder)
    path = _before(folder)
    if not path.exists():
        raise NotRedefined("there is nothing to go back to: no replay was swapped in on this directory")
    before = msgspec.json.decode(path.read_bytes(), type=Before)
    _obeyed(folder, run, Order(config=before.config))
    return f"the rows of {before.config} are shown again"


def carry_out(folder: DataDir, redefine: Callable[[Path], None]) -> None:
    """Carry out the order that lies in the directory, if there is one; a file that is no definition changes nothing.

    Raises what `redefine` raises beside BadDefinition and OSError; whoever gave the order is told of all of it.
    """
    path = _order(folder)
    if not path.exists():
        return
    order = msgspec.json.decode(path.read_bytes(), type=Order)
    try:
        redefine(Path(order.config))
    except (BadDefinition, OSError) as bad:
        _write(_problem(folder), str(bad))
    except Exception as bad:
        _write(_problem(folder), str(bad))
        raise
    else:
        _before(folder).unlink(missing_ok=True)
        if order.before is not None:
            _write(_before(folder), order.before)
    finally:
        path.unlink()


def _obeyed(folder: DataDir, run: Run, order: Order) -> None:
    _problem(folder).unlink(missing_ok=True)
    _write(_order(folder), order)
    os.kill(run.pid, REDEFINES)
    deadline = time.monotonic() + _WAIT_SECONDS
    while _order(folder).exists():
        if folder.running() is None:
            raise NotRedefined("the stack ended meanwhile: start it with `vsm up --config` and the file you want")
        if time.monotonic() > deadline:
            raise NotRedefined(f"the stack still derives rows after {_WAIT_SECONDS:.0f} s; it swaps when it is done")
        time.sleep(_LOOK_SECONDS)
    if _problem(folder).exists():
        raise NotRedefined(msgspec.json.decode(_problem(folder).read_bytes(), type=str))


def _running(folder: DataDir) -> Run:
    run = folder.running()
    if run is None:
        raise NotRedefined(
            f"no stack runs on {folder.root}: start it with `vsm up --config FILE`. On a cluster roll the processors "
            "and ingesters with VSM_CONFIG and VSM_GENERATION one higher, then the sinks with VSM_ACTIVE_GENERATION"
        )
    return run


def _order(folder: DataDir) -> Path:
    return folder.root / "replays" / "order"


def _problem(folder: DataDir) -> Path:
    return folder.root / "replays" / "problem"


def _before(folder: DataDir) -> Path:
    return folder.root / "replays" / "before"


def _write(path: Path, said: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(said))
    fresh.replace(path)
