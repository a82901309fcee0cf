"""GitLab comments: one on a line of a merge request, by somebody else than its author, is a review.

A review is submitted as comments, each a delivery of its own: those on lines tell when a review began. One in the
conversation is an answer and no review, as on GitHub: questions, pings and commands to bots stand there as well.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitlab.bodies import Project, User
from ingest.adapters.gitlab.changes import MergeRequest, change_fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.times import moment


class Note(Struct, frozen=True):
    """A comment; its text is not read. `system`: GitLab wrote it itself. `action` is missing before 16.11.

    One on a line has that type, and in old versions a line code alone.
    """

    id: int
    created_at: str
    noteable_type: str = ""
    action: str = "create"
    system: bool = False
    type: str | None = None
    line_code: str | None = None


class Body(Struct, frozen=True):
    """A `note` delivery."""

    object_attributes: Note
    project: Project
    merge_request: MergeRequest | None = None
    user: User | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def note(body: bytes, context: Context) -> Translated:
    """`change.reviewed` with `decision` `commented` for one on a line of a merge request, at its `created_at`.

    `change.updated`, action `commented`, for one in the conversation (`answered` by the author, also on a line);
    comments on issues, commits and snippets, edits and system notes are ignored.
    """
    told = _decode(body)
    comment, change = told.object_attributes, told.merge_request
    if change is None:
        return Ignored("comment is on no merge request")
    if comment.system or comment.action != "create":
        return Ignored("comment is an edit or by GitLab itself")
    by_author = told.user is not None and told.user.id is not None and told.user.id == change.author_id
    on_line = comment.type == "DiffNote" or bool(comment.line_code)
    reviewed = on_line and not by_author
    return [
        change_fact(
            change,
            told.project,
            told.user,
            context,
            "change.reviewed" if reviewed else "change.updated",
            moment(comment.created_at, "object_attributes.created_at"),
            told_apart=(str(comment.id), "commented"),
            attributes={
                "decision": "commented" if on_line else None,
                "action": "answered" if by_author else None if reviewed else "commented",
            },
        )
    ]
