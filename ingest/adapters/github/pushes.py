"""GitHub pushes: the commits that reached a branch.

A commit belongs to the head of its push, the head before that (unless history was rewritten) to this one, and the last
head to the change that contains it; so what was pushed before a pull request was opened is part of it. Branches that
live on from change to change are left out: their heads do not belong together. On the default branch a push may land
several changes at once (a merge queue), so there a commit belongs to the merge commit that brought it, if any.

A push is the one delivery that tells which files a commit touched: its commits carry their paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import TRACKER, Repository, User, commit_link, full_name, owner_and_name
from ingest.facts import fact
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.kept_text import LONG_LIVED, kept_of_branch
from ingest.vocabulary.keys import branch_links, closed_issues, issue_links, key_links, keys_in_text, unique_links
from ingest.vocabulary.times import moment
from ingest.vocabulary.touched_paths import touched_paths
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import commit_uri

_HEADS: Final = "refs/heads/"
_QUEUE: Final = "gh-readonly-queue/"
_RELEASES: Final = ("release/", "releases/")
_NONE: Final = "0" * 40
_MERGE: Final = re.compile(r"Merge pull request #[1-9][0-9]{0,8} from ")
_SQUASH: Final = re.compile(r"[^\n]{0,1024} \(#[1-9][0-9]{0,8}\)(?:\r?\n|$)")
_REVERTED: Final = re.compile(r"^This reverts commit ([0-9a-f]{40})\b", re.MULTILINE)
_BY_GITHUB: Final = "web-flow"
_MESSAGE_CHARACTERS: Final = 65_536
_NO_FILES: Final = msgspec.Raw(b"[]")


class Person(Struct, frozen=True, gc=False):
    """The author or committer of a commit: read for its class, never kept."""

    username: str | None = None
    name: str | None = None


class Commit(Struct, frozen=True):
    """One commit of a push; `distinct` is false where an earlier push brought it already."""

    id: str
    timestamp: str
    message: str = ""
    distinct: bool = True
    author: Person | None = None
    committer: Person | None = None
    url: str | None = None
    added: msgspec.Raw = _NO_FILES
    removed: msgspec.Raw = _NO_FILES
    modified: msgspec.Raw = _NO_FILES


class PushBody(Struct, frozen=True):
    """A `push` delivery; `commits` are oldest first."""

    ref: str
    after: str
    repository: Repository
    before: str = _NONE
    forced: bool = False
    deleted: bool = False
    commits: tuple[Commit, ...] = ()
    sender: User | None = None


class Place(Struct, frozen=True):
    """Where commits arrived: what is the same for each commit of a push."""

    branch: str
    home: str
    links: tuple[Link, ...]
    attributes: dict[str, str | None]
    sender: User | None


_decode: Final = msgspec.json.Decoder(PushBody).decode


def push(body: bytes, context: Context) -> Translated:
    """`commit.created` for each new commit (`commit.landed` for a merge or squash commit made by GitHub)."""
    pushed = _decode(body)
    if not pushed.ref.startswith(_HEADS):
        return Ignored("push is of no branch")
    if pushed.deleted:
        return Ignored("push deleted a branch")
    branch = pushed.ref.removeprefix(_HEADS)
    if branch.startswith(_QUEUE):
        return Ignored("push is of a merge queue's own branch")
    repository = full_name(pushed.repository)
    is_default = branch == pushed.repository.default_branch
    place = Place(
        branch=branch,
        home=owner_and_name(repository),
        links=() if is_default else branch_links(branch),
        attributes={"repository": repository, "branch": kept_of_branch(branch, context.pseudonym)},
        sender=pushed.sender,
    )
    found = _landing(pushed) if is_default else _working(pushed)
    events = [_commit_fact(commit, position, links, place, context) for position, commit, links in found]
    return events or Ignored("push brought no new commit")


def _working(pushed: PushBody) -> Iterator[tuple[int, Commit, list[Link]]]:
    """Yield the new commits of a working branch; those it only took over from another branch belong there."""
    head = commit_link(pushed.after, LinkKind.PART_OF) if len(pushed.commits) > 1 else []
    for position, commit in enumerate(pushed.commits):
        if commit.distinct:
            yield position, commit, _head_before(pushed, commit) if commit.id == pushed.after else head


def _head_before(pushed: PushBody, head: Commit) -> list[Link]:
    """Return the link from a new head to the one that it follows; none where the two may not belong together."""
    branch = pushed.ref.removeprefix(_HEADS)
    lives_on = branch in LONG_LIVED or branch.startswith(_RELEASES)
    apart = pushed.forced or pushed.before == _NONE or lives_on or lands_change(head)
    return [] if apart else commit_link(pushed.before, LinkKind.CONTAINS)


def _landing(pushed: PushBody) -> Iterator[tuple[int, Commit, list[Link]]]:
    """Yield the commits that reached the default branch, newest first, each with the commit that brought it."""
    brought_by, merged = pushed.after, False
    for position in range(len(pushed.commits) - 1, -1, -1):
        commit = pushed.commits[position]
        if lands_change(commit):
            merged = bool(_MERGE.match(commit.message))
            brought_by = commit.id if merged else ""
            yield position, commit, []
        elif commit.distinct or merged or _is_by_github(commit):
            itself = commit.id == brought_by
            yield position, commit, [] if itself else commit_link(brought_by, LinkKind.PART_OF)


def lands_change(commit: Commit) -> bool:
    """Tell whether a commit was made by GitHub to land a pull request: its time says nothing of when work began."""
    message = commit.message
    if message.startswith("Merge"):
        return bool(_MERGE.match(message))
    return "(#" in message and _is_by_github(commit) and bool(_SQUASH.match(message))


def _is_by_github(commit: Commit) -> bool:
    return commit.committer is not None and commit.committer.username == _BY_GITHUB


def _commit_fact(commit: Commit, position: int, membership: list[Link], place: Place, context: Context) -> FlowEvent:
    message = commit.message[:_MESSAGE_CHARACTERS]
    reverted = _REVERTED.search(message) if "This reverts" in message else None
    return fact(
        context,
        "commit.landed" if lands_change(commit) else "commit.created",
        commit_uri(commit.id),
        moment(commit.timestamp, "commits[].timestamp"),
        told_apart=(place.branch,),
        order=position,
        url=commit.url,
        links=unique_links(
            [
                *membership,
                *place.links,
                *issue_links(TRACKER, closed_issues(message, place.home), LinkMethod.KEY_IN_MESSAGE),
                *key_links(keys_in_text(message), LinkMethod.KEY_IN_MESSAGE),
            ]
        ),
        by=_author(commit, place.sender, context),
        paths=_paths(commit, place.sender) if context.tells_paths else None,
        attributes={**place.attributes, "reverts": commit_uri(reverted[1])} if reverted else place.attributes,
    )


def _author(commit: Commit, sender: User | None, context: Context) -> Actor:
    """Return the author; the account id is known only where the author pushed."""
    if commit.author is None:
        return UNKNOWN
    login = commit.author.username or ""
    account = sender.id if sender is not None and login and sender.login == login else None
    return Actor(
        classify(login or commit.author.name or "", automated=login.endswith("[bot]")),
        context.pseudonym(str(account)) if account is not None else None,
    )


def _paths(commit: Commit, sender: User | None) -> str | None:
    return touched_paths((commit.added, commit.removed, commit.modified), _logins(commit, sender))


def _logins(commit: Commit, sender: User | None) -> Iterator[str | None]:
    if sender is not None:
        yield sender.login
    for person in (commit.author, commit.committer):
        if person is not None:
            yield person.username
