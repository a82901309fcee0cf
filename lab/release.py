"""One deployment as the lab knows it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from lab.work import Change

Why = Literal["", "deployment_failed", "rollback", "hotfix", "incident", "revert"]
"""Why a deployment counts as failed: it failed itself, was rolled back, needed a hot fix, caused an
incident, or a change it brought was taken back."""


class Release(Struct, kw_only=True):
    """One deployment as the lab knows it; times in seconds.

    `found` is when what was wrong with it first showed. `started` is None where the tool does not tell it; `told` is
    False where it tells nothing at all.
    """

    uri: str
    number: int
    service: str
    environment: str
    sha: str
    queued: int
    started: int | None
    finished: int
    success: bool
    told: bool = True
    changes: list[Change] = field(default_factory=list)
    left_censored: bool = False
    why: Why = ""
    found: int | None = None
    rework: bool = False
    recovered: int | None = None

    def went_wrong(self, why: Why, found: int, recovered: int) -> None:
        """Write down that it failed, when that first showed, and when it was mended; the first time stands."""
        if not self.why:
            self.why, self.found, self.recovered = why, found, recovered
