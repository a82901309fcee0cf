"""Azure Repos pushes: the commits that a push introduced, newest first, without their parents."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.adapters.azure_devops.bodies import (
    TRACKER,
    Containers,
    Identity,
    Named,
    class_of_name,
    full_name,
    organisation,
    project_of,
)
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.named_tickets import message_tickets
from ingest.vocabulary.pushed_commits import Commit, Push, commit_facts

_LANDED: Final = re.compile(r"Merged PR ([1-9][0-9]{0,8}): ")
_HEADS: Final = "refs/heads/"
_NONE: Final = "0" * 40


class Person(Struct, frozen=True, gc=False):
    """Who wrote a commit, and when."""

    date: str | None = None
    name: str | None = None
    email: str | None = None


class Listed(Struct, frozen=True, rename="camel"):
    """A commit of a push."""

    commit_id: str
    author: Person | None = None
    comment: str = ""


class Update(Struct, frozen=True, rename="camel"):
    """What a push did to one reference; an object id of zeros stands for none."""

    name: str
    old_object_id: str
    new_object_id: str


class Repository(Struct, frozen=True, rename="camel"):
    """The repository; its clone address names it."""

    remote_url: str | None = None
    default_branch: str | None = None
    project: Named | None = None


class Resource(Struct, frozen=True, rename="camel"):
    """A push."""

    repository: Repository
    ref_updates: tuple[Update, ...] = ()
    commits: tuple[Listed, ...] | None = None
    pushed_by: Identity | None = None


class Body(Struct, frozen=True, rename="camel"):
    """A `git.push` delivery."""

    resource: Resource
    resource_containers: Containers | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def push(body: bytes, context: Context) -> Translated:
    """`commit.created` for each new commit (`commit.landed` for one that landed a pull request)."""
    told = _decode(body)
    pushed = told.resource
    updates = [one for one in pushed.ref_updates if one.name.startswith(_HEADS) and one.new_object_id != _NONE]
    if not updates or not pushed.commits:
        return Ignored("push brought no new commit to a branch")
    address = pushed.repository.remote_url
    repository = full_name(address)
    if repository is None:
        raise Untranslatable("repository.remoteUrl is no repository's address")
    update = next((one for one in updates if one.new_object_id == pushed.commits[0].commit_id), updates[0])
    arrived = Push(
        repository=repository,
        project=project_of(pushed.repository.project),
        branch=update.name.removeprefix(_HEADS),
        before="" if update.old_object_id == _NONE else update.old_object_id,
        after=update.new_object_id,
        landed=_landed,
        tickets=partial(message_tickets, TRACKER, organisation(told.resource_containers, address)),
        is_default=update.name == pushed.repository.default_branch,
    )
    commits = [_commit(listed, pushed.pushed_by, context) for listed in pushed.commits]
    return commit_facts(context, arrived, commits) or Ignored("push brought no new commit to a branch")


def _commit(listed: Listed, pushed_by: Identity | None, context: Context) -> Commit:
    author = listed.author
    return Commit(
        sha=listed.commit_id,
        at=author.date if author else None,
        message=listed.comment,
        by=_author(author, pushed_by, context),
    )


def _author(author: Person | None, pushed_by: Identity | None, context: Context) -> Actor:
    """Return the author; the account is known only where the author pushed."""
    if author is None:
        return UNKNOWN
    email = author.email or ""
    own = pushed_by if pushed_by is not None and (pushed_by.unique_name or "").lower() == email.lower() != "" else None
    account = context.pseudonym(own.id) if own is not None and own.id else None
    return Actor(class_of_name(author.name or "", email), account)


def _landed(message: str) -> str | None:
    found = _LANDED.match(message)
    return found[1] if found else None
