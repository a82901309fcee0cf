"""GitHub workflow runs, deployments and releases as the deliveries of their lives; pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from ingest.history.github.places import Home, delivery, home_of, repository
from ingest.history.history import (
    DAY_MICROS,
    MOST_PAGES,
    Answer,
    Ask,
    Asking,
    Endless,
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

_RUN_MICROS: Final = 66 * DAY_MICROS
"""How long after its begin a run may still end: run again within 30 days, for 35 days at most."""

_DEPLOYMENT_MICROS: Final = 66 * DAY_MICROS
"""How long after it was asked for a deployment may still tell something: it waits, then runs."""


def runs(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for a page of workflow runs, newest first, with the jobs of each attempt: these tell when it began."""
    home = home_of(unit)
    answer = yield asked(unit, repository(home, "actions/runs", gone=True))
    listed: list[Json] = (answer.body or {}).get("workflow_runs", [])
    found: list[Told] = []
    for run in listed:
        if micros(run["created_at"]) < scope.until and micros(run["updated_at"]) >= scope.since:
            for attempt in (yield from _attempts(home, run)):
                found += within(scope, (yield from _attempt(home, attempt)))
    over = bool(listed) and micros(listed[-1]["created_at"]) < scope.since - _RUN_MICROS
    return Found(found, [] if over else going_on(unit, answer.following))


def _attempts(home: Home, run: Json) -> Generator[Ask, Answer, list[Json]]:
    earlier: list[Json] = []
    last = int(run.get("run_attempt") or 1)
    if last > MOST_PAGES:
        raise Endless
    for number in range(1, last):
        one = (yield repository(home, f"actions/runs/{run['id']}/attempts/{number}", gone=True)).body
        earlier += [one] if one is not None else []
    return [*earlier, run]


def _attempt(home: Home, run: Json) -> Generator[Ask, Answer, list[Told]]:
    asked_for = repository(home, f"actions/runs/{run['id']}/attempts/{run.get('run_attempt') or 1}/jobs", gone=True)
    jobs = yield from pages(asked_for, "jobs")
    began = min((job["started_at"] for job in jobs if job.get("started_at")), default=None, key=micros)
    return list(_run_deliveries(home, run, began))


def _run_deliveries(home: Home, run: Json, began: str | None) -> Iterator[Told]:
    def hook(action: str, at: str, **state: str | None) -> Told:
        told = {name: value for name, value in run.items() if name not in {"repository", "head_repository"}}
        by = run.get("triggering_actor") or run.get("actor")
        return delivery(
            "workflow_run", at, home, by,
            action=action, workflow_run={**told, **state}, workflow={"name": run.get("name")},
        )  # fmt: skip

    if run.get("event") == "merge_group" and run.get("head_commit"):
        yield _group(home, run)
    if (run.get("run_attempt") or 1) == 1:
        yield hook("requested", run["created_at"], status="queued", conclusion=None, updated_at=run["created_at"])
    if began is not None:
        yield hook("in_progress", began, status="in_progress", conclusion=None, updated_at=began)
    if run.get("status") == "completed":
        yield hook("completed", run["updated_at"])


def _group(home: Home, run: Json) -> Told:
    """Return the delivery of a merge queue's group: whatever runs for one tells of it."""
    base = run["head_branch"].removeprefix("gh-readonly-queue/").rpartition("/")[0]
    group = {
        "head_sha": run["head_sha"], "head_ref": f"refs/heads/{run['head_branch']}", "base_ref": f"refs/heads/{base}",
        "head_commit": {"timestamp": run["head_commit"]["timestamp"]},
    }  # fmt: skip
    return delivery(
        "merge_group", run["created_at"], home, run.get("actor"), action="checks_requested", merge_group=group
    )


def deployments(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for a page of deployments, newest first, with the statuses of each."""
    home = home_of(unit)
    answer = yield asked(unit, repository(home, "deployments", gone=True))
    listed: list[Json] = answer.body or []
    found: list[Told] = []
    for deployment in listed:
        if micros(deployment["created_at"]) < scope.until:
            statuses = yield from pages(repository(home, f"deployments/{deployment['id']}/statuses", gone=True))
            found += within(scope, _deployment_deliveries(home, deployment, statuses))
    over = bool(listed) and micros(listed[-1]["created_at"]) < scope.since - _DEPLOYMENT_MICROS
    return Found(found, [] if over else going_on(unit, answer.following))


def _deployment_deliveries(home: Home, deployment: Json, statuses: list[Json]) -> Iterator[Told]:
    asked_at = deployment["created_at"]
    yield delivery("deployment", asked_at, home, deployment.get("creator"), action="created", deployment=deployment)
    for status in reversed(statuses):
        yield delivery(
            "deployment_status", status["created_at"], home, status.get("creator"),
            action="created", deployment=deployment, deployment_status=status,
        )  # fmt: skip


def releases(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for a page of releases; drafts were not published."""
    home = home_of(unit)
    answer = yield asked(unit, repository(home, "releases", gone=True))
    found = [
        delivery("release", release["published_at"], home, release.get("author"), action="published", release=release)
        for release in answer.body or []
        if release.get("published_at")
    ]
    return Found(list(within(scope, found)), going_on(unit, answer.following))
