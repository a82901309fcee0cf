"""The parts that GitLab's webhook bodies share, typed: only the fields that a translation needs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.adapters.gitlab.closing import closed_issues
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.named_tickets import Tracker
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.work_kinds import MOST_LABELS, work_kind
from schemas.event import ActorClass

TRACKER: Final = Tracker("gitlab", closed_issues)
"""GitLab's issues: `ticket:gitlab/acme/shop/checkout/12`."""

_TOKENS_BOT: Final = re.compile(r"(?:project|group)_[0-9]{1,19}_bot(?:_[0-9a-z]{1,64})?|service_account_\w{1,255}")
_AGENTS: Final = frozenset({"gitlabduo"})
_GONE: Final = "ghost"
_LONGEST: Final = 256


class Project(Struct, frozen=True, gc=False):
    """The project a delivery is about."""

    web_url: str
    default_branch: str | None = None


class User(Struct, frozen=True, gc=False):
    """An account; its username tells its class and is not kept. Old versions send no id."""

    id: int | None = None
    username: str = ""


class Label(Struct, frozen=True, gc=False):
    """A label."""

    title: str = ""


class Changed(Struct, frozen=True, gc=False):
    """Anything of which only matters that it changed."""


def full_name(project: Project) -> str:
    """Return `host/group/.../name`. Raises Untranslatable when the address is none."""
    found = repository_of(project.web_url)
    if found is None:
        raise Untranslatable("project.web_url is no project's address")
    return found


def path_of(host_and_path: str) -> str:
    """Return `group/.../name` of `host/group/.../name`."""
    return host_and_path.partition("/")[2]


def by(user: User | None, context: Context) -> Actor:
    """Return the class and keyed hash of an account; a deleted account is unknown."""
    if user is None or user.username == _GONE:
        return UNKNOWN
    return Actor(class_of(user.username), context.pseudonym(str(user.id)) if user.id is not None else None)


def class_of(username: str) -> ActorClass:
    """Return the class of an account: access tokens and service accounts act under names of their own."""
    return _class_of(username[:_LONGEST])


@lru_cache(maxsize=4096)
def _class_of(username: str) -> ActorClass:
    if username.lower() in _AGENTS:
        return ActorClass.AGENT
    return classify(username, automated=_TOKENS_BOT.fullmatch(username) is not None)


def told_by_labels(before: tuple[Label, ...], after: tuple[Label, ...]) -> list[tuple[str, str]]:
    """Return what changed among labels: (`labeled` or `unlabeled`, the label), those that came first."""
    old = dict.fromkeys(label.title for label in before[:MOST_LABELS])
    new = dict.fromkeys(label.title for label in after[:MOST_LABELS])
    came = [("labeled", title) for title in new if title not in old]
    return came + [("unlabeled", title) for title in old if title not in new]


def tells_kind(title: str) -> bool:
    """Tell whether a label tells the kind of work."""
    return work_kind(labels=(title,)) is not None
