"""The bodies of Azure Boards' work items, typed: only the fields that a translation needs."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ingest.adapters.azure_devops.bodies import Containers, Identity, Links


class Fields(Struct, frozen=True):
    """The needed fields of a work item; the title tells the kind of work where nothing else does, and is not kept."""

    project: str | None = msgspec.field(name="System.TeamProject", default=None)
    type: str | None = msgspec.field(name="System.WorkItemType", default=None)
    state: str | None = msgspec.field(name="System.State", default=None)
    created: str | None = msgspec.field(name="System.CreatedDate", default=None)
    changed: str | None = msgspec.field(name="System.ChangedDate", default=None)
    changed_by: Any = msgspec.field(name="System.ChangedBy", default=None)
    title: str | None = msgspec.field(name="System.Title", default=None)
    tags: str | None = msgspec.field(name="System.Tags", default=None)
    parent: int | str | None = msgspec.field(name="System.Parent", default=None)
    column: str | None = msgspec.field(name="System.BoardColumn", default=None)
    priority: int | float | str | None = msgspec.field(name="Microsoft.VSTS.Common.Priority", default=None)


class Turn(Struct, frozen=True, rename="camel"):
    """The values of a changed field; one that was or became empty is missing."""

    old_value: Any = None
    new_value: Any = None


class Turns(Struct, frozen=True):
    """The changed fields of an update, as far as a rule can read them."""

    state: Turn | None = msgspec.field(name="System.State", default=None)
    changed: Turn | None = msgspec.field(name="System.ChangedDate", default=None)
    closed: Turn | None = msgspec.field(name="Microsoft.VSTS.Common.ClosedDate", default=None)
    column: Turn | None = msgspec.field(name="System.BoardColumn", default=None)
    type: Turn | None = msgspec.field(name="System.WorkItemType", default=None)
    tags: Turn | None = msgspec.field(name="System.Tags", default=None)
    priority: Turn | None = msgspec.field(name="Microsoft.VSTS.Common.Priority", default=None)
    assignee: Turn | None = msgspec.field(name="System.AssignedTo", default=None)
    blocked: Turn | None = msgspec.field(name="Microsoft.VSTS.CMMI.Blocked", default=None)


class Relation(Struct, frozen=True):
    """A relation to something: another work item, a commit, an attachment."""

    url: str | None = None


class Relations(Struct, frozen=True):
    """The relations that an update made."""

    added: tuple[Relation, ...] | None = None


class Item(Struct, frozen=True):
    """A work item as it stands."""

    id: int | str
    rev: int | str | None = None
    fields: Fields = Fields()
    url: str | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Update(Struct, frozen=True, rename="camel"):
    """An update; `revision` is the item after it, which settings of the hook may leave out."""

    work_item_id: int | str
    rev: int | str | None = None
    revised_by: Identity | None = None
    fields: Turns = Turns()
    relations: Relations | None = None
    revision: Item | None = None
    url: str | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class ItemBody(Struct, frozen=True, rename="camel"):
    """A delivery of an item that was made, deleted or restored."""

    resource: Item
    created_date: str | None = None
    resource_containers: Containers | None = None


class UpdateBody(Struct, frozen=True, rename="camel"):
    """A delivery of an update."""

    resource: Update
    created_date: str | None = None
    resource_containers: Containers | None = None
