"""GitHub issues and pull requests as the deliveries of their lives; pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

from ingest.history.github.places import THREADS, Home, delivery, home_of, repository
from ingest.history.github.threads import as_of, dated, pull_as_of
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

_OF_ISSUES: Final = {
    "closed": "closed", "reopened": "reopened", "labeled": "labeled", "unlabeled": "unlabeled",
    "assigned": "assigned", "unassigned": "unassigned",
    "issue_type_added": "typed", "issue_type_changed": "typed", "issue_type_removed": "untyped",
}  # fmt: skip
_OF_PULLS: Final = {
    "merged": "closed", "closed": "closed", "reopened": "reopened", "ready_for_review": "ready_for_review",
    "convert_to_draft": "converted_to_draft", "converted_to_draft": "converted_to_draft", "synchronize": "synchronize",
    "renamed": "edited", "base_ref_changed": "edited", "review_requested": "review_requested", "labeled": "labeled",
    "unlabeled": "unlabeled", "added_to_merge_queue": "enqueued", "removed_from_merge_queue": "dequeued",
    "auto_merge_enabled": "auto_merge_enabled", "auto_squash_enabled": "auto_merge_enabled",
    "auto_rebase_enabled": "auto_merge_enabled", "auto_merge_disabled": "auto_merge_disabled",
}  # fmt: skip
"""What the timeline calls an event: what the webhook calls its action."""

_PUSHES: Final = frozenset({"push", "force_push"})


def threads(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the issues and pull requests that changed since, a page of them with all that happened to each."""
    place = home_of(unit)
    since, most = unit.of["since"], str(THREADS)
    first = repository(
        place, "issues", gone=True, state="all", sort="updated", direction="desc", since=since, per_page=most
    )
    answer = yield asked(unit, first)
    if answer.body is None:
        return Found(units=[Unit("pulls", unit.of)])
    found: list[Told] = []
    for issue in answer.body:
        if micros(issue["created_at"]) < scope.until:
            deliveries = yield from (_pull(place, issue) if "pull_request" in issue else _issue(place, issue))
            found += within(scope, deliveries)
    return Found(found, going_on(unit, answer.following))


