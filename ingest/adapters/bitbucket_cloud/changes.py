"""Bitbucket Cloud pull requests: the life of a change.

A pull request tells its commits by twelve digits, which name no entity: the commit that landed it names its number, and
leads the branch's commits to it. Nothing tells when a draft became ready but the state of a later update.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.adapters.bitbucket_cloud.bodies import TRACKER, Account, Hash, Links, Repository, by, host_owner_name, page
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import unique_links
from ingest.vocabulary.named_tickets import change_tickets
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import change_uri

_REVERT: Final = re.compile(r"Revert .{0,512}\(pull request #([1-9][0-9]{0,8})\)")


class Branch(Struct, frozen=True, gc=False):
    """A branch."""

    name: str = ""


class End(Struct, frozen=True, gc=False):
    """One end of a pull request; the repository of a fork that is gone is null, and so is a deleted branch's commit."""

    branch: Branch = Branch()
    commit: Hash | None = None
    repository: Repository | None = None


class PullRequest(Struct, frozen=True):
    """A pull request; title and description are read for keys and not kept."""

    id: int
    created_on: str
    updated_on: str
    source: End = End()
    destination: End = End()
    state: str = ""
    draft: bool = False
    title: str = ""
    description: str | None = None
    author: Account | None = None
    merge_commit: Hash | None = None
    links: Links | None = None


class Verdict(Struct, frozen=True):
    """An approval or a request for changes, given or taken back."""

    date: str | None = None
    user: Account | None = None


class Inline(Struct, frozen=True, gc=False):
    """Where in the files a comment stands; which file is not read."""


class Comment(Struct, frozen=True):
    """A comment on a pull request; its text is not read. One in the conversation stands on no line."""

    id: int
    created_on: str
    user: Account | None = None
    inline: Inline | None = None


class Body(Struct, frozen=True):
    """A delivery of a pull request."""

    pullrequest: PullRequest
    repository: Repository
    actor: Account | None = None
    approval: Verdict | None = None
    changes_request: Verdict | None = None
    comment: Comment | None = None


class Said(Struct, frozen=True, kw_only=True):
    """What an event says: the type and time of its fact, who caused it, and what tells it from another."""

    type: str
    at: str
    field: str
    by: Account | None
    told_apart: tuple[str, ...] = ()
    decision: str | None = None
    action: str | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def created(body: bytes, context: Context) -> Translated:
    """`change.created`, state `ready` or `draft`, at `created_on`."""
    told = _decode(body)
    at = told.pullrequest.created_on
    return _facts(
        told,
        context,
        Said(type="change.created", at=at, field="pullrequest.created_on", by=told.actor),
        _openness(told.pullrequest),
    )


def updated(body: bytes, context: Context) -> Translated:
    """`change.updated`, state `ready` or `draft`, at `updated_on`."""
    told = _decode(body)
    return _facts(told, context, _ended(told, "change.updated", action="updated"))


def fulfilled(body: bytes, context: Context) -> Translated:
    """`change.merged`, at `updated_on`."""
    told = _decode(body)
    return _facts(told, context, _ended(told, "change.merged"), state="merged")


def rejected(body: bytes, context: Context) -> Translated:
    """`change.abandoned`, state `declined`, at `updated_on`."""
    told = _decode(body)
    return _facts(told, context, _ended(told, "change.abandoned"), state="declined")


def _ended(told: Body, event_type: str, action: str | None = None) -> Said:
    at = told.pullrequest.updated_on
    return Said(type=event_type, at=at, field="pullrequest.updated_on", by=told.actor, action=action)


def _judged(decision: str, verdict: Callable[[Body], Verdict | None]) -> Callable[[bytes, Context], Translated]:
    """Return the translation of a verdict that was given."""

    def translate(body: bytes, context: Context) -> Translated:
        told = _decode(body)
        given = verdict(told) or Verdict()
        at = given.date or told.pullrequest.updated_on
        return _facts(told, context, _reviewed(told, given.user or told.actor, at, decision, (decision,)))

    translate.__doc__ = (
        f"`change.reviewed` with `decision` `{decision}`, at the verdict's `date` (`change.updated` by the author)."
    )
    return translate


