"""Azure Repos pull requests: the life of a change.

An update says what happened in its message alone, and only the names of whoever did it; both are read and not kept. It
has no time but the event's own.
"""

from __future__ import annotations

from typing import Final, TypedDict, Unpack

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.adapters.azure_devops.bodies import (
    TRACKER,
    Address,
    Containers,
    Identity,
    Links,
    Named,
    by,
    class_of,
    first_time,
    full_name,
    organisation,
    project_of,
)
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import unique_links
from ingest.vocabulary.named_tickets import change_tickets
from ingest.vocabulary.times import Moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import LinkKind
from schemas.identity import change_uri

_DECISIONS: Final = (
    (" left suggestions in", "approved"), (" left suggestions on", "approved"), (" approved", "approved"),
    (" waiting for the author in", "changes_requested"), (" waiting for the author on", "changes_requested"),
    (" rejected", "changes_requested"),
)  # fmt: skip
"""How the message of a vote goes on before the words `pull request`, and what the vote means."""

_ACTIONS: Final = {
    " updated the source branch of": "source_branch", " changed the reviewer list on": "reviewers",
    " voted on": "vote", " published the": "published", " reactivated": "reactivated",
}  # fmt: skip
_READIED: Final = frozenset({"published", "reactivated"})
_OBJECT: Final = " pull request"
_BY_SYSTEM: Final = ("system", 3)


class Repository(Struct, frozen=True, rename="camel"):
    """The repository; its clone address names it."""

    remote_url: str | None = None
    web_url: str | None = None
    project: Named | None = None


class Commit(Struct, frozen=True, rename="camel", gc=False):
    """A commit by its id."""

    commit_id: str | None = None


class PullRequest(Struct, frozen=True, rename="camel"):
    """A pull request; title and description are read for keys and mentions and not kept."""

    pull_request_id: int
    repository: Repository
    status: str = ""
    creation_date: str | None = None
    closed_date: str | None = None
    title: str = ""
    description: str | None = None
    source_ref_name: str = ""
    target_ref_name: str = ""
    is_draft: bool = False
    created_by: Identity | None = None
    closed_by: Identity | None = None
    last_merge_source_commit: Commit | None = None
    last_merge_commit: Commit | None = None
    reviewers: tuple[Identity, ...] | None = None
    labels: tuple[Named, ...] | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Message(Struct, frozen=True):
    """What people read of an event."""

    text: str | None = None


class Body(Struct, frozen=True, rename="camel"):
    """A delivery of a pull request."""

    resource: PullRequest
    created_date: str | None = None
    message: Message | None = None
    resource_containers: Containers | None = None


class Thread(Struct, frozen=True, gc=False):
    """The thread that a comment is of, by its address."""

    threads: Address | None = None


class Comment(Struct, frozen=True, rename="camel"):
    """A comment, its id counted anew in each thread; its text is not read. A server writes its type as a number."""

    id: int | str
    published_date: str | None = None
    author: Identity | None = None
    comment_type: str | int | None = None
    links: Thread | None = msgspec.field(name="_links", default=None)


class CommentResource(Struct, frozen=True, rename="camel"):
    """A comment and what it was made on."""

    comment: Comment
    pull_request: PullRequest


class CommentBody(Struct, frozen=True, rename="camel"):
    """A delivery of a comment."""

    resource: CommentResource
    created_date: str | None = None
    resource_containers: Containers | None = None


class More(TypedDict, total=False):
    """What an event says beside: its state, who did it, what tells its fact apart, and attributes."""

    state: str
    by: Identity | None
    told_apart: tuple[str, ...]
    attributes: dict[str, str | None]


_decode: Final = msgspec.json.Decoder(Body).decode
_decode_comment: Final = msgspec.json.Decoder(CommentBody).decode


def created(body: bytes, context: Context) -> Translated:
    """`change.created`, state `ready` or `draft`, at `creationDate`."""
    told = _decode(body)
    pull = told.resource
    at = first_time("creationDate", pull.creation_date, told.created_date)
    return _facts(told, context, "change.created", at, state=_openness(pull), by=pull.created_by)


def updated(body: bytes, context: Context) -> Translated:
    """`change.merged` or `change.abandoned` at `closedDate`; else by the message, at the event's `createdDate`.

    A vote is `change.reviewed` with its `decision`, publishing and reactivating `change.readied`, all else
    `change.updated`.
    """
    told = _decode(body)
    return _ended(told, context) or _changed(told, context)


def merged(body: bytes, context: Context) -> Translated:
    """`change.merged` at `closedDate`, as the update tells it; ignored where a merge was only tried."""
    told = _decode(body)
    return _ended(told, context) or Ignored("merge was only tried")


