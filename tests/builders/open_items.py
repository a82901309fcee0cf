"""Open items and what was finished, told by hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from insights.ageing.expectations import Finished
from insights.ageing.open_work import Ageing, Doing, OpenItem, OpenVisit, Past, ageing
from tests.builders.derived_rows import T0

HOUR = 3_600_000_000
"""Microseconds."""


def finished(*hours: float) -> Finished:
    """Return what took so many hours."""
    return Finished(round(each * HOUR) for each in hours)


def aged(name: str, hours: float, *in_steps: tuple[str, float]) -> OpenItem:
    """Return an item that began so many hours ago, and has been active in some steps for so many."""
    visits = [OpenVisit(step=s, visit=1, began_at=T0 - round(h * HOUR), doing=Doing.ACTIVE) for s, h in in_steps]
    return OpenItem(item_id=name, kind=None, state=None, started_at=T0 - round(hours * HOUR), visits=visits)


def stream(
    items: Sequence[OpenItem],
    past: Finished,
    steps: Mapping[str, Finished] | None = None,
    targets: Mapping[str, str] | None = None,
) -> Ageing:
    """Return how items stand now."""
    return ageing("checkout", items, Past(past, steps or {}), targets or {}, at=T0)
