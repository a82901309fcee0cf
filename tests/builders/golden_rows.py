"""What a partition derives from golden deliveries of any tool, in the order in which they are named."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.derived import Deployment, WorkItem
from schemas.event import FlowEvent
from tests.builders.deliveries import events
from tests.builders.engine_events import STREAM
from tests.builders.engine_rows import Told, derived


def routed(*names: str) -> list[FlowEvent]:
    """The events of these golden deliveries, claimed by the stories' stream."""
    return [replace(event, value_stream=STREAM) for name in names for event in events(name)]


def told_by(*names: str, beside: tuple[FlowEvent, ...] = ()) -> Told:
    """What stands after these golden deliveries, and after the facts beside them."""
    return derived(*beside, *routed(*names))


def deployments(told: Told) -> list[Deployment]:
    """The rows of all deployments, by their ends."""
    found = [row for row in told.rows if isinstance(row, Deployment)]
    return sorted(found, key=lambda row: (row.finished_at or 0, row.deployment_id))


def work_items(told: Told) -> list[WorkItem]:
    """The rows of all items, by name."""
    return sorted((row for row in told.rows if isinstance(row, WorkItem)), key=lambda row: row.item_id)
