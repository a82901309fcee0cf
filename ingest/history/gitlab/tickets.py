"""GitLab issues as the deliveries of their lives; pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

from ingest.history.gitlab.labels import label_change, labels_at
from ingest.history.gitlab.places import THREADS, Home, delivery, home_of, of_project, second, titled
from ingest.history.history import (
    Answer,
    Ask,
    Asking,
    Found,
    Json,
    Memory,
    Scope,
    Told,
    Unit,
    asked,
    going_on,
    micros,
    pages,
    within,
)

_TYPES: Final = {
    "issue": "Issue", "incident": "Incident", "task": "Task", "test_case": "Test Case", "requirement": "Requirement",
    "epic": "Epic", "ticket": "Ticket",
}  # fmt: skip
_ASSIGNED: Final = ("assigned to ", "unassigned ")
"""What GitLab writes below an issue whose assignees changed."""

Deliveries = Generator[Ask, Answer, list[Told]]
"""Asks; returns the deliveries of one thing."""


def issues(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the issues that changed since, a page of them with all that happened to each."""
    home = home_of(unit)
    first = of_project(
        home, "issues", scope="all", order_by="updated_at", sort="desc",
        updated_after=unit.of["since"], per_page=str(THREADS),
    )  # fmt: skip
    answer = yield asked(unit, first)
    found: list[Told] = []
    for issue in answer.body or []:
        if micros(issue["created_at"]) < scope.until:
            found += within(scope, (yield from _issue(home, issue)))
    return Found(found, going_on(unit, answer.following))


def _issue(home: Home, issue: Json) -> Deliveries:
    path = f"issues/{issue['iid']}"
    states = yield from pages(of_project(home, f"{path}/resource_state_events"))
    labels = yield from pages(of_project(home, f"{path}/resource_label_events"))
    notes = yield from pages(of_project(home, f"{path}/notes", sort="asc", order_by="created_at"))
    return list(_deliveries(home, issue, states, labels, notes))


def _deliveries(
    home: Home, issue: Json, states: Sequence[Json], labels: Sequence[Json], notes: Sequence[Json]
) -> Iterator[Told]:
    def hook(action: str, at: str, user: Json | None, changes: Json | None = None, **then: object) -> Told:
        told = _as_of(issue, labels, at) | {"action": action, **then}
        return delivery("Issue", second(at), home, user, object_attributes=told, changes=changes or {})

    yield hook("open", issue["created_at"], issue.get("author"))
    closings = [event for event in states if event["state"] == "closed"]
    for event in states:
        at = event["created_at"]
        if event["state"] == "reopened":
            yield hook("reopen", at, event.get("user"))
        elif event["state"] == "closed":
            last = event is closings[-1] and issue.get("closed_at")
            closed_at = issue["closed_at"] if last else at
            moved_to = issue.get("moved_to_id") if last else None
            yield hook("close", at, event.get("user"), closed_at=second(closed_at), moved_to_id=moved_to)
    for event in labels:
        if change := label_change(event, labels_at(issue, labels, event["created_at"])):
            yield hook("update", event["created_at"], event.get("user"), change)
    for note in notes:
        if note.get("system") and note["body"].startswith(_ASSIGNED):
            yield hook("update", note["created_at"], note.get("author"), {"assignees": {"previous": [], "current": []}})


def _as_of(issue: Json, labels: Sequence[Json], at: str) -> Json:
    kind = issue.get("issue_type") or issue.get("type") or "issue"
    return {
        "iid": issue["iid"],
        "created_at": second(issue["created_at"]),
        "updated_at": second(at),
        "type": _TYPES.get(kind.lower(), kind),
        "title": issue.get("title"),
        "severity": (issue.get("severity") or "unknown").lower(),
        "url": issue.get("web_url"),
        "labels": titled(labels_at(issue, labels, at)),
    }
