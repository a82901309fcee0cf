"""`vsm doctor`: checks every connection and setting, and says what to mend."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer
from msgspec import Struct

from ingest.secrets import UnreadableSecret, resolve
from schemas.definition import Definition
from schemas.definition_file import BadDefinition, load
from schemas.event import UNROUTED
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import LogUnavailable, RecordRefused
from schemas.log_open import open_log
from schemas.registry import Registry as SchemaRegistry
from schemas.registry import RegistryRefused, RegistryUnavailable
from schemas.topics import TOPICS
from vsm.crossing import crossings
from vsm.data_dir import PRIVATE, DataDir
from vsm.generation import config_in_use
from vsm.history.reconciled import noted
from vsm.logs import redacted
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, Registry, out
from vsm.store import BadQuery, StoreMissing, open_store

LEAST_FREE_BYTES: Final = 1_000_000_000
LATE_SECONDS: Final = 3_600.0


class Grade(StrEnum):
    """How a check came out."""

    GOOD = "ok"
    ODD = "warn"
    BAD = "bad"


class Finding(Struct, frozen=True):
    """One check: its grade, what was looked at, and what to do."""

    grade: Grade
    what: str
    mend: str = ""


class Place(Struct, frozen=True, kw_only=True):
    """What to examine."""

    data: DataDir
    config: Path | None
    kafka: str
    kafka_settings: str
    url: str | None
    registry: str


Check = Callable[[Place], Iterator[Finding]]


def doctor(
    data: Data = DEFAULT_DATA,
    config: Annotated[Path | None, typer.Option(envvar="VSM_CONFIG", help="Value-stream file.")] = None,
    kafka: Kafka = "",
    kafka_settings: KafkaSettings = "",
    url: Annotated[str | None, typer.Option(envvar="VSM_CLICKHOUSE", help="ClickHouse's HTTP address.")] = None,
    registry: Registry = "",
) -> None:
    """Check connections, settings, keys, disk and the flow of data, and say what to mend.

    Example: `vsm doctor --data ./vsm-data`
    """
    place = Place(
        data=DataDir(data),
        config=config,
        kafka=kafka,
        kafka_settings=kafka_settings,
        url=url or None,
        registry=registry,
    )
    findings = [finding for check in CHECKS for finding in check(place)]
    for finding in findings:
        mend = f": {finding.mend}" if finding.mend else ""
        out.print(f"{finding.grade.value:<5} {finding.what}{mend}", soft_wrap=True)
    if any(finding.grade is Grade.BAD for finding in findings):
        raise typer.Exit(1)


def _directory(place: Place) -> Iterator[Finding]:
    root = place.data.root
    if not root.exists():
        yield Finding(Grade.ODD, f"data directory {root} does not exist", "`vsm up` makes it")
        return
    writable = os.access(root, os.W_OK)
    yield Finding(Grade.GOOD if writable else Grade.BAD, f"data directory {root}", "" if writable else "not writable")
    free = shutil.disk_usage(root).free
    yield Finding(
        Grade.GOOD if free > LEAST_FREE_BYTES else Grade.BAD,
        f"free disk {free / 1e9:.1f} GB",
        "" if free > LEAST_FREE_BYTES else "the log refuses deliveries when the disk is full: make room",
    )
    for path in (place.data.identity_key, place.data.import_token, *place.data.secrets.glob("*")):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) != PRIVATE:
            yield Finding(Grade.BAD, f"{path} can be read by others", f"chmod 600 {path}")


def _definition(place: Place) -> Iterator[Finding]:
    path = config_in_use(place.data, place.config)
    try:
        definition = load(path)
    except FileNotFoundError:
        yield Finding(Grade.ODD, f"no value-stream file {path}", "`vsm up` makes one that claims everything")
        return
    except (BadDefinition, OSError) as bad:
        yield Finding(Grade.BAD, f"value-stream file {path}", f"`vsm check {path}` says: {bad}")
        return
    yield Finding(Grade.GOOD, f"value-stream file {path}: {len(definition.value_streams)} value streams")
    yield from _secrets(definition)


def _secrets(definition: Definition) -> Iterator[Finding]:
    for source in definition.sources:
        name = f"source {source.tool}/{source.name}"
        if source.insecure and not source.secrets:
            yield Finding(Grade.ODD, f"{name} takes unsigned deliveries", "give it a secret")
        for reference in source.secrets:
            try:
                resolve(reference)
            except UnreadableSecret as bad:
                yield Finding(Grade.BAD, f"{name} refuses every delivery", str(bad))


def _processes(place: Place) -> Iterator[Finding]:
    run = place.data.running()
    if run is None:
        yield Finding(Grade.ODD, "no stack runs on this directory", f"vsm up --data {place.data.root}")
        return
    for name in ("ingest", "process", "sink", "board"):
        try:
            answer = httpx.get(f"{run.addresses[name]}/health/ready", timeout=5.0)
        except httpx.TransportError as gone:
            yield Finding(Grade.BAD, f"{name} does not answer ({gone})", f"see {place.data.logs / name}.log")
            continue
        grade = Grade.GOOD if answer.is_success else Grade.BAD
        yield Finding(grade, f"{name} {run.addresses[name]}", "" if answer.is_success else answer.text.strip()[:200])


def _log(place: Place) -> Iterator[Finding]:
    what = f"Kafka {place.kafka}" if place.kafka else f"local log {place.data.log}"
    if not place.kafka and not place.data.log.exists():
        return
    try:
        log = open_log(place.kafka or None, place.data.root, settings=read_kafka_settings(place.kafka_settings))
    except (BadKafkaSettings, LogUnavailable) as gone:
        yield Finding(Grade.BAD, what, str(gone))
        return
    try:
        counts = {topic.name: log.partitions(topic.name) for topic in TOPICS}
        yield Finding(Grade.GOOD, f"{what}: {len(counts)} topics")
        if len(set(counts.values())) > 1:
            yield Finding(Grade.BAD, f"partition counts differ: {counts}", "streams would have several owners")
    except (LogUnavailable, RecordRefused) as bad:
        yield Finding(Grade.BAD, what, f"{bad}; `vsm topics apply` makes the topics")
    finally:
        log.close()


def _registry(place: Place) -> Iterator[Finding]:
    if not place.registry:
        return
    what = f"schema registry {redacted(place.registry)}"
    with closing(SchemaRegistry(place.registry)) as registry:
        try:
            registry.schema_of(1)
        except LookupError:  # an answer all the same
            pass
        except (RegistryUnavailable, RegistryRefused) as bad:
            yield Finding(Grade.BAD, what, str(bad))
            return
    yield Finding(Grade.GOOD, what)


def _tables(place: Place) -> Iterator[Finding]:
    try:
        with open_store(place.data.root, place.url) as store:
            row = store.query(
                "SELECT count() AS events, countIf(value_stream = 'unrouted') AS unrouted,"
                " dateDiff('second', max(received_at), now64(6)) AS age FROM vsm.flow_events"
            )[0]
            letters = store.query("SELECT uniqExact(dead_letter_id) AS letters FROM vsm.dead_letters")[0]["letters"]
            crossed = crossings(store)
    except StoreMissing as missing:
        if place.url:
            yield Finding(Grade.BAD, "no tables", f"{missing}; `vsm migrate` makes them")
        else:
            yield Finding(Grade.ODD, "no tables", str(missing))
        return
    except BadQuery as bad:
        yield Finding(Grade.BAD, "tables", f"{bad}; `vsm migrate` brings the schema up to date")
        return
    yield Finding(Grade.GOOD, f"tables: {row['events']} flow events")
    if row["unrouted"]:
        yield Finding(Grade.ODD, f"{row['unrouted']} events that no stream claims", "see attributes in flow_events")
    if letters:
        yield Finding(Grade.ODD, f"{letters} dead letters", "vsm dead-letters list")
    for crossing in crossed:
        where = "no stream" if crossing.stream == UNROUTED else crossing.stream
        yield Finding(
            Grade.ODD,
            f"{crossing.deployments} deployments in {where} bring what only {crossing.knows} knows, such as "
            f"{crossing.example}",
            f"select their repository or service in {crossing.knows}",
        )
    age = row["age"]
    if row["events"] and isinstance(age, int | float) and age > LATE_SECONDS:
        yield Finding(Grade.ODD, f"the newest event came {age / 3600:.1f} h ago", "is a webhook switched off?")


def _reconciled(place: Place) -> Iterator[Finding]:
    for found in noted(place.data):
        what = f"{found.tool}/{found.source}: {{}} of what its API tells from {found.since} to {found.until} was held"
        held = found.completeness_ratio
        if held is None or held == 1.0:
            yield Finding(Grade.GOOD, what.format("all"))
        else:
            mend = f"`vsm reconcile {found.tool} --fill` sends what is missing"
            yield Finding(Grade.ODD, what.format(f"{held:.1%}"), mend)


CHECKS: Final[tuple[Check, ...]] = (_directory, _definition, _processes, _log, _registry, _tables, _reconciled)
"""Every check, in the order they are shown."""
