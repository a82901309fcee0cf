"""The bodies of Linear's webhooks, typed: only the fields that a translation needs."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType

Was = str | UnsetType | None
"""What a property was before: unset where it did not change."""


class Named(Struct, frozen=True, gc=False):
    """A state or a label."""

    id: str = ""
    name: str = ""
    type: str = ""


class Team(Struct, frozen=True, gc=False):
    """The team an issue belongs to; its key begins the issue's identifier."""

    key: str = ""


class Cycle(Struct, frozen=True, gc=False):
    """The cycle an issue is planned for."""

    number: float | None = None


class Issue(Struct, frozen=True):
    """An issue; its title tells the kind of work where no label does, and is not kept."""

    created_at: str | None = msgspec.field(name="createdAt", default=None)
    identifier: str = ""
    number: int | None = None
    team: Team | None = None
    title: str = ""
    state: Named | None = None
    labels: tuple[Named, ...] | None = None
    priority_label: str | None = msgspec.field(name="priorityLabel", default=None)
    estimate: float | None = None
    cycle: Cycle | None = None
    project_id: str | None = msgspec.field(name="projectId", default=None)
    previous: tuple[str, ...] | None = msgspec.field(name="previousIdentifiers", default=None)
    archived_at: str | None = msgspec.field(name="archivedAt", default=None)
    trashed: bool | None = None


class Before(Struct, frozen=True):
    """The properties that an update changed, as they were; any other change is passed over."""

    state: Was = msgspec.field(name="stateId", default=UNSET)
    labels: tuple[str, ...] | UnsetType | None = msgspec.field(name="labelIds", default=UNSET)
    assignee: Was = msgspec.field(name="assigneeId", default=UNSET)
    delegate: Was = msgspec.field(name="delegateId", default=UNSET)
    priority: float | UnsetType | None = UNSET
    cycle: Was = msgspec.field(name="cycleId", default=UNSET)
    project: Was = msgspec.field(name="projectId", default=UNSET)
    previous: tuple[str, ...] | UnsetType | None = msgspec.field(name="previousIdentifiers", default=UNSET)
    archived: Was = msgspec.field(name="archivedAt", default=UNSET)
    trashed: bool | UnsetType | None = UNSET


class User(Struct, frozen=True, gc=False):
    """Who did it: a user, an integration or an OAuth client; name and address tell an app and are not kept."""

    id: str | None = None
    type: str = "user"
    name: str | None = None
    service: str | None = None
    email: str | None = None


class Body(Struct, frozen=True):
    """A delivery about an issue; `createdAt` is when it was changed."""

    action: str
    data: Issue
    at: str | None = msgspec.field(name="createdAt", default=None)
    url: str | None = None
    before: Before | None = msgspec.field(name="updatedFrom", default=None)
    actor: User | None = None
