"""The commits that reached a branch, of any tool whose pushes list them newest first; pure.

A commit belongs to the head of its push, and the head before that (unless history was rewritten) to this one. On a
branch that lives on, a push may land changes: there a commit belongs to the one that a tool made to land it, and that
one to the change whose number its message holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.facts import check_size, fact
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.code_links import change_links, commit_links
from ingest.vocabulary.kept_text import LONG_LIVED, kept_of_branch
from ingest.vocabulary.keys import branch_links, unique_links
from ingest.vocabulary.times import moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import change_uri, commit_uri

_RELEASES: Final = ("release/", "releases/")
_REVERTED: Final = re.compile(r"^This reverts commit ([0-9a-f]{40})\b", re.MULTILINE)
_MESSAGE_CHARACTERS: Final = 65_536


class Commit(Struct, frozen=True):
    """One commit of a push; `at` is when it was authored (None: not told), `parents` are None where not told."""

    sha: str
    at: str | int | None
    message: str = ""
    parents: tuple[str, ...] | None = None
    by: Actor = UNKNOWN
    url: str | None = None


class Push(Struct, frozen=True, kw_only=True):
    """Where commits arrived; `before` is '' for a new branch. `is_default`: it is the repository's default branch.

    `is_cut`: the tool lists only the newest commits. `tells_changes`: nothing else tells which commit a change became.

    `landed` returns the number of the change that a commit of this message landed; `tickets` the links to the tickets
    that it names.
    """

    repository: str
    branch: str
    before: str
    after: str
    landed: Callable[[str], str | None]
    tickets: Callable[[str], Sequence[Link]]
    project: str | None = None
    is_default: bool = False
    is_forced: bool = False
    is_cut: bool = False
    tells_changes: bool = False


Found = tuple[int, Commit, str | None, Sequence[Link]]
"""The commit's place in the list, the commit, the number of the change it landed, and what it belongs to."""


def lives_on(branch: str) -> bool:
    """Tell whether a branch lives on from change to change: its heads do not belong together."""
    return branch in LONG_LIVED or branch.startswith(_RELEASES)


def commit_facts(context: Context, push: Push, commits: Sequence[Commit]) -> list[FlowEvent]:
    """Return a fact for each new commit of a push, newest first; a commit whose time is not told has none.

    `commit.landed` for a commit that a tool made to land a change, else `commit.created`; at its author's time. Where
    asked for, `change.updated` with action `landed` of each change that landed.
    """
    check_size(commits, "commits")
    is_trunk = push.is_default or lives_on(push.branch)
    found, is_sure = (list(_landing(push, commits)), False) if is_trunk else _working(push, commits)
    links = branch_links(push.branch) if is_sure else ()
    branch = kept_of_branch(push.branch, context.pseudonym)
    attributes = {"repository": push.repository, "project": push.project, "branch": branch}
    last = len(commits) - 1
    told = [one for one in found if one[1].at is not None]
    events = [_commit_fact(context, push, one[1], last - one[0], one[2], (*one[3], *links), attributes) for one in told]
    landed = [(one[1], one[2]) for one in told if one[2] is not None] if push.tells_changes else []
    return [*events, *(_landed_fact(context, push, commit, change) for commit, change in landed)]


def _landed_fact(context: Context, push: Push, commit: Commit, change: str) -> FlowEvent:
    """Return what a push tells of a change that landed: the commit that it became, the same on every branch."""
    return fact(
        context,
        "change.updated",
        change_uri(push.repository, change),
        moment(commit.at, "a commit's time"),
        told_apart=("landed", commit.sha),
        links=commit_links(commit.sha, LinkKind.MERGED_AS),
        state="merged",
        by=commit.by,
        attributes={"repository": push.repository, "action": "landed"},
    )


def _landing(push: Push, commits: Sequence[Commit]) -> Iterator[Found]:
    """Yield the commits that reached a branch that lives on, each with the commit that brought it."""
    brought_by = push.after
    for place, commit in enumerate(commits):
        change = push.landed(commit.message)
        if change is not None:
            squashed = commit.parents is not None and len(commit.parents) == 1
            brought_by = "" if squashed else commit.sha
            yield place, commit, change, change_links(push.repository, change, LinkMethod.KEY_IN_MESSAGE)
        else:
            yield place, commit, None, commit_links(brought_by) if commit.sha != brought_by else ()


def _working(push: Push, commits: Sequence[Commit]) -> tuple[list[Found], bool]:
    """Return the commits of a working branch, and whether they are surely its own.

    Those it only took over from another branch belong there. A new branch of which only the newest commits are listed,
    and none that landed a change before it, may have brought none at all.
    """
    own, is_whole = _own(push, commits)
    is_sure = is_whole or push.before != "" or not push.is_cut
    return [(place, one, None, _membership(push, one)) for place, one in (own if is_sure else own[:1])], is_sure


def _membership(push: Push, commit: Commit) -> Sequence[Link]:
    """Return what a commit of a working branch is linked to by its push."""
    if commit.sha != push.after:
        return commit_links(push.after)
    follows = push.before and not push.is_forced
    return commit_links(push.before, LinkKind.CONTAINS) if follows else ()


def _own(push: Push, commits: Sequence[Commit]) -> tuple[list[tuple[int, Commit]], bool]:
    """Return the commits along the first parents of the head, and whether one that landed a change ends them.

    Where no parents are told, those are all commits.
    """
    own: list[tuple[int, Commit]] = []
    wanted: str | None = None
    for place, commit in enumerate(commits):
        if wanted is not None and commit.sha != wanted:
            continue
        if push.landed(commit.message) is not None:
            return own, True
        own.append((place, commit))
        wanted = commit.parents[0] if commit.parents else None
    return own, False


def _commit_fact(
    context: Context,
    push: Push,
    commit: Commit,
    order: int,
    change: str | None,
    links: tuple[Link, ...],
    attributes: dict[str, str | None],
) -> FlowEvent:
    if not commit_links(commit.sha):
        raise Untranslatable("a commit's id is no full hash")
    message = commit.message[:_MESSAGE_CHARACTERS]
    reverted = _REVERTED.search(message) if "This reverts" in message else None
    return fact(
        context,
        "commit.created" if change is None else "commit.landed",
        commit_uri(commit.sha),
        moment(commit.at, "a commit's time"),
        told_apart=(push.branch,),
        order=order,
        url=commit.url,
        links=unique_links([*links, *push.tickets(message)]),
        by=commit.by,
        attributes={**attributes, "reverts": commit_uri(reverted[1])} if reverted else attributes,
    )