def commented(body: bytes, context: Context) -> Translated:
    """`change.reviewed` with `decision` `commented`, at `publishedDate` (`change.updated` by the author)."""
    told = _decode_comment(body)
    comment = told.resource.comment
    if comment.comment_type in _BY_SYSTEM:
        return Ignored("comment is the system's")
    pull = Body(told.resource.pull_request, told.created_date, None, told.resource_containers)
    at = first_time("publishedDate", comment.published_date, told.created_date)
    thread = comment.links.threads.href if comment.links and comment.links.threads else None
    apart = ("commented", (thread or "").rpartition("/")[2], str(comment.id))
    return _reviewed(pull, context, comment.author, at, apart)


def _ended(told: Body, context: Context) -> Translated | None:
    """Return the end of a change, None where it goes on."""
    pull = told.resource
    if pull.status == "completed":
        at = first_time("closedDate", pull.closed_date, told.created_date)
        return _facts(told, context, "change.merged", at, state="merged", by=pull.closed_by)
    if pull.status == "abandoned":
        at = first_time("closedDate", pull.closed_date, told.created_date)
        return _facts(told, context, "change.abandoned", at, state="abandoned", by=pull.closed_by)
    return None


def _changed(told: Body, context: Context) -> Translated:
    pull = told.resource
    text = (told.message.text if told.message else None) or ""
    head = text.partition(_OBJECT)[0]
    at = first_time("createdDate", told.created_date)
    for ending, decision in _DECISIONS:
        if head.endswith(ending):
            return _reviewed(told, context, _named_in(text, pull), at, (decision,))
    action = next((name for ending, name in _ACTIONS.items() if head.endswith(ending)), "updated")
    readied = action in _READIED and not pull.is_draft
    return _facts(
        told,
        context,
        "change.readied" if readied else "change.updated",
        at,
        told_apart=() if readied else (action, _sha(pull.last_merge_source_commit) or ""),
        attributes={"action": None if readied else action},
    )


def _named_in(text: str, pull: PullRequest) -> Identity | None:
    """Return the reviewer whose name a message begins with, the longest of several."""
    names = {one.display_name: one for one in pull.reviewers or () if one.display_name and not one.is_container}
    begun = [name for name in names if text.startswith(f"{name} ")]
    return names[max(begun, key=len)] if begun else None


def _reviewed(
    told: Body, context: Context, reviewer: Identity | None, at: Moment, decision: tuple[str, ...]
) -> Translated:
    """Return what a review says, told apart by its decision and more; the author's own answers are no review."""
    author = told.resource.created_by
    by_author = author is not None and reviewer is not None and author.id is not None and author.id == reviewer.id
    return _facts(
        told,
        context,
        "change.updated" if by_author else "change.reviewed",
        at,
        by=reviewer,
        told_apart=decision,
        attributes={"decision": decision[0], "action": "answered" if by_author else None},
    )


def _facts(told: Body, context: Context, event_type: str, at: Moment, **more: Unpack[More]) -> Translated:
    """Return the one fact of a delivery, with what every fact of a change carries."""
    pull = told.resource
    address = pull.repository.remote_url or pull.repository.web_url
    repository = full_name(address)
    if repository is None:
        raise Untranslatable("repository.remoteUrl is no repository's address")
    branch = branch_of_ref(pull.source_ref_name) or ""
    home = organisation(told.resource_containers, address)
    merge = _sha(pull.last_merge_commit) if event_type == "change.merged" else None
    labels = [label.name for label in pull.labels or () if label.name]
    return [
        fact(
            context,
            event_type,
            change_uri(repository, pull.pull_request_id),
            at,
            told_apart=more.get("told_apart", ()),
            url=pull.links.web.href if pull.links and pull.links.web else None,
            links=unique_links(
                [
                    *commit_links(merge, LinkKind.MERGED_AS),
                    *commit_links(_sha(pull.last_merge_source_commit), LinkKind.CONTAINS),
                    *change_tickets(TRACKER, home, branch, pull.title, pull.description),
                ]
            ),
            state=more.get("state") or _openness(pull),
            work_kind=work_kind(labels=labels, title=pull.title),
            by=by(more.get("by"), context),
            attributes={
                "repository": repository,
                "project": project_of(pull.repository.project),
                "branch": kept_of_branch(branch, context.pseudonym),
                "target_branch": kept_of_branch(branch_of_ref(pull.target_ref_name), context.pseudonym),
                "draft": "true" if pull.is_draft else None,
                "author_class": class_of(pull.created_by).value if pull.created_by else None,
                **more.get("attributes", {}),
            },
        )
    ]


def _sha(commit: Commit | None) -> str | None:
    return commit.commit_id if commit else None


def _openness(pull: PullRequest) -> str:
    return "draft" if pull.is_draft else "ready"
