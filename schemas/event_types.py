"""The event types in the fixed order that breaks ties of time: what must come first for a reader stands first.

CDEvents 0.5 `subject.predicate`; what CDEvents lacks is ours under the same grammar and marked so.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

LINK_ASSERTED: Final = "link.asserted"
"""Somebody says that a subject is linked to another entity, whatever the tools say."""

LINK_DENIED: Final = "link.denied"
"""Somebody says that it is not."""

LINK_TOLD: Final = "link.told"
"""A tool says nothing but that a subject is linked to another entity."""

OURS: Final = MappingProxyType(
    {
        "commit.created": "a commit was authored (seen in a push); occurs at its author time",
        "commit.landed": "a commit that a tool made to land a change reached a branch, or one an imported main line",
        "change.readied": "a draft change became ready for review, or a closed one was opened again",
        "deployment.queued": "a deployment was asked for",
        "deployment.started": "a deployment began to run",
        "feature.exposed": "a flag lets people of an environment have a feature, or another share of them",
        "feature.withdrawn": "a flag lets nobody of an environment have a feature any more",
        "incident.updated": "what is known of an incident changed: its service, environment or cause",
        "activity.queued": "an imported log's activity was put where it waits to begin",
        "activity.started": "an imported log's activity began",
        "activity.suspended": "an imported log's activity was interrupted",
        "activity.resumed": "an imported log's activity went on after an interruption",
        "activity.finished": "an imported log's activity ended",
        LINK_TOLD: "a tool says that the subject is linked to the target, and nothing else of it",
        LINK_ASSERTED: "somebody corrected the subject's links: it is linked to the target",
        LINK_DENIED: "somebody corrected the subject's links: it is not linked to the target",
    }
)
"""Types that CDEvents lacks, with their meaning."""

RANKED: Final = (
    "repository.created", "repository.modified", "repository.deleted", "branch.created",
    "environment.created", "environment.modified", "environment.deleted",
    "ticket.created", "ticket.updated",
    "commit.created",
    "change.created", "change.readied", "change.updated", "change.reviewed",
    "approval.created", "approval.updated", "approval.closed",
    "pipelinerun.queued", "pipelinerun.started", "taskrun.started", "taskrun.finished",
    "build.queued", "build.started", "build.finished",
    "testsuiterun.queued", "testsuiterun.started", "testsuiterun.finished",
    "testcaserun.queued", "testcaserun.started", "testcaserun.finished", "testcaserun.skipped", "testoutput.published",
    "pipelinerun.finished",
    "change.merged", "commit.landed", "change.abandoned",
    "branch.deleted",
    "artifact.packaged", "artifact.signed", "artifact.published", "artifact.downloaded", "artifact.deleted",
    "deployment.queued", "deployment.started",
    "service.deployed", "service.upgraded", "service.rolledback", "service.published", "service.removed",
    "feature.exposed", "feature.withdrawn",
    "incident.detected", "incident.reported", "incident.updated", "incident.resolved",
    "activity.queued", "activity.started", "activity.suspended", "activity.resumed", "activity.finished",
    "ticket.closed",
    LINK_TOLD, LINK_ASSERTED, LINK_DENIED,
)  # fmt: skip
"""Every type the product gives a meaning to, in tie-breaking order; any other type ranks after them all."""

RANK: Final = MappingProxyType({name: rank for rank, name in enumerate(RANKED)})


def rank(event_type: str) -> int:
    """Return the tie-breaking rank of a type; unknown types share the last one."""
    return RANK.get(event_type, len(RANKED))
