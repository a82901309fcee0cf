"""How a running one-machine stack is told to go on under another definition: an order in a file, then a signal."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog
from msgspec import Struct

from schemas.definition import is_same_version
from schemas.definition_file import BadDefinition, load
from vsm.data_dir import DataDir, Run
from vsm.generation import Generation, known
from vsm.replay.keeping import Before, keep_note, kept_by
from vsm.replay.replaying import Compared, forgotten

REDEFINES: Final = signal.SIGUSR1
"""Tells `vsm up` that an order lies in its directory."""
_WAIT_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.2
_ENDED: Final = "the stack was ended before it was done: start it with `vsm up --config` and the file you want"
_logger = structlog.get_logger(__name__)


class NotRedefined(RuntimeError):  # noqa: N818 - shown to the user as it is
    """The stack did not go on under the other definition; says what to do."""


class Order(Struct, frozen=True, kw_only=True):
    """What a running stack is to do; the first that is said: drop generations, show a kept one, go on under a file.

    `name` is the replay's it is about, `left` the generation that was shown when it was given, `before` what to go back
    to once it is done. Whoever gave an order to show a kept generation has his answer when it is shown;
    it is derived anew under its file then.
    """

    name: str
    config: str = ""
    show: int = 0
    drop: tuple[int, ...] = ()
    left: int = 0
    before: Before | None = None


class Obeys(Protocol):
    """A stack that orders are given to. All raise StackFailed."""

    def redefine(self, config: Path) -> None:
        """Go on under another value-stream file. Raises BadDefinition and OSError before anything has changed."""

    def show_kept(self, number: int) -> None:
        """Show a generation that was kept."""

    def drop(self, numbers: Sequence[int]) -> None:
        """Delete generations."""


def swap_to(folder: DataDir, replayed: Compared) -> str:
    """Let the running stack go on under a replayed file, and wait until its rows are shown.

    What is swapped is what was compared: files that have changed since are refused. Raises NotRedefined.
    """
    run = _running(folder)
    was = _known(folder)
    version = was.derived_by.rpartition("/")[2]
    before = Before(config=was.config, generation=was.active, version=version, name=replayed.name)
    _require_compared(before, replayed)
    _obeyed(folder, run, Order(name=replayed.name, config=replayed.config, left=was.active, before=before))
    return f"the rows of {replayed.config} are shown; `vsm replay --back` shows those of {was.config} again"


def go_back(folder: DataDir) -> str:
    """Let the running stack show the rows of before again, and wait until it does. Raises NotRedefined.

    They are as they were left; the stack goes on under the file that made them and shows its rows when they stand.
    """
    run = _running(folder)
    before = kept_by(folder).before
    if before is None:
        raise NotRedefined(
            "there is nothing to go back to: no replay was swapped in on this directory, or it is dropped"
        )
    if not before.is_unchanged():
        raise NotRedefined(
            f"{before.config} is not what it was before the swap: put it back, or replay it as a new one"
        )
    left = _known(folder).active
    order = Order(name=before.name, config=before.config, show=before.generation, left=left)
    _obeyed(folder, run, order)
    return f"the rows of {before.config} are shown again as they were; what has come since follows"


def drop(folder: DataDir, name: str) -> str:
    """Delete what a replay found, and what the tables hold of the generations that it left. Raises NotRedefined."""
    replays = folder.root / "replays"
    numbers: Sequence[int] = kept_by(folder).generations.get(name, [])
    if not numbers:
        if not forgotten(replays, name):
            raise NotRedefined(f"there is no replay '{name}'")
        return f"the replay '{name}' is dropped"
    run = _running(folder)
    was = _known(folder)
    numbers = kept_by(folder).droppable(name, (was.number, was.active))
    if not numbers:
        raise NotRedefined(f"no rows are kept of replay '{name}' beside those that are shown or gone back to")
    _obeyed(folder, run, Order(name=name, drop=tuple(numbers)))
    forgotten(replays, name)
    return f"the replay '{name}' and the rows that it left are dropped"


def carry_out(folder: DataDir, stack: Obeys) -> None:
    """Carry out the order that lies in the directory, if there is one; a file that is no definition changes nothing.

    Raises what the stack raises beside BadDefinition and OSError, and KeyboardInterrupt; whoever gave the order is told
    of all of it.
    """
    path = _order(folder)
    if not path.exists():
        return
    order = msgspec.json.decode(path.read_bytes(), type=Order)
    try:
        if order.drop:
            _drop(folder, stack, order)
        elif order.show:
            _go_back(folder, stack, order)
        else:
            _swap(folder, stack, order)
    except (BadDefinition, OSError) as bad:
        _write(_problem(folder), str(bad))
    except BaseException as bad:
        _write(_problem(folder), str(bad) or _ENDED)
        raise
    finally:
        path.unlink()
    if order.show:  # it is shown: whoever waited need not wait for the rest
        try:
            stack.redefine(Path(order.config))
        except (BadDefinition, OSError) as bad:
            _logger.warning("the rows shown are not derived anew", config=order.config, problem=str(bad))


def _swap(folder: DataDir, stack: Obeys, order: Order) -> None:
    try:
        stack.redefine(Path(order.config))
    except (BadDefinition, OSError):  # nothing has changed
        raise
    except BaseException:  # it has begun, and goes on when the stack is started under that file again
        _note_swap(folder, order)
        raise
    _note_swap(folder, order)


def _note_swap(folder: DataDir, order: Order) -> None:
    kept = kept_by(folder)
    now = known(folder.generation)
    if now is None or now.number != order.left:  # under other targets alone the generation goes on
        kept.add(order.name, order.left)
    kept.before = order.before
    keep_note(folder, kept)


def _go_back(folder: DataDir, stack: Obeys, order: Order) -> None:
    stack.show_kept(order.show)
    kept = kept_by(folder)
    if order.left != order.show:  # so it is after a swap of targets alone
        kept.add(order.name, order.left)
    kept.before = None
    keep_note(folder, kept)


def _drop(folder: DataDir, stack: Obeys, order: Order) -> None:
    stack.drop(order.drop)
    kept = kept_by(folder)
    kept.drop(order.drop)
    keep_note(folder, kept)


def _require_compared(before: Before, replayed: Compared) -> None:
    """Require that the two files still say what the difference was made of. Raises NotRedefined."""
    if before.config == replayed.config:
        raise NotRedefined(f"{replayed.config} is in use already")
    if not before.is_unchanged():
        raise NotRedefined(f"{before.config} has changed since the stack took it up: put it back")
    if not is_same_version(before.version, replayed.difference.live_version):
        raise NotRedefined(
            f"'{replayed.name}' was compared with another definition than the one in use: replay it again"
        )
    try:
        version = load(Path(replayed.config)).version
    except BadDefinition as bad:
        raise NotRedefined(str(bad)) from bad
    if not is_same_version(version, replayed.difference.next_version):
        raise NotRedefined(f"{replayed.config} has changed since '{replayed.name}' was made of it: replay it again")


def _known(folder: DataDir) -> Generation:
    was = known(folder.generation)
    if was is None:
        raise NotRedefined("the stack has not said yet what it shows: try again in a moment")
    return was


def _obeyed(folder: DataDir, run: Run, order: Order) -> None:
    _give(folder, order)
    _problem(folder).unlink(missing_ok=True)
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


def _give(folder: DataDir, order: Order) -> None:
    """Lay an order down where none lies: whoever gave that one would take the end of this one for his."""
    fresh = _order(folder).with_name(f"order-{os.getpid()}")
    _write(fresh, order)
    try:
        _order(folder).hardlink_to(fresh)
    except FileExistsError:
        raise NotRedefined("the stack still carries out another order: try again when it has") from None
    finally:
        fresh.unlink()


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


def _write(path: Path, said: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(said))
    fresh.replace(path)
