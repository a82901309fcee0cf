"""A GitLab merge request as a change: its typed shape, and what every fact of it carries."""

from __future__ import annotations

import re
from typing import Final, TypedDict, Unpack

from msgspec import Struct

from ingest.adapter import Context
from ingest.adapters.gitlab.bodies import TRACKER, Label, Project, User, by, full_name, path_of
from ingest.facts import fact
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import unique_links
from ingest.vocabulary.named_tickets import change_tickets
from ingest.vocabulary.times import Moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import change_uri

FAST_FORWARD_CONFIDENCE: Final = 0.8
"""How sure it is that a change merged without a merge commit became its head: squashed, it became another commit."""

_REVERTED: Final = re.compile(
    r"^This reverts merge request (?:([\w.-]{1,255}(?:/[\w.-]{1,255}){1,20}))?!([1-9][0-9]{0,8})\b", re.MULTILINE
)
_DRAFT: Final = re.compile(r"\s*(?:(?:draft|wip):|\[(?:draft|wip)\]|\(draft\))", re.IGNORECASE)
_TEXT_CHARACTERS: Final = 65_536


class Head(Struct, frozen=True, gc=False):
    """The newest commit of a merge request."""

    id: str = ""


class MergeRequest(Struct, frozen=True):
    """A merge request; title and description are read for keys and not kept.

    A `merge_request` delivery has it as `object_attributes`, with an action; a `note` delivery beside the note.
    """

    iid: int
    source_branch: str
    target_branch: str
    created_at: str
    updated_at: str
    state: str = ""
    action: str = ""
    title: str = ""
    description: str | None = None
    draft: bool | None = None
    work_in_progress: bool | None = None
    author_id: int | None = None
    source_project_id: int | None = None
    target_project_id: int | None = None
    merge_commit_sha: str | None = None
    merged_at: str | None = None
    oldrev: str | None = None
    url: str | None = None
    last_commit: Head | None = None
    labels: tuple[Label, ...] | None = None


class More(TypedDict, total=False):
    """What an action says beside: what tells its fact from another of the same time, and attributes."""

    told_apart: tuple[str, ...]
    attributes: dict[str, str | None]


def change_fact(
    change: MergeRequest, project: Project, user: User | None, context: Context, event_type: str, at: Moment,
    **more: Unpack[More],
) -> FlowEvent:  # fmt: skip
    """Return the fact of a merge request, with what every such fact carries."""
    repository = full_name(project)
    home = path_of(repository)
    reverted = _reverted(change, repository)
    return fact(
        context,
        event_type,
        change_uri(repository, change.iid),
        at,
        told_apart=more.get("told_apart", ()),
        url=change.url,
        links=unique_links(
            [
                *(_became(change) if event_type == "change.merged" else ()),
                *commit_links(change.last_commit.id if change.last_commit else None, LinkKind.CONTAINS),
                *commit_links(change.oldrev, LinkKind.CONTAINS),
                *change_tickets(TRACKER, home, change.source_branch, change.title, change.description),
                *reverted,
            ]
        ),
        state=state_of(change),
        work_kind=work_kind(labels=[label.title for label in change.labels or ()], title=change.title),
        by=by(user, context),
        attributes={
            "repository": repository,
            "branch": kept_of_branch(change.source_branch, context.pseudonym),
            "target_branch": kept_of_branch(change.target_branch, context.pseudonym),
            "draft": "true" if is_draft(change) else None,
            "fork": "true" if _is_from_fork(change) else None,
            **more.get("attributes", {}),
            "reverts": reverted[0].uri if reverted else None,
        },
    )


def is_draft(change: MergeRequest) -> bool:
    """Tell whether a merge request is a draft: as GitLab says, in old versions by its title."""
    if change.draft is None and change.work_in_progress is None:
        return _DRAFT.match(change.title) is not None
    return bool(change.draft if change.draft is not None else change.work_in_progress)


def state_of(change: MergeRequest) -> str:
    """Return `merged` or `closed`, of an open one `draft` or `ready`."""
    if change.state in {"merged", "closed"}:
        return change.state
    return "draft" if is_draft(change) else "ready"


def _is_from_fork(change: MergeRequest) -> bool:
    source, target = change.source_project_id, change.target_project_id
    return source is not None and target is not None and source != target


def _became(change: MergeRequest) -> tuple[Link, ...]:
    """Return the link to the commit that a merged change became: its merge commit, else most likely its head."""
    if found := commit_links(change.merge_commit_sha, LinkKind.MERGED_AS):
        return found
    return tuple(
        Link(uri=link.uri, kind=link.kind, method=link.method, confidence=FAST_FORWARD_CONFIDENCE)
        for link in commit_links(change.last_commit.id if change.last_commit else None, LinkKind.MERGED_AS)
    )


def _reverted(change: MergeRequest, repository: str) -> tuple[Link, ...]:
    """Return the link to the change that this one reverts, as GitLab's revert button writes it; () otherwise."""
    found = reverted_change(change.description, repository) if change.title.startswith("Revert ") else None
    return (Link(uri=found, kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT),) if found else ()


def reverted_change(text: str | None, repository: str) -> str | None:
    """Return the uri of the merge request that a text says to revert (`This reverts merge request !12`), or None."""
    found = _REVERTED.search(text[:_TEXT_CHARACTERS]) if text and "This reverts merge request" in text else None
    if found is None:
        return None
    host = repository.partition("/")[0]
    return change_uri(f"{host}/{found[1]}" if found[1] else repository, found[2])
