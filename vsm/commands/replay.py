"""`vsm replay`: what a changed definition makes of the whole log, beside the live one; then the swap."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from schemas.clock import clock_from
from schemas.definition import Definition, is_same_version
from schemas.definition_file import BadDefinition, load
from schemas.garbage import collect_seldom
from schemas.kafka_settings import BadKafkaSettings
from schemas.log import LogUnavailable
from schemas.registry import RegistryRefused
from vsm.data_dir import DataDir
from vsm.generation import config_in_use, known
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, Registry, err, fail, out
from vsm.progress import bar
from vsm.replay.progress import SECONDS, Plan, Progress, derived_by
from vsm.replay.redefining import NotRedefined, go_back, swap_to
from vsm.replay.redefining import drop as drop_replay
from vsm.replay.replaying import Both, Compared, keep, kept, lines, read_into
from vsm.replay.source import Source, opened
from vsm.sharing import WorkerDied, cores

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def replay(  # noqa: PLR0913 - each is an option
    config: Annotated[Path | None, typer.Option(help="The new value-stream file, beside the one in use.")] = None,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="What to call the replay.")] = "next",
    since: Annotated[str, typer.Option(metavar="T", help="Take only facts received at T (ISO 8601) or later.")] = "",
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    kafka_settings: KafkaSettings = "",
    live: Annotated[Path | None, typer.Option(help="The definition in use, where --data does not know it.")] = None,
    clock: Annotated[str, typer.Option(envvar="VSM_CLOCK", help="Measure at this time (ISO 8601).")] = "",
    *,
    registry: Registry = "",
    keep_every: Annotated[float, typer.Option(metavar="SECONDS", help="How much work a kill may cost.")] = SECONDS,
    json: Annotated[bool, typer.Option("--json", help="Print the difference as JSON.")] = False,
    swap: Annotated[bool, typer.Option("--swap", help="Let the running stack go on under a replayed file.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Let the running stack go back to the file before.")] = False,
    drop: Annotated[str, typer.Option(metavar="NAME", help="Delete a replay and the rows that its swap left.")] = "",
) -> None:
    """Recompute everything from the log under a new definition beside the live one, and show the difference.

    With `--config` the log is replayed; without it the difference kept under the name is shown again. Nothing that is
    shown changes before `--swap`; `--back` shows the old generation's rows again at once.

    A replay that was killed goes on where it was when it is given again.

    Examples: `vsm replay --config new.yaml --as next`, `vsm replay --as next --swap`, `vsm replay --back`,
    `vsm replay --drop next`
    """
    folder = DataDir(data)
    if any(_NAME.fullmatch(each) is None for each in (name, drop or name)):
        fail("a replay's name is of small letters, digits, '-' and '_'", status=2)
    first, at = _micros(since, "--since"), _micros(clock, "--clock")
    try:
        if back or drop:
            _told(go_back(folder) if back else drop_replay(folder, drop))
            return
        found = _kept(folder, name)
        if config is not None:
            definitions = _in_use(folder, live), load(config)
            collect_seldom()
            with opened(folder, kafka, kafka_settings, registry) as source:
                plan = Plan(derived_by=derived_by(*definitions), since=first, starts=source.starts, log=source.log)
                progress = Progress(folder.root / "replays" / f"{name}.progress", plan, keep_every)
                both = _read(Both(*definitions, plan.since), source, progress)
            found = _compared(both, at, name, config)  # the log is closed: only then may processes be forked
            keep(folder.root / "replays", found)
            progress.end()
        if found is None:
            fail(f"there is no replay '{name}': make it with `vsm replay --config FILE --as {name}`", status=2)
        _show(found, json=json)
        if swap:
            _told(swap_to(folder, found))
    except (BadDefinition, BadKafkaSettings, LogUnavailable, NotRedefined, RegistryRefused, WorkerDied) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or data}: {bad.strerror}")


def _read(both: Both, source: Source, progress: Progress) -> Both:
    done = progress.resume(both, source.ends)
    if done:
        err.print(f"goes on where it was broken off: {both.events} copies of events were read then", soft_wrap=True)
    with bar("replayed", source.left(done)) as advance:
        read_into(both, source.read(done), source.codec, advance, partial(progress.read, both))
    progress.keep(both)
    return both


def _compared(both: Both, at: int | None, name: str, config: Path) -> Compared:
    routes = both.routes()
    difference, failed = both.compared(clock_from("")() if at is None else at, cores(), bar)
    return Compared(
        name=name,
        config=str(config.absolute()),
        difference=difference,
        routes=routes,
        unreadable=both.unreadable,
        failed=failed,
    )


def _kept(folder: DataDir, name: str) -> Compared | None:
    return kept(folder.root / "replays", name)


def _show(found: Compared, *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
        return
    for line in lines(found):
        out.print(line, soft_wrap=True)


def _told(said: str) -> None:
    out.print(said, soft_wrap=True)


def _in_use(folder: DataDir, given: Path | None) -> Definition:
    """Return the live definition; a file that was changed since is not it. Raises BadDefinition, OSError."""
    definition = load(config_in_use(folder, given))
    was = known(folder.generation)
    if given is None and was is not None and not is_same_version(was.derived_by.rpartition("/")[2], definition.version):
        fail(
            f"{config_in_use(folder)} has changed since the stack took it up: put it back and write the new definition "
            "into a file of its own, or name the old one with --live"
        )
    return definition


def _micros(text: str, option: str) -> int | None:
    """Return the time of an option in microseconds UTC, None where it is left out."""
    if not text:
        return None
    try:
        return clock_from(text)()
    except (ValueError, OverflowError):
        fail(f"{option} takes a time such as 2026-01-31T00:00:00Z", status=2)
