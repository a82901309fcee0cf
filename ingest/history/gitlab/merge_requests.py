"""GitLab merge requests as the deliveries of their lives; pure.

What the API has no list for stands in the notes that GitLab itself writes below a merge request, always in English.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

from msgspec import Struct

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

_READY: Final = ("marked this merge request as **ready**", "unmarked as a **work in progress**")
_DRAFT: Final = ("marked this merge request as **draft**", "marked as a **work in progress**")
_EDITED: Final = ("changed title from ", "changed the description", "changed target branch from ")
_ASKED: Final = ("requested review from ",)
_APPROVED: Final = ("approved this merge request",)
_UNAPPROVED: Final = ("unapproved this merge request",)
_CHANGES: Final = ("requested changes",)
_STATES: Final = {"closed": "close", "reopened": "reopen", "merged": "merge"}
_FIELDS: Final = (
    "iid", "source_branch", "target_branch", "title", "description", "work_in_progress", "source_project_id",
    "target_project_id",
)  # fmt: skip


class Life(Struct, frozen=True):
    """A merge request and all that is told of it, oldest first."""

    request: Json
    states: Sequence[Json]
    labels: Sequence[Json]
    versions: Sequence[Json]
    notes: Sequence[Json]
    needed: int


def merge_requests(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the merge requests that changed since, a page of them with all that happened to each."""
    home = home_of(unit)
    first = of_project(
        home, "merge_requests", scope="all", state="all", order_by="updated_at", sort="desc",
        updated_after=unit.of["since"], per_page=str(THREADS),
    )  # fmt: skip
    answer = yield asked(unit, first)
    found: list[Told] = []
    for request in answer.body or []:
        if micros(request["created_at"]) < scope.until:
            life = yield from _life(home, request)
            found += within(scope, _deliveries(home, life))
    return Found(found, going_on(unit, answer.following))


def _life(home: Home, request: Json) -> Generator[Ask, Answer, Life]:
    path = f"merge_requests/{request['iid']}"
    states = yield from pages(of_project(home, f"{path}/resource_state_events"))
    labels = yield from pages(of_project(home, f"{path}/resource_label_events"))
    versions = yield from pages(of_project(home, f"{path}/versions"))
    notes = yield from pages(of_project(home, f"{path}/notes", sort="asc", order_by="created_at"))
    versions.sort(key=lambda version: micros(version["created_at"]))
    needed = 0
    if any(_says(note, _APPROVED) for note in notes):
        needed = ((yield of_project(home, f"{path}/approvals")).body or {}).get("approvals_required") or 0
    return Life(
        request, states, labels, sorted(versions, key=lambda version: micros(version["created_at"])), notes, needed
    )


def _deliveries(home: Home, life: Life) -> Iterator[Told]:
    request = life.request
    yield _hook(home, life, "open", request["created_at"], request.get("author"))
    for event in life.states:
        merged_at = request.get("merged_at") if event["state"] == "merged" else None
        if action := _STATES.get(event["state"]):
            yield _hook(home, life, action, merged_at or event["created_at"], event.get("user"))
    for event in life.labels:
        if change := label_change(event, labels_at(request, life.labels, event["created_at"])):
            yield _hook(home, life, "update", event["created_at"], event.get("user"), change)
    for before, version in zip(life.versions, life.versions[1:], strict=False):
        oldrev = {"oldrev": before["head_commit_sha"]}
        yield _hook(home, life, "update", version["created_at"], request.get("author"), oldrev)
    yield from _noted(home, life)


