"""The bodies of Jira's webhooks, typed: only the fields that a translation needs."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct


class Named(Struct, frozen=True, gc=False):
    """Anything of which only the name matters."""

    name: str = ""


class IssueType(Struct, frozen=True, gc=False):
    """A type of issues; Cloud says its level: 0 for work, above it what holds work, -1 for a part of it."""

    name: str = ""
    level: int | None = msgspec.field(name="hierarchyLevel", default=None)


class Category(Struct, frozen=True, gc=False):
    """A status category: new, indeterminate or done, whatever the site calls its statuses."""

    key: str = ""


class Status(Struct, frozen=True, gc=False):
    """A status with its category (Server before 7 sends none)."""

    id: str = ""
    name: str = ""
    category: Category | None = msgspec.field(name="statusCategory", default=None)


class Keyed(Struct, frozen=True, gc=False):
    """Anything with a key: a project, a parent, a linked issue."""

    key: str = ""


class IssueLink(Struct, frozen=True, gc=False):
    """A link between issues, in either direction."""

    inward: Keyed | None = msgspec.field(name="inwardIssue", default=None)
    outward: Keyed | None = msgspec.field(name="outwardIssue", default=None)


class Fields(Struct, frozen=True):
    """The needed fields of an issue; its texts are not read.

    `epic` is whatever the site keeps under that number: the epic's key on most, any custom field on another.
    """

    status: Status | None = None
    issuetype: IssueType | None = None
    created: str | int | None = None
    updated: str | int | None = None
    labels: tuple[str, ...] | None = None
    project: Keyed | None = None
    parent: Keyed | None = None
    epic: Any = msgspec.field(name="customfield_10014", default=None)
    links: tuple[IssueLink, ...] | None = msgspec.field(name="issuelinks", default=None)
    resolution: Named | None = None
    priority: Named | None = None


class Issue(Struct, frozen=True):
    """An issue; `self` tells its site."""

    key: str
    fields: Fields = Fields()
    self: str | None = None


class User(Struct, frozen=True, gc=False):
    """Who did it: Cloud says an account id, Server a key; the name is read for bots and not kept."""

    account_id: str | None = msgspec.field(name="accountId", default=None)
    key: str | None = None
    name: str | None = None
    account_type: str | None = msgspec.field(name="accountType", default=None)
    display_name: str | None = msgspec.field(name="displayName", default=None)


class Item(Struct, frozen=True, gc=False):
    """One changed field; of a sprint `to` holds the ids, newest last (`12, 15`)."""

    field: str = ""
    from_text: str | None = msgspec.field(name="fromString", default=None)
    to: str | None = None
    to_text: str | None = msgspec.field(name="toString", default=None)


class Changelog(Struct, frozen=True):
    """What an update changed; its id is the site's own sequence."""

    id: str | int | None = None
    items: tuple[Item, ...] = ()


class Body(Struct, frozen=True):
    """An issue's delivery."""

    issue: Issue
    timestamp: int | str | None = None
    user: User | None = None
    changelog: Changelog | None = None
