"""`vsm replay`: what a changed definition makes of the whole log, beside the live one; then the swap."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from schemas.clock import clock_from
from schemas.definition import Definition
from schemas.definition_file import BadDefinition, load
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.local_reader import ends, read
from schemas.log import LogUnavailable, Record
from schemas.log_open import open_log
from schemas.topics import FLOW_EVENTS
from vsm.data_dir import DataDir
from vsm.generation import config_in_use, known
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, fail, out
from vsm.progress import bar
from vsm.redefining import NotRedefined, go_back, swap_to
from vsm.replaying import Both, Compared, keep, kept, lines, read_into
from vsm.scanning import scanned

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
    json: Annotated[bool, typer.Option("--json", help="Print the difference as JSON.")] = False,
    swap: Annotated[bool, typer.Option("--swap", help="Let the running stack go on under a replayed file.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Let the running stack go back to the file before.")] = False,
) -> None:
    """Recompute everything from the log under a new definition beside the live one, and show the difference.

    With `--config` the log is replayed; without it the difference kept under the name is shown again. Nothing that is
    shown changes before `--swap`; `--back` shows the old generation's rows again at once.

    Examples: `vsm replay --config new.yaml --as next`, `vsm replay --as next --swap`, `vsm replay --back`
    """
    folder = DataDir(data)
    if _NAME.fullmatch(name) is None:
        fail("--as takes a name of small letters, digits, '-' and '_'", status=2)
    try:
        if back:
            _told(go_back(folder))
            return
        if config is not None:
            with _records(folder, kafka, kafka_settings) as (records, total):
                both = Both(_in_use(folder, live), load(config), _micros(since))
                found = _replayed(both, records, total, clock, (name, config))
            keep(folder.root / "replays", found)
        else:
            found = _kept(folder, name)
        _show(found, json=json)
        if swap:
            _told(swap_to(folder, found))
    except (BadDefinition, BadKafkaSettings, LogUnavailable, NotRedefined) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or data}: {bad.strerror}")


def _replayed(both: Both, records: Iterator[Record], total: int, clock: str, named: tuple[str, Path]) -> Compared:
    name, config = named
    with bar("replayed", total) as advance:
        unreadable = read_into(both, records, advance)
    routes = both.routes()
    difference, failed = both.compared(clock_from(clock)())
    return Compared(
        name=name,
        config=str(config.absolute()),
        difference=difference,
        routes=routes,
        unreadable=unreadable,
        failed=failed,
    )


def _kept(folder: DataDir, name: str) -> Compared:
    found = kept(folder.root / "replays", name)
    if found is None:
        fail(f"there is no replay '{name}': make it with `vsm replay --config FILE --as {name}`", status=2)
    return found


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
    if given is None and was is not None and was.derived_by.rpartition("/")[2] != definition.version:
        fail(
            f"{config_in_use(folder)} has changed since the stack took it up: put it back and write the new definition "
            "into a file of its own, or name the old one with --live"
        )
    return definition


def _micros(since: str) -> int | None:
    if not since:
        return None
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        fail("--since takes a time such as 2026-01-31T00:00:00Z", status=2)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


@contextmanager
def _records(folder: DataDir, kafka: str, settings: str) -> Iterator[tuple[Iterator[Record], int]]:
    """Yield the log's events up to where they end now, and how many there are. Raises LogUnavailable."""
    topic = FLOW_EVENTS.name
    if not kafka:
        until = ends(folder.log, topic)
        yield read(folder.log, topic, until), sum(until.values())
        return
    with closing(open_log(kafka, folder.root, settings=read_kafka_settings(settings))) as log:
        spans = zip(log.start_offsets(topic), log.end_offsets(topic), strict=True)
        yield scanned(log, topic), sum(end - start for start, end in spans)
