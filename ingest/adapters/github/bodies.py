"""The parts that GitHub's webhook bodies share, typed: only the fields that a translation needs."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.repositories import repository_of
from schemas.event import ActorClass, Link, LinkKind, LinkMethod
from schemas.identity import commit_uri

TRACKER: Final = "github"
"""The tracker part of an issue's uri: `ticket:github/acme/app/12`."""

_SHA: Final = re.compile(r"(?!0+$)(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")


class Repository(Struct, frozen=True, gc=False):
    """The repository a delivery is about; `html_url` tells its host."""

    html_url: str
    default_branch: str | None = None
    pushed_at: str | int | None = None


class User(Struct, frozen=True, gc=False):
    """An account; its login tells its class and is not kept."""

    id: int
    login: str = ""
    type: str = ""


class Named(Struct, frozen=True, gc=False):
    """Anything of which only the name matters: a label, an app, an issue type."""

    name: str = ""


def full_name(repository: Repository) -> str:
    """Return `host/owner/name`. Raises Untranslatable when the address is none."""
    found = repository_of(repository.html_url)
    if found is None:
        raise Untranslatable("repository.html_url is no repository's address")
    return found


def owner_and_name(host_owner_name: str) -> str:
    """Return `owner/name` of `host/owner/name`."""
    return host_owner_name.partition("/")[2]


def by(user: User | None, context: Context) -> Actor:
    """Return the class and keyed hash of an account; a deleted account (null) is unknown."""
    if user is None:
        return UNKNOWN
    return Actor(class_of(user), context.pseudonym(str(user.id)))


def class_of(user: User) -> ActorClass:
    """Return the class of an account."""
    return classify(user.login, automated=user.type == "Bot")


def card_uri(node_id: str) -> str:
    """Return `card:github/<node id>`: an issue on project boards, named by the id that boards and issues share."""
    return f"card:{TRACKER}/{node_id}"


def commit_link(sha: str | None, kind: LinkKind) -> list[Link]:
    """Return the link to a commit, or none where there is no full sha (an abbreviated one names no entity)."""
    if sha is None or _SHA.fullmatch(sha) is None:
        return []
    return [Link(uri=commit_uri(sha), kind=kind, method=LinkMethod.COMMIT)]
