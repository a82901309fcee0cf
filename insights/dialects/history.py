"""What every dialect is asked of: what happened in one stream, as far as anybody's definition needs it; pure.

Fields that the derived rows have too bear their names. Times are microseconds UTC, unknown is None.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.event import Outcome, WorkKind

DAY: Final = 86_400_000_000
"""Microseconds of a day, UTC."""


class Commit(Struct, frozen=True, kw_only=True):
    """A commit of a change and when it was authored; `sha` '' where only the time is known."""

    sha: str = ""
    authored_at: int


class ChangeHistory(Struct, frozen=True, kw_only=True):
    """A change and its way to production, once for each service that carries it.

    `first_answered_at` is the first review or comment by another account than the author's, a machine's included;
    `first_reviewed_at` the first review by a human, `first_approved_at` the first approval by one.
    """

    change_id: str
    service: str = ""
    environment: str = ""
    commits: tuple[Commit, ...] = ()
    first_commit_at: int | None = None
    opened_at: int | None = None
    first_answered_at: int | None = None
    first_reviewed_at: int | None = None
    first_approved_at: int | None = None
    merged_at: int | None = None
    deployed_at: int | None = None
    deployment_id: str | None = None
    left_censored: bool = False


class DeploymentHistory(Struct, frozen=True, kw_only=True):
    """A deployment to any environment. Of those that finished before the window the changes are not told."""

    deployment_id: str
    service: str = ""
    environment: str = ""
    artifact: str | None = None
    commit: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    outcome: Outcome | None = None
    is_rework: bool = False
    caused_incident: bool = False
    left_censored: bool = False
    change_ids: tuple[str, ...] = ()
    attribution: str = ""
    confidence: float = 0.0
    recovered_at: int | None = None


class IncidentHistory(Struct, frozen=True, kw_only=True):
    """An incident; `root_causes` are the commits (SHA) that it names as its cause."""

    incident_id: str
    service: str = ""
    environment: str = ""
    detected_at: int | None = None
    resolved_at: int | None = None
    root_causes: tuple[str, ...] = ()


class ItemHistory(Struct, frozen=True, kw_only=True):
    """A work item; `closings` is every time that its ticket was closed, `finished_at` when the stream was done."""

    item_id: str
    kind: WorkKind | None = None
    created_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    closings: tuple[int, ...] = ()
    process_micros: int | None = None
    wait_micros: int | None = None
    blocked_micros: int | None = None


class History(Struct, frozen=True, kw_only=True):
    """What happened in a stream: a window, `since` to `until` (the clock, both in it), and what stands behind it.

    `seconds` is the window's length by its name. `first_seen_at` is the stream's first fact ever.
    """

    value_stream: str
    since: int
    until: int
    seconds: int
    production: str = "production"
    first_seen_at: int | None = None
    changes: tuple[ChangeHistory, ...] = ()
    deployments: tuple[DeploymentHistory, ...] = ()
    incidents: tuple[IncidentHistory, ...] = ()
    items: tuple[ItemHistory, ...] = ()

    def holds(self, at: int | None) -> bool:
        """Tell whether a time is known and in the window."""
        return at is not None and self.since <= at <= self.until

    @property
    def dates(self) -> range:
        """The dates (UTC, days since 1970) that the window touches, the first and the last one included."""
        return range(self.since // DAY, (self.until - 1) // DAY + 1)
