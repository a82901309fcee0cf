"""Overproduction: what was made and never got to anybody; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from insights.waste.case import Case, whole
from insights.waste.claims import ACTIVE, IDLE, Claim, of_item, of_visit

ABANDONED: Final = "abandoned"
"""The state of an item whose changes were all closed unmerged, and the outcome of a visit that ended so."""


def abandoned(case: Case) -> Iterator[Claim]:
    """Yield the active time of an item that was abandoned, or of those of its changes that were at last."""
    if case.item.state == ABANDONED:
        yield from of_item(case, ACTIVE)
        return
    latest: dict[str, tuple[int, bool]] = {}
    for visit in case.visits:
        if visit.finished_at is not None:
            end = visit.finished_at, visit.outcome == ABANDONED
            latest[visit.subject_id] = max(end, latest.get(visit.subject_id, end))
    yield from _work_on(case, {subject for subject, (_, thrown_away) in latest.items() if thrown_away})


def unreleased(case: Case) -> Iterator[Claim]:
    """Yield the active time of merged changes that were never released, and where all are, all idle time since.

    Never released: production was deployed from the change's repository after it had been merged, and no deployment
    carried it. Until then it may be on its way.
    """
    merged = {c.change_id: c for c in sorted(case.changes, key=lambda c: c.merged_at or 0) if c.merged_at is not None}
    out = {c.change_id for c in case.changes if c.deployed_at is not None}
    kept = {
        name: c.merged_at
        for name, c in merged.items()
        if name not in out and c.merged_at is not None and case.released.get(c.repository, 0) > c.merged_at
    }
    end = case.item.finished_at
    if not kept or end is None:
        return
    if len(kept) < len(merged):
        yield from _work_on(case, kept)
        return
    yield from of_item(case, ACTIVE)
    yield Claim(max(kept.values()), end, IDLE)


def _work_on(case: Case, subjects: Collection[str]) -> Iterator[Claim]:
    for number, visit in enumerate(case.visits):
        if visit.subject_id in subjects:
            yield from of_visit(whole(visit), number, ACTIVE)
