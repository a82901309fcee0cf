"""The parts that Gitea's and Forgejo's webhook bodies share, typed: only the fields that a translation needs.

Go writes an empty list as null, and a time that has not come yet as the year 1 or as the begin of 1970, in any zone.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.keys import closed_issues
from ingest.vocabulary.named_tickets import Tracker
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.work_kinds import MOST_LABELS
from schemas.event import ActorClass

TRACKER: Final = Tracker("gitea", closed_issues)
"""Gitea's issues, and Forgejo's: `ticket:gitea/acme/checkout/12`."""

_UNSET: Final = ("0001-", "1969-12-31T", "1970-01-01T")


class Repository(Struct, frozen=True, gc=False):
    """The repository a delivery is about; `html_url` tells its host."""

    html_url: str
    default_branch: str | None = None


class User(Struct, frozen=True, gc=False):
    """An account; its login tells its class and is not kept. Accounts that are gone have ids below 1."""

    id: int
    login: str = ""


class Label(Struct, frozen=True, gc=False):
    """A label."""

    name: str = ""


def full_name(repository: Repository) -> str:
    """Return `host/owner/name`. Raises Untranslatable when the address is none."""
    found = repository_of(repository.html_url)
    if found is None:
        raise Untranslatable("repository.html_url is no repository's address")
    return found


def home_of(host_owner_name: str) -> str:
    """Return `owner/name` of `host/owner/name`."""
    return host_owner_name.partition("/")[2]


def by(user: User | None, context: Context) -> Actor:
    """Return the class and keyed hash of an account; -1 is the ghost of one that is gone, -2 Gitea's own actions."""
    if user is None or user.id == -1:
        return UNKNOWN
    return Actor(class_of(user), context.pseudonym(str(user.id)))


def class_of(user: User) -> ActorClass:
    """Return the class of an account."""
    return classify(user.login, automated=user.id < 0)


def labels_of(labels: tuple[Label, ...] | None) -> list[str]:
    """Return the names of labels, as many as are read."""
    return [label.name for label in (labels or ())[:MOST_LABELS]]


def told(time: str | None) -> str | None:
    """Return a time that has come; None for one that is not set."""
    return None if time is None or time.startswith(_UNSET) else time