def _taken_back(verdict: Callable[[Body], Verdict | None]) -> Callable[[bytes, Context], Translated]:
    """Return the translation of a verdict that was taken back."""

    def translate(body: bytes, context: Context) -> Translated:
        told = _decode(body)
        given = verdict(told) or Verdict()
        said = Said(
            type="change.updated",
            at=given.date or told.pullrequest.updated_on,
            field="pullrequest.updated_on",
            by=given.user or told.actor,
            told_apart=("dismissed",),
            decision="dismissed",
            action="dismissed",
        )
        return _facts(told, context, said)

    translate.__doc__ = "`change.updated` with `decision` `dismissed`, at the verdict's `date`."
    return translate


approved: Final = _judged("approved", lambda told: told.approval)
"""`pullrequest:approved` deliveries."""

changes_requested: Final = _judged("changes_requested", lambda told: told.changes_request)
"""`pullrequest:changes_request_created` deliveries."""

unapproved: Final = _taken_back(lambda told: told.approval)
"""`pullrequest:unapproved` deliveries."""

changes_request_removed: Final = _taken_back(lambda told: told.changes_request)
"""`pullrequest:changes_request_removed` deliveries."""


def commented(body: bytes, context: Context) -> Translated:
    """`change.reviewed` with `decision` `commented` for one on a line, else `change.updated`, at its `created_on`.

    One in the conversation has the action `commented`, the author's own, on a line too, `answered`.
    """
    told = _decode(body)
    comment = told.comment
    if comment is None:
        raise Untranslatable("comment is missing")
    user, apart = comment.user or told.actor, (str(comment.id), "commented")
    if comment.inline is not None:
        return _facts(told, context, _reviewed(told, user, comment.created_on, "commented", apart))
    said = Said(
        type="change.updated",
        at=comment.created_on,
        field="comment.created_on",
        by=user,
        told_apart=apart,
        action="answered" if _is_author(told, user) else "commented",
    )
    return _facts(told, context, said)


def _is_author(told: Body, user: Account | None) -> bool:
    author = told.pullrequest.author
    return author is not None and user is not None and author.uuid is not None and author.uuid == user.uuid


def _reviewed(told: Body, user: Account | None, at: str, decision: str, apart: tuple[str, ...]) -> Said:
    """Return what a review says; the author's own answers are no review."""
    by_author = _is_author(told, user)
    return Said(
        type="change.updated" if by_author else "change.reviewed",
        at=at,
        field="the review's date",
        by=user,
        told_apart=apart,
        decision=decision,
        action="answered" if by_author else None,
    )


def _facts(told: Body, context: Context, said: Said, state: str | None = None) -> Translated:
    """Return the one fact of a delivery, with what every fact of a change carries."""
    pull = told.pullrequest
    repository = host_owner_name(told.repository)
    merge = pull.merge_commit.hash if pull.merge_commit and said.type == "change.merged" else None
    head = pull.source.commit.hash if pull.source.commit else None
    reverted = _REVERT.match(pull.title)
    fork = pull.source.repository is not None and pull.source.repository.full_name != told.repository.full_name
    return [
        fact(
            context,
            said.type,
            change_uri(repository, pull.id),
            moment(said.at, said.field),
            told_apart=said.told_apart,
            url=page(pull.links),
            links=unique_links(
                [
                    *commit_links(merge, LinkKind.MERGED_AS),
                    *commit_links(head, LinkKind.CONTAINS),
                    *change_tickets(
                        TRACKER, told.repository.full_name, pull.source.branch.name, pull.title, pull.description
                    ),
                    *_reverts(repository, reverted[1] if reverted else None),
                ]
            ),
            state=state or _state(pull),
            work_kind=work_kind(title=pull.title),
            by=by(said.by, context),
            attributes={
                "repository": repository,
                "branch": kept_of_branch(pull.source.branch.name, context.pseudonym),
                "target_branch": kept_of_branch(pull.destination.branch.name, context.pseudonym),
                "draft": "true" if pull.draft else None,
                "fork": "true" if fork else None,
                "author_class": by(pull.author, context).actor_class.value if pull.author else None,
                "decision": said.decision,
                "action": said.action,
                "reverts": change_uri(repository, reverted[1]) if reverted else None,
            },
        )
    ]


def _reverts(repository: str, number: str | None) -> list[Link]:
    if number is None:
        return []
    uri = change_uri(repository, number)
    return [Link(uri=uri, kind=LinkKind.RELATES_TO, method=LinkMethod.KEY_IN_TITLE)]


def _state(pull: PullRequest) -> str:
    if pull.state not in {"", "OPEN"}:
        return pull.state.lower()
    return _openness(pull)


def _openness(pull: PullRequest) -> str:
    return "draft" if pull.draft else "ready"
