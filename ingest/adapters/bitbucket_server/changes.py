"""Bitbucket Data Center pull requests: the life of a change. The time of an event is its `date`, to the second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypedDict, Unpack

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.adapters.bitbucket_server.bodies import Links, Repository, User, address, by, host_owner_name
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import branch_links, key_links, keys_in_text, keys_named_in_body, unique_links
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import LinkKind, LinkMethod
from schemas.identity import change_uri


class Reference(Struct, frozen=True):
    """One end of a pull request."""

    id: str
    repository: Repository
    commit: str | None = msgspec.field(name="latestCommit", default=None)


class Participant(Struct, frozen=True):
    """Somebody's part in a pull request."""

    user: User | None = None


class MergeCommit(Struct, frozen=True, gc=False):
    """The commit that a pull request became."""

    id: str | None = None


class Properties(Struct, frozen=True, gc=False):
    """What else is known of a pull request."""

    merge_commit: MergeCommit | None = msgspec.field(name="mergeCommit", default=None)


class PullRequest(Struct, frozen=True, rename="camel"):
    """A pull request, its times in milliseconds; title and description are read for keys and not kept."""

    id: int
    from_ref: Reference
    to_ref: Reference
    created_date: int | str
    closed_date: int | str | None = None
    title: str = ""
    description: str | None = None
    state: str = ""
    draft: bool = False
    author: Participant | None = None
    properties: Properties | None = None
    links: Links | None = None


class Comment(Struct, frozen=True, rename="camel"):
    """A comment; its text is not read."""

    id: int
    created_date: int | str | None = None
    author: User | None = None


class Body(Struct, frozen=True, rename="camel"):
    """A delivery of a pull request."""

    date: str
    pull_request: PullRequest
    actor: User | None = None
    participant: Participant | None = None
    comment: Comment | None = None


class More(TypedDict, total=False):
    """What an event says beside: its state, who did it, what tells its fact apart, and attributes."""

    state: str
    by: User | None
    told_apart: tuple[str, ...]
    attributes: dict[str, str | None]


_decode: Final = msgspec.json.Decoder(Body).decode


def opened(body: bytes, context: Context) -> Translated:
    """`change.created`, state `ready` or `draft`, at `createdDate`."""
    told = _decode(body)
    return _facts(told, context, "change.created", moment(told.pull_request.created_date, "pullRequest.createdDate"))


def merged(body: bytes, context: Context) -> Translated:
    """`change.merged`, at `closedDate`."""
    told = _decode(body)
    return _facts(told, context, "change.merged", _closed_at(told), state="merged")


def declined(body: bytes, context: Context) -> Translated:
    """`change.abandoned`, state `declined`, at `closedDate`."""
    told = _decode(body)
    return _facts(told, context, "change.abandoned", _closed_at(told), state="declined")


def deleted(body: bytes, context: Context) -> Translated:
    """`change.abandoned`, state `deleted`, at `date`."""
    told = _decode(body)
    return _facts(told, context, "change.abandoned", moment(told.date, "date"), state="deleted")


def _updated(action: str) -> Callable[[bytes, Context], Translated]:
    """Return the translation of an event that changes a pull request and neither opens, judges nor closes it."""

    def translate(body: bytes, context: Context) -> Translated:
        told = _decode(body)
        apart = (action, told.pull_request.from_ref.commit or "")
        at = moment(told.date, "date")
        return _facts(told, context, "change.updated", at, told_apart=apart, attributes={"action": action})

    translate.__doc__ = f"`change.updated`, state `ready` or `draft`, action `{action}`, at `date`."
    return translate


source_updated: Final = _updated("from_ref_updated")
"""`pr:from_ref_updated` deliveries."""

target_updated: Final = _updated("to_ref_updated")
"""`pr:to_ref_updated` deliveries."""

modified: Final = _updated("modified")
"""`pr:modified` deliveries."""

reviewers_updated: Final = _updated("reviewers")
"""`pr:reviewer:updated` deliveries."""


def approved(body: bytes, context: Context) -> Translated:
    """`change.reviewed` with `decision` `approved`, at `date` (`change.updated` by the author)."""
    return _judged(_decode(body), context, "approved")


