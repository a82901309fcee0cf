"""GitLab pushes to branches. Of a push of more than twenty commits GitLab tells the newest twenty."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitlab.bodies import TRACKER, Project, User, by, full_name
from ingest.adapters.gitlab.changes import reverted_change
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.git_pushes import HEADS, Commit, Push, commit_facts, is_none

_LANDED: Final = "\nSee merge request "


class Body(Struct, frozen=True):
    """A `push` delivery; `commits` are oldest first, and none to a system hook."""

    ref: str
    before: str
    after: str
    project: Project
    commits: tuple[Commit, ...] | None = None
    user_id: int | None = None
    user_name: str | None = None
    user_username: str | None = None
    user_email: str | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def push(body: bytes, context: Context) -> Translated:
    """`commit.created` for each commit that counts (`commit.landed` for a merge commit made by GitLab)."""
    pushed = _decode(body)
    if is_none(pushed.after) or not pushed.ref.startswith(HEADS):
        return Ignored("push is of no branch")
    branch = pushed.ref.removeprefix(HEADS)
    pusher = by(User(pushed.user_id, pushed.user_username or ""), context)
    events = commit_facts(
        Push(
            repository=full_name(pushed.project),
            branch=branch,
            before=pushed.before,
            after=pushed.after,
            commits=pushed.commits or (),
            on_default=branch == pushed.project.default_branch,
            tracker=TRACKER,
            lands=lands_change,
            reverts=reverted_change,
            author=lambda commit: _author(commit, pushed, pusher),
            login=pushed.user_username,
        ),
        context,
    )
    return events or Ignored("push brought no new commit")


def lands_change(message: str) -> bool:
    """Tell whether a commit was made by GitLab to merge a change: its time says nothing of when work began."""
    return message.startswith("Merge branch ") and _LANDED in message


def _author(commit: Commit, pushed: Body, pusher: Actor) -> Actor:
    """Return the author; the account is known only where the author pushed."""
    author = commit.author
    if author is None:
        return UNKNOWN
    if (author.email and author.email == pushed.user_email) or (author.name and author.name == pushed.user_name):
        return pusher
    return Actor(classify(author.name or ""))
