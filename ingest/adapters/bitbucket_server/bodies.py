"""The parts that Bitbucket Data Center's webhook bodies share, typed: only the fields that a translation needs."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ingest.adapter import Context
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.repositories import repository_of


class User(Struct, frozen=True, gc=False):
    """An account; its user name tells its class and is not kept. A commit's author may be none: then without an id."""

    id: int | None = None
    name: str | None = None
    type: str | None = None


class Address(Struct, frozen=True, gc=False):
    """A link."""

    href: str | None = None


class Links(Struct, frozen=True, gc=False):
    """The links of an entity, each in a list; what a server does not tell is null or missing."""

    own: tuple[Address | None, ...] = msgspec.field(name="self", default=())


class Project(Struct, frozen=True, gc=False):
    """A project by its key, a person's own by `~` and the user name."""

    key: str


class Repository(Struct, frozen=True, gc=False):
    """A repository; its links tell the host."""

    slug: str
    project: Project
    links: Links | None = None


def address(links: Links | None) -> str | None:
    """Return the address of an entity's page."""
    first = links.own[0] if links and links.own else None
    return first.href if first else None


def host_owner_name(repository: Repository, context: Context) -> str:
    """Return `host/project/name` in lower case, as clone addresses have it; the source where no link tells a host."""
    named = f"{repository.project.key}/{repository.slug}".lower()
    host = (address(repository.links) or "").partition("//")[2].partition("/")[0]
    return (repository_of(f"https://{host}/{named}") if host else None) or f"{context.source}/{named}"


def by(user: User | None, context: Context) -> Actor:
    """Return the class and keyed hash of an account."""
    if user is None:
        return UNKNOWN
    account = None if user.id is None else context.pseudonym(str(user.id))
    return Actor(classify(user.name or "", automated=user.type == "SERVICE"), account)