def pulls(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the pull requests alone, where a repository has no issues; newest first, those that changed since."""
    place = home_of(unit)
    first = repository(place, "pulls", state="all", sort="updated", direction="desc", per_page=str(THREADS))
    answer = yield asked(unit, first)
    changed = [pull for pull in answer.body if micros(pull["updated_at"]) >= scope.since]
    found: list[Told] = []
    for pull in changed:
        if micros(pull["created_at"]) < scope.until:
            found += within(scope, (yield from _pull(place, pull)))
    return Found(found, going_on(unit, answer.following) if len(changed) == len(answer.body) else [])


Deliveries = Generator[Ask, Answer, list[Told]]
"""Asks; returns the deliveries of one thing."""


def _issue(place: Home, issue: Json) -> Deliveries:
    events = dated((yield from pages(repository(place, f"issues/{issue['number']}/timeline", gone=True))))
    return list(_issue_deliveries(place, issue, events))


def _issue_deliveries(place: Home, issue: Json, events: Sequence[Json]) -> Iterator[Told]:
    def hook(action: str, count: int, by: Json | None, changed: Json, label: Json) -> Told:
        then = as_of(issue, events, count) | changed
        return delivery("issues", then["updated_at"], place, by, action=action, issue=then, **label)

    yield hook("opened", 0, issue.get("user"), {}, {})
    last_closed = _last(events, "closed")
    for at, event in enumerate(events):
        action = _OF_ISSUES.get(event["event"])
        if action == "closed":
            stands = at == last_closed and issue.get("state") == "closed"
            yield hook(action, at + 1, event.get("actor"), _closing(issue if stands else None, event), {})
        elif action is not None:
            yield hook(action, at + 1, event.get("actor"), {}, _label(event))


def _closing(closed: Json | None, event: Json) -> Json:
    """Return what an issue says of its closing: itself where it is `closed` still, else what the event says."""
    if closed is not None:
        return {"state_reason": closed.get("state_reason"), "closed_at": closed["closed_at"]}
    return {"state_reason": event.get("state_reason") or "completed", "closed_at": event["created_at"]}


def _pull(place: Home, issue: Json) -> Deliveries:
    number = issue["number"]
    pull = (yield repository(place, f"pulls/{number}", gone=True)).body
    if pull is None:
        return []
    events = yield from pages(repository(place, f"issues/{number}/timeline", gone=True))
    pushes = yield from _pushes(place, pull)
    return list(_pull_deliveries(place, pull, dated([*events, *pushes])))


def _pushes(place: Home, pull: Json) -> Generator[Ask, Answer, list[Json]]:
    """Return what was pushed while a pull request was open; a fork's pushes are not told."""
    if ((pull["head"].get("repo") or {}).get("full_name")) != place.name:
        return []
    asked = repository(place, "activity", gone=True, ref=f"refs/heads/{pull['head']['ref']}")
    closed = micros(pull["closed_at"]) if pull["closed_at"] else None
    return [
        {**push, "event": "synchronize", "created_at": push["timestamp"]}
        for push in (yield from pages(asked))
        if push["activity_type"] in _PUSHES
        and micros(push["timestamp"]) > micros(pull["created_at"])
        and (closed is None or micros(push["timestamp"]) <= closed)
    ]


def _pull_deliveries(place: Home, pull: Json, events: Sequence[Json]) -> Iterator[Told]:
    def hook(count: int, by: Json | None, action: str, **more: object) -> Told:
        event = "pull_request_review" if "review" in more else "pull_request"
        then = pull_as_of(pull, events, count)
        return delivery(event, then["updated_at"], place, by, action=action, pull_request=then, **more)

    yield hook(0, pull.get("user"), "opened")
    reviews = {event["id"]: event for event in events if event["event"] == "reviewed"}
    said = {
        event["dismissed_review"]["review_id"]: event["dismissed_review"]["state"]
        for event in events
        if event["event"] == "review_dismissed"
    }
    last_closed = _last(events, "closed")
    for at, event in enumerate(events):
        kind, action = event["event"], _OF_PULLS.get(event["event"])
        if kind == "reviewed":
            state = str(said.get(event["id"], event["state"])).lower()
            yield hook(at + 1, event.get("user"), "submitted", review={**_review(event), "state": state})
        elif kind == "review_dismissed":
            review = reviews.get(event["dismissed_review"]["review_id"], {"id": event["dismissed_review"]["review_id"]})
            yield hook(at + 1, event.get("actor"), "dismissed", review={**_review(review), "state": "dismissed"})
        elif kind == "closed" and at == last_closed and pull["merged_at"]:
            continue  # the merge says it
        elif kind == "commented":
            yield _comment(place, event, pull_as_of(pull, events, at + 1))
        elif action is not None:
            yield hook(at + 1, event.get("actor"), action, **_label(event))


def _comment(place: Home, event: Json, pull: Json) -> Told:
    """Return the delivery of a comment on a pull request, which it calls an issue."""
    by = event.get("user") or event.get("actor")
    issue = {name: pull.get(name) for name in ("number", "user", "draft", "closed_at", "title", "labels")}
    issue["pull_request"] = {"html_url": pull["html_url"], "merged_at": pull["merged_at"]}
    comment = {"id": event["id"], "created_at": event["created_at"], "user": by}
    return delivery("issue_comment", event["created_at"], place, by, action="created", issue=issue, comment=comment)


def _label(event: Json) -> Json:
    return {"label": event["label"]} if event["event"] in {"labeled", "unlabeled"} else {}


def _last(events: Sequence[Json], kind: str) -> int:
    return max((at for at, event in enumerate(events) if event["event"] == kind), default=-1)


def _review(event: Json) -> Json:
    return {name: event.get(name) for name in ("id", "submitted_at", "user")}