def needs_work(body: bytes, context: Context) -> Translated:
    """`change.reviewed` with `decision` `changes_requested`, at `date` (`change.updated` by the author)."""
    return _judged(_decode(body), context, "changes_requested")


def unapproved(body: bytes, context: Context) -> Translated:
    """`change.updated` with `decision` `dismissed`, at `date`."""
    told = _decode(body)
    attributes: dict[str, str | None] = {"decision": "dismissed", "action": "dismissed"}
    at = moment(told.date, "date")
    return _facts(
        told, context, "change.updated", at, by=_reviewer(told), told_apart=("dismissed",), attributes=attributes
    )


def commented(body: bytes, context: Context) -> Translated:
    """`change.reviewed` with `decision` `commented`, at its `createdDate` (`change.updated` by the author)."""
    told = _decode(body)
    comment = told.comment
    if comment is None:
        raise Untranslatable("comment is missing")
    at = moment(comment.created_date or told.date, "comment.createdDate")
    return _reviewed(told, context, comment.author or told.actor, at, ("commented", str(comment.id)))


def _judged(told: Body, context: Context, decision: str) -> Translated:
    return _reviewed(told, context, _reviewer(told), moment(told.date, "date"), (decision,))


def _reviewed(told: Body, context: Context, user: User | None, at: Moment, decision: tuple[str, ...]) -> Translated:
    """Return what a review says, told apart by its decision and more; the author's own answers are no review."""
    author = told.pull_request.author.user if told.pull_request.author else None
    by_author = author is not None and user is not None and author.id is not None and author.id == user.id
    event_type = "change.updated" if by_author else "change.reviewed"
    attributes = {"decision": decision[0], "action": "answered" if by_author else None}
    return _facts(told, context, event_type, at, by=user, told_apart=decision, attributes=attributes)


def _reviewer(told: Body) -> User | None:
    return told.participant.user if told.participant and told.participant.user else told.actor


def _closed_at(told: Body) -> Moment:
    return moment(told.pull_request.closed_date or told.date, "pullRequest.closedDate")


def _facts(told: Body, context: Context, event_type: str, at: Moment, **more: Unpack[More]) -> Translated:
    """Return the one fact of a delivery, with what every fact of a change carries."""
    pull = told.pull_request
    repository = host_owner_name(pull.to_ref.repository, context)
    branch = branch_of_ref(pull.from_ref.id) or ""
    merge = _became(pull) if event_type == "change.merged" else None
    return [
        fact(
            context,
            event_type,
            change_uri(repository, pull.id),
            at,
            told_apart=more.get("told_apart", ()),
            url=address(pull.links),
            links=unique_links(
                [
                    *commit_links(merge, LinkKind.MERGED_AS),
                    *commit_links(pull.from_ref.commit, LinkKind.CONTAINS),
                    *branch_links(branch),
                    *key_links(keys_in_text(pull.title), LinkMethod.KEY_IN_TITLE),
                    *key_links(keys_named_in_body(pull.description), LinkMethod.KEY_IN_MESSAGE),
                ]
            ),
            state=more.get("state") or _state(pull),
            work_kind=work_kind(title=pull.title),
            by=by(more.get("by", told.actor), context),
            attributes={
                "repository": repository,
                "branch": kept_of_branch(branch, context.pseudonym),
                "target_branch": kept_of_branch(branch_of_ref(pull.to_ref.id), context.pseudonym),
                "draft": "true" if pull.draft else None,
                "fork": "true" if host_owner_name(pull.from_ref.repository, context) != repository else None,
                "author_class": _author_class(pull, context),
                **more.get("attributes", {}),
            },
        )
    ]


def _became(pull: PullRequest) -> str | None:
    """Return the commit that a merged change became: without a merge commit, its head, by fast-forward."""
    told = pull.properties.merge_commit if pull.properties else None
    return (told.id if told else None) or pull.from_ref.commit


def _author_class(pull: PullRequest, context: Context) -> str | None:
    author = pull.author.user if pull.author else None
    return by(author, context).actor_class.value if author else None


def _state(pull: PullRequest) -> str:
    if pull.state not in {"", "OPEN"}:
        return pull.state.lower()
    return "draft" if pull.draft else "ready"
