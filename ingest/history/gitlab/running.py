"""GitLab pipelines, deployments and releases as the deliveries of their lives; pure."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Final

from ingest.history.gitlab.places import THREADS, Home, delivery, home_of, of_project, second, seconds
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

_OF_REQUEST: Final = re.compile(r"refs/merge-requests/([1-9][0-9]*)/(?:head|merge|train)")
_ENDED: Final = frozenset({"success", "failed", "canceled", "skipped"})
_DEPLOYED: Final = frozenset({"success", "failed", "canceled"})


def pipelines(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the pipelines that changed since, a page of them with the jobs of each: these tell when it began."""
    home = home_of(unit)
    first = of_project(
        home, "pipelines", order_by="updated_at", sort="desc", updated_after=unit.of["since"], per_page=str(THREADS)
    )
    answer = yield asked(unit, first)
    found: list[Told] = []
    for listed in answer.body or []:
        if micros(listed["created_at"]) < scope.until:
            found += within(scope, (yield from _pipeline(home, listed["id"])))
    return Found(found, going_on(unit, answer.following))


def _pipeline(home: Home, number: int) -> Generator[Ask, Answer, list[Told]]:
    pipeline = (yield of_project(home, f"pipelines/{number}")).body
    if pipeline is None:
        return []
    jobs = yield from pages(of_project(home, f"pipelines/{number}/jobs"))
    of_request = _OF_REQUEST.fullmatch(pipeline.get("ref") or "")
    request: Json | None = None
    if of_request is not None:
        request = (yield of_project(home, f"merge_requests/{of_request[1]}")).body
    return list(_pipeline_deliveries(home, pipeline, jobs, request))


def _pipeline_deliveries(home: Home, pipeline: Json, jobs: list[Json], request: Json | None) -> Iterator[Told]:
    ref = request["source_branch"] if request is not None else pipeline.get("ref")
    told = seconds({**pipeline, "ref": ref, "url": pipeline.get("web_url")})
    builds = [seconds({name: job.get(name) for name in ("created_at", "started_at")}) for job in jobs]
    tried = {"merge_request": {"url": request["web_url"]}} if request is not None else {}

    def hook(status: str, at: str) -> Told:
        attributes = {**told, "status": status}
        return delivery(
            "Pipeline", at, home, pipeline.get("user"), object_attributes=attributes, builds=builds, **tried
        )

    begun = min((build["started_at"] for build in builds if build["started_at"]), default=None)
    retried = [build["created_at"] for build in builds if begun and build["created_at"] > begun]
    yield hook("pending", max(retried, default=told["created_at"]))
    if begun:
        yield hook("running", begun)
    if pipeline["status"] in _ENDED:
        yield hook(pipeline["status"], told.get("finished_at") or told["created_at"])


def deployments(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for a page of the deployments that changed since."""
    home = home_of(unit)
    first = of_project(home, "deployments", order_by="updated_at", sort="desc", updated_after=unit.of["since"])
    answer = yield asked(unit, first)
    found = [told for deployment in answer.body or [] for told in _deployment_deliveries(home, deployment)]
    return Found(list(within(scope, found)), going_on(unit, answer.following))


def _deployment_deliveries(home: Home, deployment: Json) -> Iterator[Told]:
    job = deployment.get("deployable") or {}
    environment = deployment["environment"]

    def hook(status: str, at: str) -> Told:
        return delivery(
            "Deployment", second(at), home, deployment.get("user"),
            status=status, status_changed_at=second(at), deployment_id=deployment["id"],
            environment=environment["name"], environment_tier=environment.get("tier"), ref=deployment.get("ref"),
            deployable_url=f"{home.web_url}/-/jobs/{job['id']}" if job else None,
            commit_url=f"{home.web_url}/-/commit/{deployment['sha']}",
        )  # fmt: skip

    yield hook("created", deployment["created_at"])
    if job.get("started_at"):
        yield hook("running", job["started_at"])
    if deployment["status"] in _DEPLOYED:
        yield hook(deployment["status"], job.get("finished_at") or deployment["updated_at"])


def releases(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for a page of releases."""
    home = home_of(unit)
    answer = yield asked(unit, of_project(home, "releases"))
    found = [_release(home, release) for release in answer.body or [] if release.get("released_at")]
    return Found(list(within(scope, found)), going_on(unit, answer.following))


def _release(home: Home, release: Json) -> Told:
    at = second(release["released_at"])
    return delivery(
        "Release", at, home, None,
        action="create", tag=release["tag_name"], released_at=at, url=(release.get("_links") or {}).get("self"),
        commit={"id": (release.get("commit") or {}).get("id", "")},
    )  # fmt: skip
