"""The parts that Bitbucket Cloud's webhook bodies share, typed: only the fields that a translation needs."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.keys import closed_issues
from ingest.vocabulary.named_tickets import Tracker
from ingest.vocabulary.repositories import repository_of

TRACKER: Final = Tracker("bitbucket_cloud", closed_issues)
"""The tracker of issues: `ticket:bitbucket_cloud/acme/app/12`."""

HOST: Final = "bitbucket.org"

_APPS: Final = frozenset({"AppUser", "app_user"})


class Account(Struct, frozen=True, gc=False):
    """An account; its nickname tells its class and is not kept."""

    uuid: str | None = None
    nickname: str | None = None
    type: str | None = None


class Repository(Struct, frozen=True, gc=False):
    """The repository a delivery is about, `workspace/name`."""

    full_name: str


class Address(Struct, frozen=True, gc=False):
    """A link."""

    href: str = ""


class Links(Struct, frozen=True, gc=False):
    """The links of an entity: its page, and of a status its commit."""

    html: Address | None = None
    commit: Address | None = None


class Hash(Struct, frozen=True, gc=False):
    """A commit by its hash: whole in pushes, the first twelve digits in pull requests."""

    hash: str = ""


def host_owner_name(repository: Repository) -> str:
    """Return `bitbucket.org/owner/name`. Raises Untranslatable when the full name is none."""
    found = repository_of(f"https://{HOST}/{repository.full_name}") if "/" in repository.full_name else None
    if found is None:
        raise Untranslatable("repository.full_name is no repository's name")
    return found


def by(account: Account | None, context: Context) -> Actor:
    """Return the class and keyed hash of an account; one that is gone (null) is unknown."""
    if account is None:
        return UNKNOWN
    kind = classify(account.nickname or "", automated=account.type in _APPS)
    return Actor(kind, context.pseudonym(account.uuid) if account.uuid else None)


def page(links: Links | None) -> str | None:
    """Return the address of an entity's page."""
    return links.html.href if links and links.html else None
