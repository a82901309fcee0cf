"""GitHub pushes, branches made and deleted: what the list of a repository's activity tells; pure.

The list is read newest first and done oldest first: whether a commit came with an earlier push, and where the main line
stood when a branch was begun, follows from what was done before.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final
from urllib.parse import quote

from ingest.history.github.places import Home, delivery, home_of, repository
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

_HEADS: Final = "refs/heads/"
_NONE: Final = "0" * 40
_ACTIONS: Final = "github-actions"
"""The app whose runs tell of themselves."""

_DONE: Final = frozenset({"push", "force_push", "branch_creation", "branch_deletion", "pr_merge", "merge_queue_merge"})


def activity(unit: Unit, scope: Scope, memory: Memory) -> Asking:
    """Ask for a page of the activity, newest first; each entry of the time asked for is a unit of its own."""
    home = home_of(unit)
    answer = yield asked(unit, repository(home, "activity", gone=True, direction="desc"))
    entries: Sequence[Json] = answer.body or []
    wanted = [e for e in entries if scope.holds(micros(e["timestamp"])) and e["activity_type"] in _DONE]
    for entry in wanted:
        if entry["ref"] == _HEADS + home.main and entry["before"] != _NONE:
            memory.heads[home.name] = entry["before"]
    units = [Unit("push", {**_place(unit), "entry": _kept(entry)}) for entry in wanted]
    over = bool(entries) and micros(entries[-1]["timestamp"]) < scope.since
    return Found(units=units if over else [*units, *going_on(unit, answer.following)])


def push(unit: Unit, scope: Scope, memory: Memory) -> Asking:
    """Ask for the commits that a push brought, and for what other CI apps checked of its head."""
    home, entry = home_of(unit), unit.of["entry"]
    kind, branch = entry["activity_type"], entry["ref"].removeprefix(_HEADS)
    found: list[Told] = []
    if kind in {"branch_creation", "branch_deletion"}:
        event = "create" if kind == "branch_creation" else "delete"
        found.append(delivery(event, entry["timestamp"], home, entry["actor"], ref=branch, ref_type="branch"))
    if kind != "branch_deletion":
        base = memory.heads.get(home.name, home.main) if kind == "branch_creation" else entry["before"]
        commits = yield from _between(home, base, entry["after"])
        own = yield from _own(home, commits, branch, memory)
        found.append((yield from _push(home, entry, commits, own, scope)))
        found += yield from _suites(home, entry["after"])
        memory.seen.update(commit["sha"] for commit in commits)
        if branch == home.main:
            memory.heads[home.name] = entry["after"]
    return Found(list(within(scope, found)))


def _place(unit: Unit) -> Json:
    return {name: unit.of[name] for name in ("name", "html_url", "main")}


def _kept(entry: Json) -> Json:
    actor = entry.get("actor")
    kept = {name: entry[name] for name in ("activity_type", "ref", "before", "after", "timestamp")}
    return kept | {"actor": {name: actor.get(name) for name in ("id", "login", "type")} if actor else None}


def _between(home: Home, base: str, head: str) -> Generator[Ask, Answer, list[Json]]:
    """Return the commits that a head has and a base has not, oldest first; [] where either is gone."""
    found: list[Json] = yield from pages(repository(home, f"compare/{quote(base)}...{head}", gone=True), "commits")
    return found


def _own(home: Home, commits: Sequence[Json], branch: str, memory: Memory) -> Generator[Ask, Answer, set[str]]:
    """Return the commits that no earlier push brought: what a branch took over from the main line is none of them."""
    own = {commit["sha"] for commit in commits} - memory.seen
    merges = any(len(commit.get("parents") or ()) > 1 for commit in commits)
    if merges and branch != home.main and home.name in memory.heads:
        apart = yield from _between(home, memory.heads[home.name], commits[-1]["sha"])
        own &= {commit["sha"] for commit in apart}
    return own


def _push(
    home: Home, entry: Json, commits: Sequence[Json], own: set[str], scope: Scope
) -> Generator[Ask, Answer, Told]:
    told = []
    for commit in commits:
        files: Sequence[Json] = ()
        if scope.tells_paths:
            one = yield repository(home, f"commits/{commit['sha']}", gone=True)
            files = (one.body or {}).get("files", ())
        told.append(_commit(commit, files, distinct=commit["sha"] in own))
    return delivery(
        "push", entry["timestamp"], home, entry["actor"],
        ref=entry["ref"], before=entry["before"], after=entry["after"], deleted=False,
        forced=entry["activity_type"] == "force_push", commits=told,
    )  # fmt: skip


def _suites(home: Home, head: str) -> Generator[Ask, Answer, list[Told]]:
    """Return the deliveries of the check suites of a pushed head; who asked for them is not told."""
    suites = yield from pages(repository(home, f"commits/{head}/check-suites", gone=True), "check_suites")
    return [
        delivery("check_suite", suite["updated_at"], home, None, action="completed", check_suite=suite)
        for suite in suites
        if suite["status"] == "completed" and (suite.get("app") or {}).get("slug") != _ACTIONS
    ]


def _commit(commit: Json, files: Sequence[Json], *, distinct: bool) -> Json:
    """Return a commit as a push tells it, its time the author's."""
    of_git = commit["commit"]
    return {
        "id": commit["sha"],
        "timestamp": of_git["author"]["date"],
        "message": of_git["message"],
        "distinct": distinct,
        "url": commit["html_url"],
        "author": _person(commit, "author"),
        "committer": _person(commit, "committer"),
        "added": [file["filename"] for file in _with(files, "added", "copied", "renamed")],
        "removed": [
            *[file["filename"] for file in _with(files, "removed")],
            *[file["previous_filename"] for file in _with(files, "renamed")],
        ],
        "modified": [file["filename"] for file in _with(files, "modified", "changed")],
    }


def _with(files: Sequence[Json], *states: str) -> list[Json]:
    return [file for file in files if file["status"] in states]


def _person(commit: Json, role: str) -> Json:
    return {"name": commit["commit"][role]["name"], "username": (commit.get(role) or {}).get("login")}
