"""The bodies of GitLab's issues and other work items, typed: only the fields that a translation needs."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ingest.adapters.gitlab.bodies import Changed, Label, Project, User
from ingest.vocabulary.times import Moment, moment


class WorkItem(Struct, frozen=True):
    """An issue or another work item; its title tells the kind of work where nothing else does, and is not kept."""

    iid: int
    created_at: str
    updated_at: str
    action: str = ""
    state: str = ""
    type: str | None = None
    title: str = ""
    closed_at: str | None = None
    moved_to_id: int | None = None
    duplicated_to_id: int | None = None
    severity: str | None = None
    url: str | None = None
    labels: tuple[Label, ...] | None = None


class Labels(Struct, frozen=True):
    """The labels before and after."""

    previous: tuple[Label, ...] = ()
    current: tuple[Label, ...] = ()


class Turn(Struct, frozen=True, gc=False):
    """A status before and after: a word, or an object that has a name."""

    previous: Any = None
    current: Any = None


class Changes(Struct, frozen=True):
    """What changed; of assignees only that they did. An incident's status is the one by which people are called."""

    labels: Labels | None = None
    assignees: Changed | None = None
    status: Turn | None = None
    escalation_status: Turn | None = None


class Body(Struct, frozen=True):
    """An `issue` delivery; a work item of a group has no project."""

    object_attributes: WorkItem
    project: Project | None = None
    user: User | None = None
    changes: Changes | None = None


class Told(Struct, frozen=True, kw_only=True):
    """One fact to tell of a work item."""

    event_type: str
    at: Moment
    state: str | None
    action: str
    label: str = ""
    came_from: str | None = None
    resolution: str | None = None


def word(status: object) -> str | None:
    """Return the word of a status; None for none."""
    name = status.get("name") if isinstance(status, dict) else status
    return name if isinstance(name, str) and name else None


def updated_at(body: Body) -> Moment:
    """Return when a work item was last changed."""
    return moment(body.object_attributes.updated_at, "object_attributes.updated_at")
