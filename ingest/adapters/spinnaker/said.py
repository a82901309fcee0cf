"""What all facts of an execution carry: who runs it, why, of which application."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Context, Untranslatable
from ingest.adapters.spinnaker.bodies import NO_TRIGGER, NOBODY, Artifact, Event, Execution, Trigger
from ingest.facts import MOST_CHARACTERS, MOST_LINKS, Said
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.kept_text import kept_of_branch
from schemas.event import ActorClass

_IMAGE: Final = "docker/image"
_MOST_PARENTS: Final = 5
_UNNAMED: Final = frozenset({"", "anonymous", "[anonymous]"})
_BY_HAND: Final = frozenset({None, "", "manual"})


def said_of(event: Event, context: Context) -> Said:
    """Return what all facts of an execution carry."""
    execution = event.content.execution
    trigger = execution.trigger or NO_TRIGGER
    application = execution.application or event.details.application
    return {
        "by": _actor(execution, trigger, context),
        "attributes": {
            "service": application,
            "project": f"{context.tool}/{application}" if application else None,
            "pipeline": execution.name,
            "branch": kept_of_branch(trigger.branch, context.pseudonym),
            "trigger": trigger.type,
        },
    }


def identity(execution: Execution) -> str:
    """Return the execution's id. Raises Untranslatable where it is missing."""
    if not execution.id:
        raise Untranslatable("content.execution.id is missing")
    return execution.id


def reasons(execution: Execution) -> list[Trigger]:
    """Return its trigger and those of the pipelines that triggered it, the nearest first."""
    found = [execution.trigger or NO_TRIGGER]
    while len(found) < _MOST_PARENTS and (parent := found[-1].parent) is not None and parent.trigger is not None:
        found.append(parent.trigger)
    return found


def commits(why: list[Trigger]) -> list[str]:
    """Return the commits of the nearest trigger that tells any; [] for none."""
    for reason in why:
        scm = (reason.build.scm if reason.build else None) or ()
        if found := [text for text in (reason.hash, *(source.sha1 for source in scm)) if text]:
            return found[:MOST_LINKS]
    return []


def images(artifacts: tuple[Artifact, ...] | None) -> list[str]:
    """Return the addresses of the images among some artifacts."""
    return [x.reference for x in artifacts or () if x.type == _IMAGE and x.reference]


def _actor(execution: Execution, trigger: Trigger, context: Context) -> Actor:
    """Return who runs it: a person where it was started by hand, else a bot."""
    if trigger.type not in _BY_HAND:
        return Actor(ActorClass.BOT)
    users = (trigger.user or "", (execution.authentication or NOBODY).user or "")
    user = next((user for user in users if user not in _UNNAMED), None)
    return UNKNOWN if user is None else Actor(classify(user), context.pseudonym(user[:MOST_CHARACTERS]))
