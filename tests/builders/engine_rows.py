"""What a partition derives from a story, looked up by name; times in hours after the story's start."""

from __future__ import annotations

from collections.abc import Iterable

from processors.outputs import identity
from processors.partition import Partition
from schemas.definition import ROUTE_TO_LIVE, Calendar, Definition, Step, ValueStream, standard_map
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem
from schemas.event import FlowEvent
from tests.builders.engine_events import HOUR, START, STREAM


def one_stream(steps: tuple[Step, ...] | None = None, calendar: Calendar | None = None) -> Definition:
    """A definition of one stream, by default with the standard map."""
    steps = standard_map(ROUTE_TO_LIVE) if steps is None else steps
    stream = ValueStream(name=STREAM, select=({"repository": "*"},), steps=steps, calendar=calendar)
    return Definition(version="v1", value_streams=(stream,))


class Told:
    """The rows of a story."""

    def __init__(self, rows: Iterable[Derived]) -> None:
        self.rows = list(rows)

    @property
    def items(self) -> list[str]:
        """The names of all items, sorted."""
        return sorted(r.item_id for r in self.rows if isinstance(r, WorkItem))

    def item(self, item_id: str) -> WorkItem:
        """One item's row."""
        return next(r for r in self.rows if isinstance(r, WorkItem) and r.item_id == item_id)

    def visits(self, step: str, item_id: str | None = None) -> list[StepVisit]:
        """The visits of a step in order, of one item or of all."""
        found = [r for r in self.rows if isinstance(r, StepVisit) and r.step == step]
        return sorted((r for r in found if item_id in {None, r.item_id}), key=lambda r: (r.item_id, r.visit))

    def stays(self, step: str) -> list[tuple[float | None, float | None, float | None]]:
        """Each visit of a step as (queued, started, finished) in hours."""
        return [(hours(v.queued_at), hours(v.started_at), hours(v.finished_at)) for v in self.visits(step)]

    def change(self, change_id: str) -> Change:
        """One change's row."""
        return next(r for r in self.rows if isinstance(r, Change) and r.change_id == change_id)

    def deployment(self, name: str) -> Deployment:
        """One deployment's row."""
        uri = f"deployment:cd/{name}"
        return next(r for r in self.rows if isinstance(r, Deployment) and r.deployment_id == uri)

    def incident(self, name: str) -> Incident:
        """One incident's row."""
        uri = f"incident:pager/{name}"
        return next(r for r in self.rows if isinstance(r, Incident) and r.incident_id == uri)


def hours(at: int | None) -> float | None:
    """Hours after the story's start."""
    return None if at is None else (at - START) / HOUR


def folded(*events: FlowEvent, definition: Definition | None = None) -> Partition:
    """A partition that has folded these facts, nothing drained."""
    partition = Partition(definition or one_stream(), 1)
    for event in events:
        partition.fold(event)
    return partition


def derived(*events: FlowEvent, definition: Definition | None = None) -> Told:
    """What stands after these facts."""
    drained = folded(*events, definition=definition).drain(len(events))
    return Told(u.after for u in drained.updates if u.after is not None and not u.after.withdrawn)


def streamed(*events: FlowEvent, definition: Definition | None = None) -> Told:
    """What stands after these facts, drained one by one: only what was told again has changed."""
    partition = Partition(definition or one_stream(), 1)
    standing: dict[tuple[str, str], Derived] = {}
    for place, event in enumerate(events):
        partition.fold(event)
        for row in (u.after for u in partition.drain(place + 1).updates if u.after is not None):
            standing.pop((type(row).__name__, identity(row)), None)
            if not row.withdrawn:
                standing[type(row).__name__, identity(row)] = row
    return Told(standing.values())
