"""Buildkite's webhook bodies, typed: only the fields that a translation needs."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Account(Struct, frozen=True):
    """An account of Buildkite; its name tells its class and is not kept."""

    id: str = ""
    name: str | None = None


class PullRequest(Struct, frozen=True):
    """The pull request of a build; `id` is its number, a text."""

    id: str | int | None = None


class Rebuilt(Struct, frozen=True):
    """The build that was built again."""

    id: str = ""


class Build(Struct, frozen=True):
    """A build; each time is null until its moment has come."""

    id: str
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    state: str | None = None
    blocked: bool | None = None
    commit: str | None = None
    branch: str | None = None
    source: str = ""
    web_url: str | None = None
    creator: Account | None = None
    pull_request: PullRequest | None = None
    rebuilt_from: Rebuilt | None = None


class Job(Struct, frozen=True):
    """A job of a build: a command, a trigger, or a block that waits for somebody; a retry names what it retries."""

    id: str
    name: str | None = None
    state: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    unblocked_at: str | None = None
    unblocked_by: Account | None = None
    retry_source: Any = None


class Pipeline(Struct, frozen=True):
    """A pipeline: `slug` is what its address calls it."""

    slug: str = ""
    repository: str | None = None


class BuildBody(Struct, frozen=True):
    """A `build.*` delivery."""

    build: Build
    pipeline: Pipeline = Pipeline()


class JobBody(Struct, frozen=True):
    """A `job.*` delivery."""

    job: Job
    build: Build
    pipeline: Pipeline = Pipeline()
