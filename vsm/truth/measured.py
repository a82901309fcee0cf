"""Derived rows and measurements in the shape of the product's tables, for the lab's scorer to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from lab.releasing import PRODUCTION
from lab.score_groups import GROUPS, Group
from lab.score_links import LAID, LINKS
from lab.score_measurements import MEASUREMENTS
from lab.score_services import SERVICES
from processors.measures import Measures
from processors.partition import Partition
from schemas.definition import Definition
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem
from schemas.event import FlowEvent

TABLES: Mapping[str, type[Derived]] = {
    "step_visits_current": StepVisit,
    "work_items_current": WorkItem,
    "changes_current": Change,
    "deployments_current": Deployment,
    "incidents_current": Incident,
}

_SERVICE = ("value_stream", "subject_id", "service")
_LINK = ("value_stream", "subject_id", "uri", "method", "kind", "confidence")


class Pure:
    """What the pure core says of some events, read by the scorer's own queries."""

    def __init__(self, definition: Definition, events: Iterable[FlowEvent], now: int, chunk: int = 500) -> None:
        """Fold the events chunk by chunk, then measure at `now` (microseconds)."""
        self._partition = Partition(definition, 1)
        self._measures = Measures(definition, now)
        self.rows: dict[tuple[object, ...], Derived] = {}
        self._links: set[tuple[str, str, str, str, str, float]] = set()
        self._services: set[tuple[str, str, str]] = set()
        pending = 0
        for number, event in enumerate(events, 1):
            self._partition.fold(event)
            said = event.value_stream, event.subject_id
            self._links |= {(*said, x.uri, str(x.method), str(x.kind), x.confidence) for x in event.links}
            if event.type in {"commit.created", "commit.landed"}:
                self._services.add((*said, event.attributes.get("service", "")))
            pending = number
            if number % chunk == 0:
                self._take(number)
        self._take(pending)
        self.measurements = self._measures.measure_all(now, self._partition.signs())

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Answer the scorer's query."""
        if sql == LINKS:
            return [dict(zip(_LINK, link, strict=True)) for link in sorted(self._links)]
        if sql == SERVICES:
            return [dict(zip(_SERVICE, said, strict=True)) for said in sorted(self._services)]
        if sql == LAID:
            return [msgspec.to_builtins(row) for row in self.rows.values() if _is_laid(row)]
        if sql == MEASUREMENTS:
            return [msgspec.structs.asdict(m) for m in self.measurements if m.window in {"", "30d", "90d"}]
        for group in GROUPS:
            if sql == group.sql:
                return [_row(group, row) for row in self.rows.values() if _asked(group, row)]
        return [
            msgspec.structs.asdict(m)
            for m in self.measurements
            if not m.service and m.environment in {"", PRODUCTION} and m.window in {"", "90d"}
        ]

    def _take(self, progress: int) -> None:
        for update in self._partition.drain(progress).updates:
            self._measures.observe(update)
            after = update.after
            if after is not None:
                self.rows.pop(_identity(after), None)
                if not after.withdrawn:
                    self.rows[_identity(after)] = after
            elif update.before is not None:
                self.rows.pop(_identity(update.before), None)


def _is_laid(row: Derived) -> bool:
    return isinstance(row, Incident) and row.attribution == "time_and_service"


def _identity(row: Derived) -> tuple[object, ...]:
    match row:
        case StepVisit():
            return "visit", row.value_stream, row.item_id, row.step, row.visit
        case WorkItem():
            return "item", row.value_stream, row.item_id
        case Change():
            return "change", row.value_stream, row.change_id, row.service
        case Deployment():
            return "deployment", row.value_stream, row.deployment_id
        case Incident():
            return "incident", row.value_stream, row.incident_id


def _asked(group: Group, row: Derived) -> bool:
    if type(row) is not TABLES[group.table]:
        return False
    if group.name == "failed deployments":
        return isinstance(row, Deployment) and row.environment == "production" and row.outcome is not None
    return group.name != "flow time parts" or (isinstance(row, WorkItem) and row.process_micros is not None)


def _row(group: Group, row: Derived) -> dict[str, Any]:
    values: dict[str, Any] = {"value_stream": row.value_stream}
    for name, value in _columns((*group.identity, *group.columns), row):
        values[name] = list(value) if isinstance(value, tuple) else value
    return values


def _columns(names: Iterable[str], row: Derived) -> Iterator[tuple[str, Any]]:
    for name in names:
        if name == "sent_back":
            yield name, isinstance(row, StepVisit) and row.outcome == "sent_back"
        elif name.endswith("_seconds"):
            micros = getattr(row, name.replace("_seconds", "_micros"))
            yield name, None if micros is None else round(micros / 1_000_000)
        else:
            value = getattr(row, name)
            yield name, value if isinstance(value, bool | tuple) else msgspec.to_builtins(value)
