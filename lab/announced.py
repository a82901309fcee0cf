"""Whether the step that limits a stream was announced, and no other one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from lab.organisation import Stream

SURE: Final = 0.95
"""From this confidence on a step is announced as the constraint."""

WINDOW: Final = "90d"


class Announcement(Struct, frozen=True, kw_only=True):
    """What was planted in a stream as it is at the end ('' no constraint), and what was announced ('' nothing)."""

    value_stream: str
    planted: str
    announced: str

    @property
    def is_found(self) -> bool:
        """Whether the planted constraint was announced."""
        return self.planted != "" and self.announced == self.planted

    @property
    def is_false(self) -> bool:
        """Whether another step was announced, or any where there is none."""
        return self.announced not in {"", self.planted}


def announcements(streams: Iterable[Stream], rows: Sequence[Mapping[str, Any]]) -> list[Announcement]:
    """Return what was announced for each stream."""
    sure = {
        row["value_stream"]: row["step"]
        for row in rows
        if row["metric"] == "constraint_ratio" and row["window"] == WINDOW and (row["value"] or 0) >= SURE
    }
    return [
        Announcement(value_stream=s.name, planted=s.limits_at_the_end, announced=sure.get(s.name, "")) for s in streams
    ]


def found_ratio(several: Sequence[Announcement]) -> float | None:
    """Return how often a planted constraint was announced; None where none was planted."""
    planted = [one for one in several if one.planted]
    return sum(one.is_found for one in planted) / len(planted) if planted else None


def false_ratio(several: Sequence[Announcement], *, planted: bool) -> float | None:
    """Return in what share of the runs something false was announced; None of no runs.

    Of the runs with a `planted` constraint: another step than it; of those in balance: any step.
    """
    those = [one for one in several if bool(one.planted) == planted]
    return sum(one.is_false for one in those) / len(those) if those else None


def worst_false_ratio(several: Sequence[Announcement]) -> float | None:
    """Return the greater of the two shares of false announcements, so that neither hides the other."""
    both = (false_ratio(several, planted=planted) for planted in (True, False))
    return max((ratio for ratio in both if ratio is not None), default=None)
