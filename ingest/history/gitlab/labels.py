"""The labels of a GitLab issue or merge request as they were before and after each change; pure."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.history.gitlab.places import titled
from ingest.history.history import Json, micros


def labels_at(thing: Json, events: Sequence[Json], at: str) -> list[str]:
    """Return the labels at a moment: those of today without what came later. Whoever opened it gave what came then."""
    then = list(thing.get("labels") or ())
    for event in reversed(events):
        name = (event.get("label") or {}).get("name")
        if name is not None and micros(event["created_at"]) // 1_000_000 > micros(at) // 1_000_000:
            then = [label for label in then if label != name] if event["action"] == "add" else [*then, name]
    return then


def label_change(event: Json, then: Sequence[str]) -> Json | None:
    """Return what an update says of one changed label; None where the label itself is gone."""
    name = (event.get("label") or {}).get("name")
    if name is None:
        return None
    rest = [label for label in then if label != name]
    added = event["action"] == "add"
    before, after = (rest, [*rest, name]) if added else ([*rest, name], rest)
    return {"labels": {"previous": titled(before), "current": titled(after)}}
