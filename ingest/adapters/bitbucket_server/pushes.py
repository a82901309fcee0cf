"""Bitbucket Data Center pushes. Since version 8 they list the newest commits, five unless the site says otherwise.

An older server tells only the head, without its own time: the push's stands for it, and a new branch tells nothing.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.bitbucket_server.bodies import Repository, User, by, host_owner_name
from ingest.facts import check_size
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref
from ingest.vocabulary.keys import key_links, keys_in_text
from ingest.vocabulary.pushed_commits import Commit, Push, commit_facts
from schemas.event import Link, LinkMethod

_LANDED: Final = re.compile(r"(?:Merge pull request #|Pull request #)([1-9][0-9]{0,8})(?: in |: )")
_HEADS: Final = "refs/heads/"
_LISTED: Final = 5


class Parent(Struct, frozen=True, gc=False):
    """A commit's parent."""

    id: str


class Listed(Struct, frozen=True, rename="camel"):
    """A commit of a push; its time in milliseconds."""

    id: str
    author_timestamp: int | str | None = None
    message: str = ""
    author: User | None = None
    parents: tuple[Parent, ...] | None = None


class Change(Struct, frozen=True, rename="camel"):
    """What a push did to one reference: ADD, UPDATE or DELETE."""

    ref_id: str
    from_hash: str
    to_hash: str
    type: str


class Body(Struct, frozen=True):
    """A `repo:refs_changed` delivery; `commits` are newest first, those of one reference."""

    date: str
    repository: Repository
    changes: tuple[Change, ...]
    commits: tuple[Listed, ...] | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def refs_changed(body: bytes, context: Context) -> Translated:
    """`commit.created` for each listed new commit of a branch (`commit.landed` for one that landed a change)."""
    told = _decode(body)
    check_size(range(len(told.changes) * len(told.commits or ())), "changes")
    repository = host_owner_name(told.repository, context)
    events = [
        event
        for change in told.changes
        if change.ref_id.startswith(_HEADS) and change.type != "DELETE"
        for event in commit_facts(context, _push(repository, change, told), _commits(told, change, context))
    ]
    return events or Ignored("push tells no new commit")


def _push(repository: str, change: Change, told: Body) -> Push:
    is_new = change.type == "ADD"
    return Push(
        repository=repository,
        branch=branch_of_ref(change.ref_id) or "",
        before="" if is_new else change.from_hash,
        after=change.to_hash,
        landed=_landed,
        tickets=_tickets,
        is_cut=len(told.commits or ()) >= _LISTED,
    )


def _commits(told: Body, change: Change, context: Context) -> list[Commit]:
    """Return the commits listed for a reference; where there are none, the head of one that was there before."""
    if told.commits and told.commits[0].id == change.to_hash:
        return [_commit(listed, context) for listed in told.commits]
    return [] if change.type == "ADD" else [Commit(sha=change.to_hash, at=told.date)]


def _commit(listed: Listed, context: Context) -> Commit:
    return Commit(
        sha=listed.id,
        at=listed.author_timestamp,
        message=listed.message,
        parents=tuple(parent.id for parent in listed.parents) if listed.parents is not None else None,
        by=_author(listed.author, context),
    )


def _author(author: User | None, context: Context) -> Actor:
    """Return the author: an account where the server knows one, else a name out of the commit."""
    if author is None:
        return UNKNOWN
    return by(author, context) if author.id is not None else Actor(classify(author.name or ""))


def _landed(message: str) -> str | None:
    found = _LANDED.match(message)
    return found[1] if found else None


def _tickets(message: str) -> list[Link]:
    return key_links(keys_in_text(message), LinkMethod.KEY_IN_MESSAGE)
