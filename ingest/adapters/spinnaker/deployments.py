"""What stages deploy: to one environment, one deployment an execution."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.spinnaker.bodies import NO_PARAMETERS, NO_PLACE, NO_TRIGGER, Event, Execution, Place, Stage, decode
from ingest.adapters.spinnaker.said import commits, identity, images, reasons, said_of
from ingest.facts import MOST_LINKS, Said, check_size, fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.deployed import deployed
from ingest.vocabulary.environments import KNOWN
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent, Link, Outcome
from schemas.identity import deployment_uri

OUTCOMES: Final = {
    "SUCCEEDED": Outcome.SUCCESS,
    "TERMINAL": Outcome.FAILURE,
    "STOPPED": Outcome.FAILURE,
    "FAILED_CONTINUE": Outcome.FAILURE,
    "CANCELED": Outcome.CANCELLED,
}
"""How what has ended came out, by its status."""

_DEPLOYING: Final = frozenset(
    {
        "Aws.LambdaDeploymentStage", "Aws.LambdaUpdateCodeStage", "cloneServerGroup", "createServerGroup", "deploy",
        "deployAppEngineConfiguration", "deployCloudFormation", "deployCloudrunManifest", "deployManifest",
        "deployService",
    }
)  # fmt: skip
_DONE: Final = frozenset({*OUTCOMES, "SKIPPED"})
_GOING_BACK: Final = frozenset({"rollbackCluster", "rollbackServerGroup", "undoRolloutManifest"})


class Cause(Struct, frozen=True):
    """What an execution was triggered by: its commits, and what it brings where no stage binds an image."""

    commits: list[str]
    brings: tuple[Link, ...]


class Group(Struct, frozen=True):
    """The stages of an execution that deploy to one environment, or go back there."""

    environment: str
    word: str
    back: bool
    stages: list[Stage]


def stage_told(body: bytes, context: Context) -> Translated:
    """`deployment.started`, then `service.deployed` or `service.rolledback` with the outcome, at the stages' times."""
    return _told(body, context, over=False)


def orchestration_ended(body: bytes, context: Context) -> Translated:
    """`deployment.started`, then `service.deployed` or `service.rolledback` with the outcome, at the stages' times."""
    return _told(body, context, over=True)


def _told(body: bytes, context: Context, *, over: bool) -> Translated:
    event = decode(body)
    return list(deployments(event, said_of(event, context), context, over=over)) or Ignored("nothing is deployed")


def deploys(stage: Stage) -> bool:
    """Tell whether a stage deploys or goes back, and is no part of another one."""
    return stage.owner is None and (stage.type in _DEPLOYING or stage.type in _GOING_BACK)


def deployments(event: Event, said: Said, context: Context, *, over: bool) -> Iterator[FlowEvent]:
    """Yield begin and end of what the event's stage belongs to, of all where it names none (older releases).

    `said` is what all facts of the execution carry. `over`: it is, and what has not begun never will.
    """
    execution, wanted = event.content.execution, event.content.stage
    groups = _groups(execution, context)
    check_size(groups, "content.execution.stages")
    cause = _cause(execution)
    for group in groups:
        if wanted is None or any(stage.id == wanted for stage in group.stages):
            yield from _deployment(identity(execution), group, cause, said, context, over=over)


def _groups(execution: Execution, context: Context) -> Collection[Group]:
    found: dict[tuple[str, bool], Group] = {}
    for stage in execution.stages or ():
        if deploys(stage):
            word = _word(stage.context or NO_PLACE, execution, context)
            environment, kept = kept_of_environment(word, context.environment, context.pseudonym)
            back = stage.type in _GOING_BACK
            found.setdefault((environment, back), Group(environment, kept, back, [])).stages.append(stage)
    return found.values()


def _deployment(
    run: str, group: Group, cause: Cause, said: Said, context: Context, *, over: bool
) -> Iterator[FlowEvent]:
    """Yield the begin, which names nothing that is known only later, and the end."""
    starts = [stage.started for stage in group.stages if stage.started is not None]
    if not starts:
        return
    parts = (run, group.environment, "rollback" if group.back else "")
    uri = deployment_uri(context.tool, "/".join(part for part in parts if part))
    told: Said = {
        **said,
        "state": "RUNNING",
        "environment": group.environment,
        "attributes": {**said["attributes"], "environment_raw": group.word},
    }
    began = min((moment(start, "startTime") for start in starts), key=_micros)
    yield fact(context, "deployment.started", uri, began, **told)
    if (end := _end(group.stages, over=over)) is not None:
        status, told["outcome"], ended = end
        told["state"], told["told_apart"] = status, (status,)
        told["links"] = () if group.back else _brought(group.stages, cause)
        event_type = "service.rolledback" if group.back else "service.deployed"
        yield fact(context, event_type, uri, ended, **told)


def _end(stages: list[Stage], *, over: bool) -> tuple[str, Outcome, Moment] | None:
    """Return the status, outcome and time with which stages ended together; None while they have not.

    The first that failed (else was cancelled) ends them; else the last one, once none is left to run.
    """
    ran = [stage for stage in stages if stage.started is not None and stage.ended is not None]
    ends = [(stage.status.upper(), moment(stage.ended, "endTime")) for stage in ran]
    for outcome in (Outcome.FAILURE, Outcome.CANCELLED):
        if of_it := [(status, at) for status, at in ends if OUTCOMES.get(status) is outcome]:
            status, at = min(of_it, key=lambda end: end[1].micros)
            return status, outcome, at
    succeeded = [at for status, at in ends if OUTCOMES.get(status) is Outcome.SUCCESS]
    left = [s for s in stages if s.status.upper() not in _DONE and not (over and s.started is None)]
    return ("SUCCEEDED", Outcome.SUCCESS, max(succeeded, key=_micros)) if succeeded and not left else None


def _micros(at: Moment) -> int:
    return at.micros


def _word(place: Place, execution: Execution, context: Context) -> str:
    """Return the first of account, parameters and namespace that means an environment, else the account."""
    parameters = (execution.trigger or NO_TRIGGER).parameters or NO_PARAMETERS
    accounts = (place.account, place.credentials, *(cluster.account for cluster in place.clusters or ()))
    words = (*accounts, parameters.environment, parameters.env, place.namespace)
    texts = [word for word in words if isinstance(word, str) and word]
    return next((text for text in texts if context.environment(text) in KNOWN), texts[0] if texts else "")


def _brought(stages: list[Stage], cause: Cause) -> tuple[Link, ...]:
    """Return what stages deployed: the images bound into their manifests, else what triggered them; and the commits."""
    bound = [(x.outputs.bound if x.outputs else None) or (x.context or NO_PLACE).bound for x in stages]
    found = [image for artifacts in bound for image in images(artifacts)]
    return deployed(dict.fromkeys(found), cause.commits) if found else cause.brings


def _cause(execution: Execution) -> Cause:
    why, found = reasons(execution), list[str]()
    for reason in why:
        named = [f"{reason.repository}:{reason.tag}"] if reason.repository and reason.tag else []
        found = found or images(reason.artifacts) or named
    told = commits(why)
    return Cause(told, deployed(dict.fromkeys(found), told)[:MOST_LINKS])
