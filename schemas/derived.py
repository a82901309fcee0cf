"""What the processors derive from flow events, one frozen value a row.

Times are microseconds since the epoch, UTC; durations are whole microseconds; unknown is None, never 0.
`revision` orders knowledge: the generation above, the progress in the source log below. `known_at` is the greatest
`received_at` folded in. `withdrawn` says the row is no longer derived.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.event import ActorClass, Outcome, WorkKind

GENERATION_SHIFT: Final = 40
"""A revision is `generation << GENERATION_SHIFT | progress`: 2^24 generations, 2^40 records a partition."""


SENT_BACK: Final = "sent_back"
"""The outcome of a visit that ended with the work going back."""

BRIDGED: Final = "bridged"
"""The outcome of a visit of which no end was told: it was over when the item was, or in another status."""


EVIDENCE: Final = (
    "changes_requested", "failed_build", "failed_test", "reopened", "reverted", "rolled_back",
)  # fmt: skip
"""Why a visit was not complete and accurate, as its receiver judged it: the earliest of these facts is named."""


def revision(generation: int, progress: int) -> int:
    """Return the revision of knowledge at `progress` (the source offset after the last record folded in)."""
    return generation << GENERATION_SHIFT | progress


class StepVisit(Struct, frozen=True, kw_only=True, gc=False):
    """One stay of one item in one step; `visit` counts from 1. Identity: (value_stream, item_id, step, visit).

    `finished_at` None: still open. `counted` is false where another item counts the same visit. `gap_micros` is the
    time from the finish before to an explicit queue, outside wait and lead. `*_working_micros` are the same spans in
    the stream's calendar, None without one. `kind` is the item's. `started_by` is who started it, by class, None where
    nobody is known to have. `evidence` says why it counts as returned (`EVIDENCE`), '' where it does not.
    `blocked_spans` are the spans in which it was flagged blocked, flat (from, to, from, to, ...), the last one without
    its end while it lasts.
    """

    value_stream: str
    item_id: str
    step: str
    visit: int
    subject_id: str
    counted: bool = True
    queued_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    outcome: str | None = None
    wait_micros: int | None = None
    process_micros: int | None = None
    blocked_micros: int | None = None
    unaccounted_micros: int | None = None
    gap_micros: int | None = None
    wait_working_micros: int | None = None
    process_working_micros: int | None = None
    blocked_working_micros: int | None = None
    unaccounted_working_micros: int | None = None
    gap_working_micros: int | None = None
    returned: bool = False
    skewed: bool = False
    kind: WorkKind | None = None
    started_by: ActorClass | None = None
    evidence: str = ""
    blocked_spans: tuple[int, ...] = ()
    definition_version: str = ""
    revision: int = 0
    known_at: int = 0
    withdrawn: bool = False


class WorkItem(Struct, frozen=True, kw_only=True, gc=False):
    """One unit of flow. Identity: (value_stream, item_id).

    `links` are the uris of its member entities, sorted. The four parts are the item's flow time (`finished_at` less
    `started_at`) cut at every boundary and each piece charged once; they sum to it. All None while it is not finished,
    and so are the next three. `flow_working_micros` is the flow time in the stream's calendar, None without one.
    `path_process_micros` is the process time on the critical path (of branches that ran side by side the longest),
    `effort_micros` that of all its visits together; None too where no process time of theirs is known. `handoffs` says
    how often the work passed from one account, or from one step's owner, to another; None where no two following visits
    tell.
    """

    value_stream: str
    item_id: str
    kind: WorkKind | None = None
    created_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    state: str | None = None
    links: tuple[str, ...] = ()
    moved_to: str | None = None
    process_micros: int | None = None
    wait_micros: int | None = None
    blocked_micros: int | None = None
    unaccounted_micros: int | None = None
    flow_working_micros: int | None = None
    path_process_micros: int | None = None
    effort_micros: int | None = None
    handoffs: int | None = None
    definition_version: str = ""
    revision: int = 0
    known_at: int = 0
    withdrawn: bool = False


class Change(Struct, frozen=True, kw_only=True, gc=False):
    """One pull or merge request and its way to production. Identity: (value_stream, change_id, service).

    `service` is '' until a production deployment carries it. `left_censored`: carried by the first deployment ever seen
    of its service, so it enters no lead time.
    """

    value_stream: str
    change_id: str
    service: str = ""
    environment: str = ""
    repository: str = ""
    item_ids: tuple[str, ...] = ()
    first_commit_at: int | None = None
    opened_at: int | None = None
    first_reviewed_at: int | None = None
    merged_at: int | None = None
    deployed_at: int | None = None
    deployment_id: str | None = None
    left_censored: bool = False
    definition_version: str = ""
    revision: int = 0
    known_at: int = 0
    withdrawn: bool = False


class Deployment(Struct, frozen=True, kw_only=True, gc=False):
    """One attempt to bring an artifact or commit to an environment. Identity: (value_stream, deployment_id).

    `outcome` None: still running. `is_rework`: made because of a production incident. `caused_incident`: needed
    immediate intervention (rollback, hot fix, linked incident, revert) or failed; `attribution` says by which evidence
    ('' if none) and `confidence` in [0, 1] how sure it is. `left_censored`: the first seen of its service and
    environment. `recovered_at`: when the failure was over.
    """

    value_stream: str
    deployment_id: str
    service: str
    environment: str
    artifact: str | None = None
    commit: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    outcome: Outcome | None = None
    is_rework: bool = False
    caused_incident: bool = False
    left_censored: bool = False
    change_ids: tuple[str, ...] = ()
    attribution: str = ""
    confidence: float = 0.0
    recovered_at: int | None = None
    definition_version: str = ""
    revision: int = 0
    known_at: int = 0
    withdrawn: bool = False


class Incident(Struct, frozen=True, kw_only=True, gc=False):
    """One production incident. Identity: (value_stream, incident_id).

    `attribution`: `explicit`, `time_and_service` or `unattributed`; `confidence` in [0, 1], 0 when unattributed.
    """

    value_stream: str
    incident_id: str
    service: str
    environment: str = ""
    detected_at: int | None = None
    resolved_at: int | None = None
    deployment_id: str | None = None
    attribution: str = "unattributed"
    confidence: float = 0.0
    definition_version: str = ""
    revision: int = 0
    known_at: int = 0
    withdrawn: bool = False


Derived = StepVisit | WorkItem | Change | Deployment | Incident


class Update(Struct, frozen=True, kw_only=True, gc=False):
    """One derived row before and after some events: `before` None is new, `after` None is no longer derived.

    `erased`: it is no longer derived because facts were forgotten, and nothing of it may be kept.
    """

    before: Derived | None
    after: Derived | None
    erased: bool = False
