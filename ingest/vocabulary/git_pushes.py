"""The commits of a push, where the tool tells neither which of them are new nor whether history was rewritten; pure.

GitLab, Gitea and Forgejo list all commits between the old head and the new one: after a rebase or a merge of the trunk
into a branch, the trunk's among them. So of a working branch only those count that stand together at its end: from the
head down, of the head's author, above the last one that landed a change or took another branch over. On the default
branch all count, each with the merge commit that brought it, if any.

As among GitHub's, a commit belongs to the head of its push, and the head before that to this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context
from ingest.facts import check_size, fact
from ingest.vocabulary.actors import Actor
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.kept_text import LONG_LIVED, kept_of_branch
from ingest.vocabulary.keys import branch_links, unique_links
from ingest.vocabulary.named_tickets import Tracker, message_tickets
from ingest.vocabulary.times import moment
from ingest.vocabulary.touched_paths import touched_paths
from schemas.event import FlowEvent, Link, LinkKind
from schemas.identity import commit_uri

HEADS: Final = "refs/heads/"
"""What the reference of a branch begins with."""

_RELEASES: Final = ("release/", "releases/")
_NO_COMMIT: Final = re.compile("0*")
_TAKES_OVER: Final = re.compile(r"Merge (?:remote-tracking )?branch(?:es)? '")
_REVERTED: Final = re.compile(r"^This reverts commit ([0-9a-f]{40})\b", re.MULTILINE)
_MESSAGE_CHARACTERS: Final = 65_536
_NO_FILES: Final = msgspec.Raw(b"[]")
_NULL: Final = msgspec.Raw(b"null")

Told = tuple[int, "Commit", tuple[Link, ...]]
"""A commit that counts: its place in the delivery, itself, and what it is linked to by the push."""


class Person(Struct, frozen=True):
    """The author of a commit: read for their class and to tell authors apart, never kept."""

    name: str | None = None
    email: str | None = None
    username: str | None = None


class Commit(Struct, frozen=True):
    """One commit of a push; its message is read for keys and reverts and not kept."""

    id: str
    timestamp: str
    message: str = ""
    author: Person | None = None
    url: str | None = None
    added: msgspec.Raw = _NO_FILES
    removed: msgspec.Raw = _NO_FILES
    modified: msgspec.Raw = _NO_FILES


class Push(Struct, frozen=True, kw_only=True):
    """A push to a branch of `repository` (`host/owner/name`); `commits` are oldest first.

    `lands` tells whether a message is of a commit that the tool made to land a change; `reverts` names the change that
    a message takes back, if any. `only_head`: of the commits only the head is known to be new. `login` is the pusher's:
    no path may hold it, nor the author's.
    """

    repository: str
    branch: str
    before: str
    after: str
    commits: Sequence[Commit]
    on_default: bool
    tracker: Tracker
    lands: Callable[[str], bool]
    reverts: Callable[[str, str], str | None]
    author: Callable[[Commit], Actor]
    login: str | None = None
    only_head: bool = False


def is_none(sha: str) -> bool:
    """Tell whether a sha is the one of no commit: all zeros."""
    return _NO_COMMIT.fullmatch(sha) is not None


def commit_facts(push: Push, context: Context) -> list[FlowEvent]:
    """Return a fact for each commit that counts, newest first; [] for none."""
    found = _landing(push) if push.on_default else _working(push)
    named = () if push.on_default else branch_links(push.branch)
    check_size(push.commits, "commits")
    attributes = {"repository": push.repository, "branch": kept_of_branch(push.branch, context.pseudonym)}
    return [_commit_fact(push, told, named, attributes, context) for told in found]


def _working(push: Push) -> Iterator[Told]:
    for position, commit in _own(push):
        if commit.id == push.after:
            yield position, commit, _head_before(push, commit)
        else:
            yield position, commit, commit_links(push.after)


def _own(push: Push) -> Iterator[tuple[int, Commit]]:
    """Yield the commits that stand together at a branch's end, newest first."""
    for position in range(len(push.commits) - 1, -1, -1):
        commit = push.commits[position]
        if push.lands(commit.message) or commit.author != push.commits[-1].author:
            return
        yield position, commit
        if push.only_head or _TAKES_OVER.match(commit.message):
            return


def _head_before(push: Push, head: Commit) -> tuple[Link, ...]:
    """Return the link from a new head to the one that it follows; none where the two may not belong together."""
    lives_on = push.branch in LONG_LIVED or push.branch.startswith(_RELEASES)
    apart = lives_on or is_none(push.before) or push.before == head.id
    return () if apart else commit_links(push.before, LinkKind.CONTAINS)


def _landing(push: Push) -> Iterator[Told]:
    """Yield the commits that reached the default branch, newest first, each with the commit that brought it."""
    brought_by = push.after
    for position in range(len(push.commits) - 1, -1, -1):
        commit = push.commits[position]
        if push.lands(commit.message):
            brought_by = commit.id if commit.message.startswith("Merge") else ""
            yield position, commit, ()
        else:
            yield position, commit, () if commit.id == brought_by else commit_links(brought_by)


def _commit_fact(
    push: Push, told: Told, named: tuple[Link, ...], attributes: dict[str, str | None], context: Context
) -> FlowEvent:
    position, commit, membership = told
    message = commit.message[:_MESSAGE_CHARACTERS]
    home = push.repository.partition("/")[2]
    reverted = _reverted(push, message) if "This reverts" in message else None
    return fact(
        context,
        "commit.landed" if push.lands(message) else "commit.created",
        commit_uri(commit.id),
        moment(commit.timestamp, "commits[].timestamp"),
        told_apart=(push.branch,),
        order=position,
        url=commit.url,
        links=unique_links([*membership, *named, *message_tickets(push.tracker, home, message)]),
        by=push.author(commit),
        paths=_paths(commit, push.login) if context.tells_paths else None,
        attributes={**attributes, "reverts": reverted} if reverted else attributes,
    )


def _reverted(push: Push, message: str) -> str | None:
    found = _REVERTED.search(message)
    return commit_uri(found[1]) if found else push.reverts(message, push.repository)


def _paths(commit: Commit, login: str | None) -> str | None:
    lists = [_NO_FILES if raw == _NULL else raw for raw in (commit.added, commit.removed, commit.modified)]
    return touched_paths(lists, (login, commit.author.username if commit.author else None))
