"""A history from the rows of the questions; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from insights.dialects import questions as ask
from insights.dialects.history import (
    DAY,
    ChangeHistory,
    Commit,
    DeploymentHistory,
    History,
    IncidentHistory,
    ItemHistory,
)

Row = Mapping[str, Any]
"""One row, columns by name."""

QUESTIONS: Final[Mapping[str, str]] = {
    "changes": ask.CHANGES_SQL,
    "commits": ask.COMMITS_SQL,
    "answered": ask.ANSWERED_SQL,
    "deployments": ask.DEPLOYMENTS_SQL,
    "incidents": ask.INCIDENTS_SQL,
    "causes": ask.CAUSES_SQL,
    "items": ask.ITEMS_SQL,
    "closings": ask.CLOSINGS_SQL,
}
"""What is to be asked for a history, by the name under which `assembled` takes the rows."""


class Span(Struct, frozen=True, kw_only=True):
    """The stream and window that a history is of; times are microseconds UTC, `seconds` the window by its name."""

    stream: str
    since: int
    until: int
    seconds: int
    production: str = "production"
    first_seen_at: int | None = None

    def parameters(self) -> dict[str, object]:
        """Return what the questions take: rows are read from the beginning of the first date on."""
        return {"stream": self.stream, "since": self.since // DAY * DAY, "until": self.until}


def assembled(span: Span, rows: Mapping[str, Iterable[Row]]) -> History:
    """Return the history of a window from the rows of `QUESTIONS`, each under its name."""
    commits: dict[str, list[Commit]] = defaultdict(list)
    for row in rows["commits"]:
        commits[row["change_id"]].append(Commit(sha=_sha(row["sha"]), authored_at=row["authored_at"]))
    answered = {row["change_id"]: row for row in rows["answered"]}
    causes = {row["incident_id"]: [_sha(uri) for uri in row["causes"]] for row in rows["causes"]}
    closings = {row["item_id"]: row["closings"] for row in rows["closings"]}
    return History(
        value_stream=span.stream,
        since=span.since,
        until=span.until,
        seconds=span.seconds,
        production=span.production,
        first_seen_at=span.first_seen_at,
        changes=tuple(_change(row, commits[row["change_id"]], answered) for row in rows["changes"]),
        deployments=tuple(msgspec.convert(dict(row), DeploymentHistory) for row in rows["deployments"]),
        incidents=tuple(
            msgspec.convert({**row, "root_causes": causes.get(row["incident_id"], ())}, IncidentHistory)
            for row in rows["incidents"]
        ),
        items=tuple(
            msgspec.convert({**row, "closings": closings.get(row["item_id"], ())}, ItemHistory) for row in rows["items"]
        ),
    )


def _sha(uri: str) -> str:
    return uri.partition(":")[2]


def _change(row: Row, commits: list[Commit], answered: Mapping[str, Row]) -> ChangeHistory:
    told = answered.get(row["change_id"], {})
    answers = {"first_answered_at": told.get("answered_at"), "first_approved_at": told.get("approved_at")}
    return msgspec.convert({**row, **answers, "commits": tuple(commits)}, ChangeHistory)
