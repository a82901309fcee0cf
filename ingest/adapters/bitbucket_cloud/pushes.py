"""Bitbucket Cloud pushes: the commits that reached each branch, newest first, of which at most five are listed.

A new branch's list may go on into the history it began at, so it ends at the first commit that landed a pull request;
of a list that is cut short, only the head counts, and its branch's name is not read.

Only a push tells the whole hash of the commit that a pull request became: it is a fact of the change, too.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.bitbucket_cloud.bodies import TRACKER, Account, Hash, Links, Repository, by, host_owner_name, page
from ingest.facts import check_size
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.named_tickets import message_tickets
from ingest.vocabulary.pushed_commits import Commit, Push, commit_facts

_LANDED: Final = re.compile(r"Merged in [^\n]{1,512} \(pull request #([1-9][0-9]{0,8})\)")
_BRANCHES: Final = frozenset({"branch", "named_branch"})


class Author(Struct, frozen=True, gc=False):
    """Who wrote a commit: an account where Bitbucket knows one, else a name and an address, which tell nothing."""

    raw: str | None = None
    user: Account | None = None
    uuid: str | None = None
    nickname: str | None = None


class Commit_(Struct, frozen=True):  # noqa: N801 - as it is in this body, beside the commit as a push has it
    """A commit of a push, or the head of a branch."""

    hash: str
    date: str | None = None
    message: str = ""
    author: Author | None = None
    parents: tuple[Hash, ...] | None = None
    links: Links | None = None


class Reference(Struct, frozen=True):
    """A branch or tag after a push."""

    name: str
    type: str = ""
    target: Commit_ | None = None


class Before(Struct, frozen=True):
    """A branch or tag before a push."""

    target: Hash | None = None


class Change(Struct, frozen=True):
    """What a push did to one branch or tag; `new` is null where it was deleted, `old` where it was made."""

    new: Reference | None = None
    old: Before | None = None
    commits: tuple[Commit_, ...] | None = None
    truncated: bool = False
    forced: bool = False


class Changes(Struct, frozen=True):
    """All that a push did."""

    changes: tuple[Change, ...]


class Body(Struct, frozen=True):
    """A `repo:push` delivery."""

    push: Changes
    repository: Repository


_decode: Final = msgspec.json.Decoder(Body).decode


def push(body: bytes, context: Context) -> Translated:
    """`commit.created` for each listed new commit; for one that landed a change `commit.landed` and `change.updated`.

    The change's fact has action `landed` and the link to the commit it became.
    """
    told = _decode(body)
    check_size(told.push.changes, "push.changes")
    repository = host_owner_name(told.repository)
    tickets = partial(message_tickets, TRACKER, told.repository.full_name)
    events = [
        event
        for change in told.push.changes
        if change.new is not None and change.new.target is not None and change.new.type in _BRANCHES
        for event in commit_facts(
            context,
            Push(
                repository=repository,
                branch=change.new.name,
                before=change.old.target.hash if change.old and change.old.target else "",
                after=change.new.target.hash,
                landed=_landed,
                tickets=tickets,
                is_forced=change.forced,
                is_cut=change.truncated,
                tells_changes=True,
            ),
            [_commit(commit, change.new.target, context) for commit in change.commits or ()],
        )
    ]
    return events or Ignored("push brought no new commit")


def _commit(told: Commit_, head: Commit_, context: Context) -> Commit:
    """Return a commit; the head's time is told beside it, too."""
    return Commit(
        sha=told.hash,
        at=told.date or (head.date if head.hash == told.hash else None),
        message=told.message,
        parents=tuple(parent.hash for parent in told.parents) if told.parents is not None else None,
        by=_author(told.author, context),
        url=page(told.links),
    )


def _author(author: Author | None, context: Context) -> Actor:
    if author is None:
        return UNKNOWN
    if author.user is not None:
        return by(author.user, context)
    if author.uuid:
        return by(Account(author.uuid, author.nickname), context)
    return Actor(classify((author.raw or "").partition(" <")[0]))


def _landed(message: str) -> str | None:
    found = _LANDED.match(message) if message.startswith("Merged in ") else None
    return found[1] if found else None
