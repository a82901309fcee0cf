"""GitLab pipelines as the deliveries of their lives; pure.

A pipeline that is retried stays the same one and shows its last end only; its jobs, those that were retried among them,
tell the earlier ones.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Final

from msgspec import Struct

from ingest.history.gitlab.places import THREADS, Home, delivery, home_of, of_project, seconds
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
_OF_JOBS: Final = ("name", "status", "allow_failure", "created_at", "started_at", "finished_at")


class Go(Struct, frozen=True):
    """One go of a pipeline: the newest of each of its jobs, and how and when it ended ('' while it runs)."""

    jobs: list[Json]
    status: str
    ended_at: str


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
    jobs = yield from pages(of_project(home, f"pipelines/{number}/jobs", include_retried="true"))
    of_request = _OF_REQUEST.fullmatch(pipeline.get("ref") or "")
    request: Json | None = None
    if of_request is not None:
        request = (yield of_project(home, f"merge_requests/{of_request[1]}")).body
    told = seconds({**pipeline, "url": pipeline.get("web_url")})
    told["ref"] = request["source_branch"] if request is not None else pipeline.get("ref")
    tried = {"merge_request": {"url": request["web_url"]}} if request is not None else {}
    goes = _goes(told, [seconds({name: job.get(name) for name in _OF_JOBS}) for job in jobs])
    return [one for go in goes for one in _deliveries(home, told, go, tried)]


def _deliveries(home: Home, pipeline: Json, go: Go, tried: Json) -> Iterator[Told]:
    def hook(status: str, at: str, finished_at: str | None = None) -> Told:
        then = {**pipeline, "status": status, "finished_at": finished_at}
        return delivery("Pipeline", at, home, pipeline.get("user"), object_attributes=then, builds=go.jobs, **tried)

    begins = sorted(job["started_at"] for job in go.jobs if job["started_at"])
    retried = [job["created_at"] for job in go.jobs if begins and job["created_at"] > begins[0]]
    asked_at = max(retried, default=pipeline["created_at"])
    yield hook("pending", asked_at)
    if began := next((at for at in begins if at >= asked_at), None):
        yield hook("running", began)
    if go.status:
        yield hook(go.status, go.ended_at, go.ended_at)


def _goes(pipeline: Json, jobs: list[Json]) -> Iterator[Go]:
    """Yield the goes of a pipeline: one ends where all jobs had ended before another was made."""
    begun = min((job["started_at"] for job in jobs if job["started_at"]), default=None)
    for again in sorted({job["created_at"] for job in jobs if begun and job["created_at"] > begun}):
        before = _newest([job for job in jobs if job["created_at"] < again])
        ran = [job for job in before if job["started_at"]]
        if all(job["finished_at"] and job["finished_at"] <= again for job in ran):
            yield Go(before, _status(ran), max(job["finished_at"] for job in ran))
    ended = pipeline["status"] if pipeline["status"] in _ENDED else ""
    yield Go(_newest(jobs), ended, pipeline.get("finished_at") or pipeline["created_at"])


def _newest(jobs: list[Json]) -> list[Json]:
    return list({job["name"]: job for job in sorted(jobs, key=lambda job: job["created_at"])}.values())


def _status(jobs: list[Json]) -> str:
    statuses = {job["status"] for job in jobs if not job["allow_failure"]}
    return next((status for status in ("failed", "canceled") if status in statuses), "success")