def _noted(home: Home, life: Life) -> Iterator[Told]:
    """Yield what the notes tell: reviews, approvals, drafts, edits, and comments as they are."""
    approvals = 0
    drafted = {second(note["created_at"]) for note in life.notes if _says(note, (*_READY, *_DRAFT))}
    for note in life.notes:
        at, author = note["created_at"], note.get("author")
        if not note.get("system"):
            comment = {"id": note["id"], "noteable_type": "MergeRequest", "action": "create", "created_at": second(at)}
            comment["type"] = note.get("type")
            then = _as_of(life, at)
            yield delivery("Note", second(at), home, author, object_attributes=comment, merge_request=then)
        elif _says(note, _APPROVED):
            approvals += 1
            yield _hook(home, life, "approved" if approvals >= life.needed else "approval", at, author)
        elif _says(note, _UNAPPROVED):
            approvals -= 1
            yield _hook(home, life, "unapproved" if approvals < max(life.needed, 1) else "unapproval", at, author)
        elif (change := _change(note, life)) and not ("title" in change and second(at) in drafted):
            yield _hook(home, life, "update", at, author, change)


def _change(note: Json, life: Life) -> Json | None:
    """Return what an update says of what a note of GitLab's tells; None for what no update tells."""
    if _says(note, _READY) or _says(note, _DRAFT):
        return {"draft": {"previous": _says(note, _READY), "current": _says(note, _DRAFT)}}
    if _says(note, _EDITED):
        return {"title": {}}
    if _says(note, _ASKED):
        return {"reviewers": {"previous": [], "current": [{"id": 0, "state": "unreviewed"}]}}
    if _says(note, _CHANGES):
        return {"reviewers": _wants_changes(note, life.request)}
    return None


def _wants_changes(note: Json, request: Json) -> Json:
    """Return the reviewers before and after one of them asked for changes."""
    who = (note.get("author") or {}).get("id")
    before = [{"id": reviewer["id"], "state": "unreviewed"} for reviewer in request.get("reviewers") or ()]
    after = [{**reviewer, "state": "requested_changes"} if reviewer["id"] == who else reviewer for reviewer in before]
    return {"previous": before, "current": after}


def _hook(home: Home, life: Life, action: str, at: str, user: Json | None, more: Json | None = None) -> Told:
    """Return an update; `more` is what changed, or the head before where that did."""
    changes = more or {}
    told = _as_of(life, at) | {"action": action, "oldrev": changes.pop("oldrev", None)}
    return delivery("Merge Request", second(at), home, user, object_attributes=told, changes=changes)


def _as_of(life: Life, at: str) -> Json:
    """Return a merge request as it was after all of the second of a moment."""
    request = life.request
    state = _state(life, at)
    merged = state == "merged"
    return {
        **{name: request.get(name) for name in _FIELDS},
        "state": state,
        "created_at": second(request["created_at"]),
        "updated_at": second(at),
        "merged_at": second(request["merged_at"]) if merged and request.get("merged_at") else None,
        "merge_commit_sha": request.get("merge_commit_sha") if merged else None,
        "draft": _was_draft(life, at),
        "author_id": (request.get("author") or {}).get("id"),
        "url": request.get("web_url"),
        "last_commit": {"id": _head(life, at)},
        "labels": titled(labels_at(request, life.labels, at)),
    }


def _state(life: Life, at: str) -> str:
    past = [event["state"] for event in life.states if _is_past(event, at)]
    return "opened" if not past or past[-1] == "reopened" else str(past[-1])


def _was_draft(life: Life, at: str) -> bool:
    marks = [note for note in life.notes if _says(note, (*_READY, *_DRAFT))]
    past = [note for note in marks if _is_past(note, at)]
    if past:
        return _says(past[-1], _DRAFT)
    return _says(marks[0], _READY) if marks else bool(life.request.get("draft"))


def _head(life: Life, at: str) -> str:
    past = [version["head_commit_sha"] for version in life.versions if _is_past(version, at)]
    first = life.versions[0]["head_commit_sha"] if life.versions else life.request.get("sha")
    return str(past[-1] if past else first or "")


def _is_past(event: Json, at: str) -> bool:
    return micros(event["created_at"]) // 1_000_000 <= micros(at) // 1_000_000


def _says(note: Json, beginnings: tuple[str, ...]) -> bool:
    return bool(note.get("system")) and note["body"].startswith(beginnings)
