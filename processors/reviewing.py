"""When a change was offered for review, and when somebody else first looked at it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from processors.facts import Fact
from schemas.event import ActorClass

_OPENINGS: Final = frozenset({"change.created", "change.readied"})


def offered_at(facts: Iterable[Fact]) -> int | None:
    """Return when a change was first open and no draft, microseconds UTC; None while it never was."""
    return min((f.occurred_at for f in facts if f.type in _OPENINGS and f.state != "draft"), default=None)


def first_reviewed_at(facts: Sequence[Fact], merged_at: int | None) -> int | None:
    """Return when a human other than whoever opened it first reviewed it, microseconds UTC; None if nobody did.

    Only while it was on offer: what is said of a draft, or after the merge, is no part of the way between them.
    """
    reviews = [f for f in facts if f.type == "change.reviewed" and f.actor_class is ActorClass.HUMAN]
    if not reviews:
        return None
    offered = offered_at(facts)
    author = next((f.who for f in facts if f.type == "change.created"), 0)
    by_others = (f.occurred_at for f in reviews if not f.who or f.who != author)
    return min(
        (at for at in by_others if (offered is None or at >= offered) and (merged_at is None or at <= merged_at)),
        default=None,
    )
