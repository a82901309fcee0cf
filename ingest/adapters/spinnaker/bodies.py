"""The parts of Echo's events that are read."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

Time = int | float | str | None
"""Milliseconds since 1970, in a text too."""


class Artifact(Struct, frozen=True):
    """An artifact; `reference` of an image is its address."""

    type: str | None = None
    reference: str | None = None


class Source(Struct, frozen=True):
    """A checkout of a CI build."""

    sha1: str | None = None


class Build(Struct, frozen=True):
    """The CI build that a pipeline was triggered by."""

    scm: tuple[Source, ...] | None = None


class Parameters(Struct, frozen=True):
    """What whoever started it set, of any kind."""

    environment: Any = None
    env: Any = None


class Parent(Struct, frozen=True):
    """The execution that triggered this one."""

    trigger: Trigger | None = None


class Trigger(Struct, frozen=True):
    """Why it runs: a commit, an image, a CI build, another pipeline, somebody."""

    type: str | None = None
    user: str | None = None
    parameters: Parameters | None = None
    artifacts: tuple[Artifact, ...] | None = None
    hash: str | None = None
    branch: str | None = None
    repository: str | None = None
    tag: str | None = None
    build: Build | None = msgspec.field(name="buildInfo", default=None)
    parent: Parent | None = msgspec.field(name="parentExecution", default=None)


class Cluster(Struct, frozen=True):
    """A server group that is deployed."""

    account: str | None = None


class Place(Struct, frozen=True):
    """Of a stage's context: where it deploys to, and what it bound."""

    account: str | None = None
    credentials: str | None = None
    namespace: str | None = msgspec.field(name="namespaceOverride", default=None)
    clusters: tuple[Cluster, ...] | None = None
    bound: tuple[Artifact, ...] | None = msgspec.field(name="outputs.boundArtifacts", default=None)


class Outputs(Struct, frozen=True):
    """Of a stage's outputs: the artifacts that were bound into its manifests."""

    bound: tuple[Artifact, ...] | None = msgspec.field(name="outputs.boundArtifacts", default=None)


class Stage(Struct, frozen=True):
    """A stage; a synthetic one is a part of another."""

    type: str = ""
    id: str = ""
    status: str = ""
    started: Time = msgspec.field(name="startTime", default=None)
    ended: Time = msgspec.field(name="endTime", default=None)
    owner: str | None = msgspec.field(name="syntheticStageOwner", default=None)
    context: Place | None = None
    outputs: Outputs | None = None


class Authentication(Struct, frozen=True):
    """Who runs it."""

    user: str | None = None


class Execution(Struct, frozen=True):
    """An execution of a pipeline, or of one task by itself (an orchestration)."""

    id: str = ""
    type: str = ""
    name: str | None = None
    application: str | None = None
    status: str = ""
    built: Time = msgspec.field(name="buildTime", default=None)
    started: Time = msgspec.field(name="startTime", default=None)
    ended: Time = msgspec.field(name="endTime", default=None)
    stages: tuple[Stage, ...] | None = None
    trigger: Trigger | None = None
    authentication: Authentication | None = None


class Content(Struct, frozen=True):
    """What an event is about; `stage` is the id of the stage that begins or ends."""

    execution: Execution
    stage: str | None = msgspec.field(name="stageId", default=None)


class Details(Struct, frozen=True):
    """What kind of event it is; `created` is Echo's clock."""

    application: str | None = None
    created: Time = None


class Event(Struct, frozen=True):
    """An event."""

    content: Content
    details: Details = Details()


decode: Final = msgspec.json.Decoder(Event).decode
"""Decode an event."""

NO_TRIGGER: Final = Trigger()
NO_PLACE: Final = Place()
NOBODY: Final = Authentication()
NO_PARAMETERS: Final = Parameters()
"""What stands for a part that is missing or null."""
