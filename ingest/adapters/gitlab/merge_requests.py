"""GitLab merge requests: the life of a change, its approvals among it.

An approval's action says whether all approvals are there, not whose it was: `approved` and `approval` are each one
person's. The body tells no time of its own but the merge request's `updated_at`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitlab.bodies import Changed, Label, Project, User, tells_kind, told_by_labels
from ingest.adapters.gitlab.changes import MergeRequest, More, change_fact, is_draft
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent

_DECISIONS: Final = {"requested_changes": "changes_requested", "reviewed": "commented"}
"""What a reviewer's state says of a review; approvals are deliveries of their own."""


class Reviewer(Struct, frozen=True, gc=False):
    """A reviewer with the state of their review; old versions send no state."""

    id: int | None = None
    state: str = ""
    re_requested: bool = False


class Labels(Struct, frozen=True):
    """The labels before and after."""

    previous: tuple[Label, ...] = ()
    current: tuple[Label, ...] = ()


class Reviewers(Struct, frozen=True):
    """The reviewers before and after."""

    previous: tuple[Reviewer, ...] = ()
    current: tuple[Reviewer, ...] = ()


class Flag(Struct, frozen=True, gc=False):
    """A flag before and after."""

    previous: bool | None = None
    current: bool | None = None


class Changes(Struct, frozen=True):
    """What an update changed; of texts and branches only that they did."""

    draft: Flag | None = None
    labels: Labels | None = None
    reviewers: Reviewers | None = None
    title: Changed | None = None
    description: Changed | None = None
    target_branch: Changed | None = None


class Body(Struct, frozen=True):
    """A `merge_request` delivery."""

    object_attributes: MergeRequest
    project: Project
    user: User | None = None
    changes: Changes | None = None


def _opened(body: Body, context: Context) -> Translated:
    """`change.created`, state `ready` or `draft`, at `created_at`."""
    at = moment(body.object_attributes.created_at, "object_attributes.created_at")
    return [_fact(body, context, "change.created", at)]


def _reopened(body: Body, context: Context) -> Translated:
    """`change.readied`, state `ready` (`change.updated`, state `draft`, of a draft), at `updated_at`."""
    event_type = "change.updated" if is_draft(body.object_attributes) else "change.readied"
    more: More = {"told_apart": ("reopened",), "attributes": {"action": "reopened"}}
    return [_fact(body, context, event_type, _updated_at(body), more)]


def _closed(body: Body, context: Context) -> Translated:
    """`change.abandoned`, at `updated_at`."""
    return [_fact(body, context, "change.abandoned", _updated_at(body))]


def _merged(body: Body, context: Context) -> Translated:
    """`change.merged`, at `merged_at` where the version sends it, else `updated_at`."""
    merged_at = body.object_attributes.merged_at
    at = moment(merged_at, "object_attributes.merged_at") if merged_at else _updated_at(body)
    return [_fact(body, context, "change.merged", at)]


def _updated(body: Body, context: Context) -> Translated:
    """`change.readied`, `change.updated` or `change.reviewed` with its `action`, at `updated_at`; else ignored.

    Readied or made a draft, new commits, review requests, labels that tell the kind of work, edits of texts and target,
    and a reviewer's request for changes.
    """
    told = list(_changed(body))
    at = _updated_at(body)
    return [_fact(body, context, kind, at, more) for kind, more in told] or Ignored("nothing changed that counts")


def _approved(body: Body, context: Context) -> Translated:
    """`change.reviewed` with `decision` `approved`, at `updated_at` (`change.updated` where the author approves)."""
    change, user = body.object_attributes, body.user
    by_author = user is not None and user.id is not None and user.id == change.author_id
    event_type = "change.updated" if by_author else "change.reviewed"
    return [_fact(body, context, event_type, _updated_at(body), _decided("approved", change.action, change.action))]


def _unapproved(body: Body, context: Context) -> Translated:
    """`change.updated` with `decision` `dismissed`, at `updated_at`."""
    action = body.object_attributes.action
    return [_fact(body, context, "change.updated", _updated_at(body), _decided("dismissed", action, action))]


def _changed(body: Body) -> Iterator[tuple[str, More]]:
    changes, oldrev = body.changes or Changes(), body.object_attributes.oldrev
    if changes.draft and changes.draft.current is not None and changes.draft.previous != changes.draft.current:
        drafted = changes.draft.current
        yield _action("change.updated", "converted_to_draft") if drafted else _action("change.readied", "readied")
    elif changes.title or changes.description or changes.target_branch:
        yield _action("change.updated", "edited")
    if oldrev:
        head = body.object_attributes.last_commit
        yield _action("change.updated", "synchronize", head.id if head else "")
    if changes.labels:
        for action, title in told_by_labels(changes.labels.previous, changes.labels.current):
            if tells_kind(title):
                yield _action("change.updated", action, title)
    if changes.reviewers:
        yield from _reviewed(changes.reviewers)


def _reviewed(reviewers: Reviewers) -> Iterator[tuple[str, More]]:
    """Yield a review for each reviewer that came to one, and one request for all that were asked."""
    before = {reviewer.id: reviewer.state for reviewer in reviewers.previous}
    asked = False
    for place, reviewer in enumerate(reviewers.current):
        decision = _DECISIONS.get(reviewer.state)
        if decision and before.get(reviewer.id) != reviewer.state:
            yield "change.reviewed", _decided(decision, reviewer.state, str(place))
        asked = asked or reviewer.re_requested or reviewer.id not in before
    if asked:
        yield _action("change.updated", "review_requested")


def _action(event_type: str, action: str, *apart: str) -> tuple[str, More]:
    return event_type, {"told_apart": (action, *apart), "attributes": {"action": action}}


def _decided(decision: str, action: str, *apart: str) -> More:
    return {"told_apart": (decision, *apart), "attributes": {"decision": decision, "action": action}}


def _fact(body: Body, context: Context, event_type: str, at: Moment, more: More | None = None) -> FlowEvent:
    return change_fact(body.object_attributes, body.project, body.user, context, event_type, at, **(more or {}))


def _updated_at(body: Body) -> Moment:
    return moment(body.object_attributes.updated_at, "object_attributes.updated_at")


merge_request: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.object_attributes.action,
    handlers={
        "open": _opened,
        "reopen": _reopened,
        "close": _closed,
        "merge": _merged,
        "update": _updated,
        "approved": _approved,
        "approval": _approved,
        "unapproved": _unapproved,
        "unapproval": _unapproved,
    },
)
"""`merge_request` deliveries."""
