"""GitLab deployments and releases as the deliveries of their lives; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingest.history.gitlab.places import Home, delivery, home_of, of_project, second
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
    within,
)

_DEPLOYED: Final = frozenset({"success", "failed", "canceled"})


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
