"""Spinnaker: the events of Echo's REST listener, told by Orca.

An execution of a pipeline is a run. What its deploying stages bring to one environment is one deployment, however many
stages that takes; stages tell it as they begin and end, and the end of the execution tells all of it again, so that a
lost event loses nothing. A run that deploys is told by its deployments and belongs to no change: the hours that it
waits for a judgement are no build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Ignored
from ingest.adapters.spinnaker.bodies import Event, Execution, decode
from ingest.adapters.spinnaker.deployments import (
    OUTCOMES,
    deployments,
    deploys,
    orchestration_ended,
    stage_told,
)
from ingest.adapters.spinnaker.said import commits, identity, reasons, said_of
from ingest.facts import Said, fact
from ingest.signatures import any_of, basic_auth, bearer_token
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.deployed import deployed
from ingest.vocabulary.times import moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import run_uri

_ID_AT_END: Final = re.compile(rb'"eventId"\s*:\s*"([0-9a-f-]{36})"\s*\}\s*$')
_END_BYTES: Final = 128
_NO_TIME: Final = Ignored("body tells no time")


def pipeline_starting(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued` and `pipelinerun.started`, at `buildTime` and `startTime`."""
    event = decode(body)
    return list(_begins(event.content.execution, _said(event, context), context)) or _NO_TIME


def pipeline_ended(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued`, `.started` and `.finished` with its outcome; what its stages deployed, as they tell it."""
    event = decode(body)
    execution = event.content.execution
    said = _said(event, context)
    found = list(_begins(execution, said, context))
    if (ended := execution.ended or event.details.created) is not None:
        over: Said = {**said, "state": execution.status, "outcome": OUTCOMES.get(execution.status.upper())}
        found.append(fact(context, "pipelinerun.finished", _run(execution, context), moment(ended, "endTime"), **over))
    found += deployments(event, {**said, "links": ()}, context, over=True)
    return found or _NO_TIME


def _begins(execution: Execution, said: Said, context: Context) -> Iterator[FlowEvent]:
    for event_type, at, state in (
        ("pipelinerun.queued", execution.built, "NOT_STARTED"),
        ("pipelinerun.started", execution.started, "RUNNING"),
    ):
        if at is not None:
            told: Said = {**said, "state": state}
            yield fact(context, event_type, _run(execution, context), moment(at, "startTime"), **told)


def _run(execution: Execution, context: Context) -> str:
    return run_uri(context.tool, context.source, identity(execution))


def _said(event: Event, context: Context) -> Said:
    """Return what all facts of a run carry; one that deploys belongs to no change."""
    said = said_of(event, context)
    execution = event.content.execution
    if not any(deploys(stage) for stage in execution.stages or ()):
        made_of = deployed((), commits(reasons(execution)))
        said["links"] = tuple(Link(uri=x.uri, kind=LinkKind.PART_OF, method=LinkMethod.COMMIT) for x in made_of)
    return said


class _Type(Struct, frozen=True):
    type: str = ""


class _Envelope(Struct, frozen=True):
    details: _Type = _Type()
    id: str = msgspec.field(name="eventId", default="")


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).details.type.lower().replace(":", "_")


def _delivery_id(_headers: Headers, body: bytes) -> str:
    """Return Echo's id of the event, which stands at the end of a body that may be large."""
    found = _ID_AT_END.search(body[-_END_BYTES:])
    return delivery_id(found[1].decode() if found else _envelope(body).id, body)


ADAPTER: Final = Adapter(
    tool="spinnaker",
    verify=any_of(basic_auth(), bearer_token()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "orca_pipeline_starting": pipeline_starting,
        "orca_pipeline_complete": pipeline_ended,
        "orca_pipeline_failed": pipeline_ended,
        "orca_stage_starting": stage_told,
        "orca_stage_complete": stage_told,
        "orca_stage_failed": stage_told,
        "orca_orchestration_complete": orchestration_ended,
        "orca_orchestration_failed": orchestration_ended,
    },
    ignores=frozenset(
        {
            "artifactory", "build", "cdevents", "docker", "git", "googlecloudbuild", "helm", "manual", "nexus",
            "orca_orchestration_starting", "orca_stage_skipped", "orca_task_complete", "orca_task_failed",
            "orca_task_starting", "plugin", "pubsub", "webhook",
        }
    ),
)  # fmt: skip
"""The adapter for Spinnaker."""
