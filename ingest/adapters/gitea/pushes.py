"""Gitea pushes to branches; commits are told newest first, as many as the site's payload limit."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitea.bodies import TRACKER, Repository, User, by, full_name
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.git_pushes import HEADS, Commit, Push, commit_facts, is_none

_MERGE: Final = re.compile(r"Merge pull request (?:'.{0,1024}' \()?#[1-9][0-9]{0,8}\)? from ")
_SQUASH: Final = re.compile(r"[^\n]{0,1024} \(#[1-9][0-9]{0,8}\)(?:\r?\n|$)")


class Body(Struct, frozen=True):
    """A `push` delivery."""

    ref: str
    before: str
    after: str
    repository: Repository
    commits: tuple[Commit, ...] | None = None
    pusher: User | None = None
    sender: User | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def push(body: bytes, context: Context) -> Translated:
    """`commit.created` for each commit that counts (`commit.landed` for a merge or squash commit made by Gitea)."""
    pushed = _decode(body)
    if is_none(pushed.after) or not pushed.ref.startswith(HEADS):
        return Ignored("push is of no branch")
    branch = pushed.ref.removeprefix(HEADS)
    pusher = pushed.pusher or pushed.sender
    actor = by(pusher, context)
    events = commit_facts(
        Push(
            repository=full_name(pushed.repository),
            branch=branch,
            before=pushed.before,
            after=pushed.after,
            commits=(pushed.commits or ())[::-1],
            on_default=branch == pushed.repository.default_branch,
            tracker=TRACKER,
            lands=lands_change,
            reverts=lambda _message, _repository: None,
            author=lambda commit: _author(commit, pusher, actor),
            login=pusher.login if pusher else None,
            only_head=is_none(pushed.before),
        ),
        context,
    )
    return events or Ignored("push brought no new commit")


def lands_change(message: str) -> bool:
    """Tell whether a commit was made by Gitea to land a pull request: its time says nothing of when work began."""
    if message.startswith("Merge pull request "):
        return _MERGE.match(message) is not None
    return "(#" in message and _SQUASH.match(message) is not None


def _author(commit: Commit, pusher: User | None, actor: Actor) -> Actor:
    """Return the author; the account is known only where the author pushed."""
    author = commit.author
    if author is None:
        return UNKNOWN
    if pusher is not None and author.username and author.username == pusher.login:
        return actor
    return Actor(classify(author.username or author.name or ""))
