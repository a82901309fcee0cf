"""GitLab pushes: what the events of a project tell; pure.

They are read newest first and done oldest first, so that it is known where the main line stood when a branch was begun.
"""

from __future__ import annotations

from typing import Final

from ingest.history.gitlab.places import Home, delivery, home_of, of_project
from ingest.history.history import (
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

_NONE: Final = "0" * 40
_MOST_COMMITS: Final = 20
"""So many commits of a push GitLab tells in a webhook, the newest."""


def events(unit: Unit, scope: Scope, memory: Memory) -> Asking:
    """Ask for a page of the pushes, newest first; each of the time asked for is a unit of its own."""
    home = home_of(unit)
    first = of_project(home, "events", action="pushed", after=unit.of["day_before"], before=unit.of["day_after"])
    answer = yield asked(unit, first)
    wanted = [event for event in answer.body or [] if _counts(event, scope)]
    for event in wanted:
        said = event["push_data"]
        if said["ref"] == home.main and said.get("commit_from"):
            memory.heads[str(home.id)] = said["commit_from"]
    of = {name: unit.of[name] for name in ("id", "web_url", "main")}
    return Found(
        units=[*(Unit("push", {**of, "event": _kept(event)}) for event in wanted), *going_on(unit, answer.following)]
    )


def push(unit: Unit, scope: Scope, memory: Memory) -> Asking:
    """Ask for the commits that a push brought."""
    home, event = home_of(unit), unit.of["event"]
    said, key = event["push_data"], str(home.id)
    base = said["commit_from"] or memory.heads.get(key, home.main)
    compared = of_project(home, "repository/compare", **{"from": base, "to": said["commit_to"]})
    commits = yield from pages(compared, "commits")
    told = []
    for commit in commits[-_MOST_COMMITS:]:
        diffs: list[Json] = []
        if scope.tells_paths:
            diffs = yield from pages(of_project(home, f"repository/commits/{commit['id']}/diff"))
        told.append(_commit(commit, diffs))
    if said["ref"] == home.main:
        memory.heads[key] = said["commit_to"]
    return Found(list(within(scope, [_push(home, event, told)])))


def _counts(event: Json, scope: Scope) -> bool:
    said = event.get("push_data") or {}
    pushed = said.get("ref_type") == "branch" and said.get("action") != "removed" and bool(said.get("commit_to"))
    return pushed and scope.holds(micros(event["created_at"]))


def _kept(event: Json) -> Json:
    author = event.get("author") or {}
    said = {name: event["push_data"].get(name) for name in ("ref", "commit_from", "commit_to")}
    return {
        "created_at": event["created_at"],
        "push_data": said,
        "author": {name: author.get(name) for name in ("id", "name", "username")},
    }


def _push(home: Home, event: Json, commits: list[Json]) -> Told:
    said, author = event["push_data"], event["author"]
    return delivery(
        "Push", event["created_at"], home, None,
        ref=f"refs/heads/{said['ref']}", before=said["commit_from"] or _NONE, after=said["commit_to"],
        user_id=author["id"], user_name=author["name"], user_username=author["username"], commits=commits,
    )  # fmt: skip


def _commit(commit: Json, diffs: list[Json]) -> Json:
    return {
        "id": commit["id"],
        "message": commit["message"],
        "timestamp": commit["committed_date"],
        "url": commit["web_url"],
        "author": {"name": commit["author_name"], "email": commit["author_email"]},
        "added": [diff["new_path"] for diff in diffs if diff["new_file"]],
        "removed": [diff["old_path"] for diff in diffs if diff["deleted_file"]],
        "modified": [diff["new_path"] for diff in diffs if not diff["new_file"] and not diff["deleted_file"]],
    }
