"""The stories of attribution: what was sent, and what follows from it by the definitions, written down by hand.

A story is a folder of `tests/stories/`: `deliveries.jsonl` as `vsm send` plays them, now and then `links.jsonl` (bodies
of `POST /links`) and a `value-streams.yaml` of its own, and `expected.yaml`. There a time is a day and a clock of the
week of 2 March 2026, UTC, a hash is its first eight characters, `unaccounted` is in minutes, and what is unknown, empty
or false is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from ruamel.yaml import YAML

from ingest.corrections import corrections
from ingest.imports import Refusal
from lab.sending import SentDelivery
from schemas.definition import Definition
from schemas.definition_file import load
from schemas.derived import Deployment, Derived, Incident, StepVisit, WorkItem
from schemas.event import UNROUTED, FlowEvent
from schemas.identity import pseudonym
from vsm.sender import Recorded
from vsm.truth.events import IDENTITY_KEY, taken

STORIES: Final = Path(__file__).parent.parent / "stories"
MONDAY: Final = datetime(2026, 3, 2, tzinfo=UTC)
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_RECEIVED_AT: Final = int((MONDAY + timedelta(days=7)).timestamp()) * 1_000_000
_HASH: Final = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{32,56}\b")
_MINUTE: Final = 60_000_000

Rows = dict[str, dict[str, dict[str, Any]]]
"""By value stream, then `items`, `deployments` or `incidents`: what is said of each by its name."""


class Story(Struct, frozen=True):
    """One story by its folder."""

    folder: Path

    @property
    def definition(self) -> Definition:
        """The value streams it is told in."""
        own = self.folder / "value-streams.yaml"
        return load(own if own.exists() else STORIES / "value-streams.yaml")

    @property
    def told(self) -> dict[str, Any]:
        """Its title, the story, why it comes out so, and the expected rows of its `streams`."""
        found: dict[str, Any] = YAML(typ="safe", pure=True).load(self.folder / "expected.yaml")
        return found

    @property
    def expected(self) -> Rows:
        """The rows that it should derive."""
        found: Rows = self.told["streams"]
        return found

    def deliveries(self) -> list[Recorded]:
        """What was sent, in the order of arrival."""
        lines = (self.folder / "deliveries.jsonl").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Recorded) for line in lines]

    def corrections(self) -> list[bytes]:
        """The bodies of what people put right; [] for most."""
        path = self.folder / "links.jsonl"
        return path.read_bytes().splitlines() if path.exists() else []

    def events(self) -> list[FlowEvent]:
        """What adapters and routing make of it, without what no stream claims."""
        sent = [
            SentDelivery(at=_RECEIVED_AT, tool=one.tool, source=one.source, headers=one.headers, body=one.body)
            for one in self.deliveries()
        ]
        return [e for e in taken(sent, self.definition).events if e.value_stream != UNROUTED] + self._corrected()

    def _corrected(self) -> list[FlowEvent]:
        streams = tuple(stream.name for stream in self.definition.value_streams)
        found: list[FlowEvent] = []
        for body in self.corrections():
            made = corrections(body, streams, _RECEIVED_AT, lambda *account: pseudonym(IDENTITY_KEY, *account))
            assert not isinstance(made, Refusal), made
            found += made
        return found


ALL: Final = tuple(Story(path.parent) for path in sorted(STORIES.glob("*/expected.yaml")))
"""Every story, by name."""


def as_written(rows: Iterable[Derived]) -> Rows:
    """Return derived rows as a story's `expected.yaml` has them; those of changes are left out."""
    found: Rows = {}
    stays: dict[tuple[str, str], list[StepVisit]] = {}
    for row in rows:
        stream = found.setdefault(row.value_stream, {})
        match row:
            case WorkItem():
                stream.setdefault("items", {})[_short(row.item_id)] = _item(row)
            case Deployment():
                stream.setdefault("deployments", {})[_short(row.deployment_id)] = _deployment(row)
            case Incident():
                stream.setdefault("incidents", {})[_short(row.incident_id)] = _incident(row)
            case StepVisit():
                stays.setdefault((row.value_stream, row.item_id), []).append(row)
            case _:
                pass
    for (name, item), visits in stays.items():
        found[name]["items"][_short(item)]["visits"] = [_visit(v) for v in sorted(visits, key=_began)]
    return found


def _item(row: WorkItem) -> dict[str, Any]:
    return _said(
        kind=row.kind and str(row.kind),
        created=_time(row.created_at),
        started=_time(row.started_at),
        finished=_time(row.finished_at),
        state=row.state,
        parts=sorted(_short(uri) for uri in row.links),
    )


def _visit(row: StepVisit) -> dict[str, Any]:
    return _said(
        step=row.step,
        queued=_time(row.queued_at),
        started=_time(row.started_at),
        finished=_time(row.finished_at),
        outcome=row.outcome,
        returned=row.returned,
        judged_by=row.evidence,
        skewed=row.skewed,
        uncounted=not row.counted,
        unaccounted=(row.unaccounted_micros or 0) // _MINUTE,
    )


def _deployment(row: Deployment) -> dict[str, Any]:
    return _said(
        service=row.service,
        environment=row.environment,
        started=_time(row.started_at),
        finished=_time(row.finished_at),
        outcome=row.outcome and str(row.outcome),
        first=row.left_censored,
        changes=list(row.change_ids),
        rework=row.is_rework,
        failed_by=row.attribution,
        confidence=row.confidence,
        recovered=_time(row.recovered_at),
    )


def _incident(row: Incident) -> dict[str, Any]:
    return _said(
        service=row.service,
        environment=row.environment,
        detected=_time(row.detected_at),
        resolved=_time(row.resolved_at),
        deployment=row.deployment_id,
        attribution=row.attribution,
        confidence=row.confidence,
    )


def _said(**columns: object) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if value not in (None, "", False, 0, [])}


def _began(row: StepVisit) -> tuple[int, int]:
    began = next(at for at in (row.queued_at, row.started_at, row.finished_at, 0) if at is not None)
    return began, row.finished_at or 1 << 62


def _short(uri: str) -> str:
    return _HASH.sub(r"\1", uri)


def _time(micros: int | None) -> str | None:
    if micros is None:
        return None
    since = timedelta(microseconds=micros) - timedelta(seconds=MONDAY.timestamp())
    at = MONDAY + since
    return f"{DAYS[since.days]} {at:%H:%M:%S}".removesuffix(":00")
