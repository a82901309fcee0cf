"""GitHub's merge queue: the commit that a group is tried as.

Runs of that commit, of whatever tool, try the change at the group's head; once it is merged, the commit is what it
became. The end of a group has no time of its own: the pull request says whether it was merged or left the queue.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import Repository, User, by, commit_link, full_name
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.times import moment
from schemas.event import LinkKind
from schemas.identity import change_uri

QUEUE_BRANCH: Final = re.compile(r"gh-readonly-queue/.+/pr-([1-9][0-9]{0,8})-[0-9a-f]{7,40}")
"""The name of a queue's own branch; it tells the change that is tried."""

_HEADS: Final = "refs/heads/"


class HeadCommit(Struct, frozen=True):
    """The commit that the queue made; its message is not read."""

    timestamp: str | None = None


class MergeGroup(Struct, frozen=True):
    """A change with all that goes before it in the queue."""

    head_sha: str
    head_ref: str
    base_ref: str = ""
    head_commit: HeadCommit | None = None


class MergeGroupBody(Struct, frozen=True):
    """A `merge_group` delivery."""

    action: str
    merge_group: MergeGroup
    repository: Repository
    sender: User | None = None


def _checks_requested(body: MergeGroupBody, context: Context) -> Translated:
    """`change.updated` of the change at the group's head, with the commit it is tried as, at that commit's time."""
    group = body.merge_group
    tried = QUEUE_BRANCH.fullmatch(group.head_ref.removeprefix(_HEADS))
    if tried is None:
        return Ignored("branch is no merge queue's")
    repository = full_name(body.repository)
    written = group.head_commit.timestamp if group.head_commit else None
    return [
        fact(
            context,
            "change.updated",
            change_uri(repository, tried[1]),
            moment(written, "merge_group.head_commit.timestamp"),
            told_apart=("merge_group", group.head_sha),
            links=tuple(commit_link(group.head_sha, LinkKind.CONTAINS)),
            by=by(body.sender, context),
            attributes={
                "repository": repository,
                "target_branch": kept_of_branch(group.base_ref.removeprefix(_HEADS), context.pseudonym),
                "action": "merge_group",
            },
        )
    ]


merge_group: Final = ByAction(
    decode=msgspec.json.Decoder(MergeGroupBody).decode,
    action=lambda body: body.action,
    handlers={"checks_requested": _checks_requested},
)
"""`merge_group` deliveries."""
