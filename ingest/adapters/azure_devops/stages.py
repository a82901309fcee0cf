"""Stages of YAML pipelines: a stage that is called after an environment is a deployment there.

Azure DevOps tells the stage's name and nothing of the environment its jobs deploy to. So a name counts that means one
of the usual environments (`Production`, `DeployStaging`), or that the source's `environments` name. A stage that is
only called after tests is none, unless it says that it deploys.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.azure_devops.bodies import OUTCOMES, TOOL, first_time, is_told
from ingest.adapters.azure_devops.runs import Checkout, Run, repository_of_run, sources_of
from ingest.facts import Said, fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, commit_links
from ingest.vocabulary.environments import KNOWN, normalise, spelled
from ingest.vocabulary.kept_text import kept_of_branch, kept_of_environment
from schemas.event import FlowEvent, LinkKind
from schemas.identity import deployment_uri, short_digest

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEPLOYS: Final = frozenset({"deploy", "deployment", "promote", "release", "rollout"})
_NO_DEPLOYMENT: Final = frozenset({"build", "compile", "lint", "plan", "test", "tests", "validate", "verify"})
_TESTING: Final = "testing"
_LONGEST: Final = 256


class Stage(Struct, frozen=True, rename="camel"):
    """A stage of a run; a stage that runs again has the next attempt."""

    name: str
    state: str
    result: str | None = None
    attempt: int | str = 1
    start_time: str | None = None
    finish_time: str | None = None


class Resource(Struct, frozen=True):
    """A stage, its run and where the sources are."""

    stage: Stage
    run: Run
    repositories: tuple[Checkout, ...] | None = None


class Body(Struct, frozen=True, rename="camel"):
    """A delivery of a stage's new state."""

    resource: Resource
    created_date: str | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def stage_state_changed(body: bytes, context: Context) -> Translated:
    """`deployment.queued`, `.started` or `service.deployed` of a stage called after an environment; others are ignored.

    Waiting at the event's `createdDate`, running at `startTime`, completed at `finishTime` with its outcome, and
    `deployment.started` again; a skipped stage tells nothing.
    """
    told = _decode(body)
    stage = told.resource.stage
    means = _environment(stage.name, context)
    if not means:
        return Ignored("stage is called after no environment")
    said = _said(told.resource, means, context)
    if stage.state == "waiting":
        return [_fact(told, context, "deployment.queued", told.created_date, {**said, "state": stage.state})]
    began = [_fact(told, context, "deployment.started", stage.start_time, said)] if is_told(stage.start_time) else []
    if stage.state == "running":
        return began or [_fact(told, context, "deployment.started", told.created_date, said)]
    outcome = OUTCOMES.get(stage.result or "") if stage.state == "completed" else None
    if outcome is None:
        return Ignored("stage neither ran nor waits")
    result = stage.result or ""
    ended: Said = {**said, "state": result, "outcome": outcome, "told_apart": (result,)}
    return [*began, _fact(told, context, "service.deployed", stage.finish_time or told.created_date, ended)]


def _fact(told: Body, context: Context, event_type: str, at: str | None, said: Said) -> FlowEvent:
    resource = told.resource
    identity = f"{context.source}/{resource.run.id}/{short_digest(resource.stage.name)}/{resource.stage.attempt}"
    return fact(context, event_type, deployment_uri(TOOL, identity), first_time("the stage's time", at), **said)


def _environment(name: str, context: Context) -> str:
    """Return the environment a stage is called after, '' for none."""
    own = context.environment(name)
    if own != normalise(name):
        return own
    words = spelled(_HUMP.sub(" ", name[:_LONGEST]))
    parts = set(words.split("-"))
    means = context.environment(words)
    deploys = bool(parts & _DEPLOYS)
    if means not in KNOWN or (not deploys and (means == _TESTING or parts & _NO_DEPLOYMENT)):
        return ""
    return means


def _said(resource: Resource, means: str, context: Context) -> Said:
    """Return what every fact of a stage carries."""
    run, sources = resource.run, sources_of(resource.run)
    branch = branch_of_ref(sources.ref_name)
    _, kept = kept_of_environment(resource.stage.name, lambda _word: means, context.pseudonym, branch)
    return {
        "links": commit_links(sources.version, LinkKind.DEPLOYS),
        "environment": means,
        "state": "running",
        "attributes": {
            "repository": repository_of_run(sources, resource.repositories),
            "branch": kept_of_branch(branch, context.pseudonym),
            "pipeline": run.pipeline.name if run.pipeline else None,
            "environment_raw": kept,
        },
    }
