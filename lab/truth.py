"""The known answers: what every item, deployment, change and incident really was, and every number that follows.

Times are microseconds since the epoch, durations whole seconds; unknown is None.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from lab.samples import Quantiles


class TrueVisit(Struct, frozen=True, kw_only=True):
    """One stay in one step; the same names as the table's columns."""

    step: str
    visit: int
    queued_at: int | None
    started_at: int | None
    finished_at: int | None
    wait_seconds: int | None
    process_seconds: int | None
    lead_seconds: int | None
    unaccounted_seconds: int | None
    wait_working_seconds: int | None
    process_working_seconds: int | None
    lead_working_seconds: int | None
    sent_back: bool
    returned: bool
    evidence: str
    kind: str | None
    started_by: str | None
    counted: bool


class TrueItem(Struct, frozen=True, kw_only=True):
    """One work item with its visits in the order they began; the three parts of its flow time sum to it."""

    value_stream: str
    item_id: str
    kind: str | None
    created_at: int | None
    started_at: int | None
    finished_at: int | None
    process_seconds: int | None
    wait_seconds: int | None
    unaccounted_seconds: int | None
    path_process_seconds: int | None
    effort_seconds: int | None
    flow_working_seconds: int | None
    changes: tuple[str, ...]
    visits: tuple[TrueVisit, ...]


class TrueDeployment(Struct, frozen=True, kw_only=True):
    """One deployment. `why` says why it counts as failed ('' if it does not)."""

    value_stream: str
    deployment_id: str
    service: str
    environment: str
    commit: str
    started_at: int | None
    finished_at: int | None
    outcome: str | None
    change_ids: tuple[str, ...]
    left_censored: bool
    failed: bool
    why: str
    is_rework: bool
    recovered_at: int | None


class TrueChange(Struct, frozen=True, kw_only=True):
    """One change on its way to production; `opened_at` is when it was first offered for review, drafts left aside."""

    value_stream: str
    change_id: str
    item_ids: tuple[str, ...]
    first_commit_at: int | None
    opened_at: int | None
    first_reviewed_at: int | None
    merged_at: int | None
    deployed_at: int | None
    deployment_id: str | None
    left_censored: bool


class TrueOrigin(Struct, frozen=True, kw_only=True):
    """What one change was made for and of, as only the organisation knows; what its tools told by the end.

    `tickets` are those that it was made for, `commits` the hashes of all that it is made of and landed as. `mistaken`:
    the tickets that its branch, title or landing message name and that it was not made for. `opened`: it had a pull
    request.
    """

    value_stream: str
    change_id: str
    tickets: tuple[str, ...]
    mistaken: tuple[str, ...]
    commits: tuple[str, ...]
    service: str
    opened: bool


class TrueIncident(Struct, frozen=True, kw_only=True):
    """One incident; `deployment_id` is what it is laid to from outside, and `attribution` by what.

    `innocent`: that one did not cause it, nor did any other.
    """

    value_stream: str
    incident_id: str
    service: str
    detected_at: int
    resolved_at: int | None
    deployment_id: str | None
    attribution: str
    innocent: bool = False


class TrueStep(Struct, frozen=True, kw_only=True):
    """One step of one stream over counted visits; `standing_seconds` is how long work stood in it altogether."""

    process: Quantiles
    wait: Quantiles
    lead: Quantiles
    arrivals: int
    completions: int
    returned: int
    evidence: Mapping[str, int]
    work_in_progress: int
    standing_seconds: int
    complete_accurate_ratio: float | None


class TrueDora(Struct, frozen=True, kw_only=True):
    """The five over production; `deployments` all that finished."""

    deployments: int
    successful: int
    failed: int
    rework: int
    change_lead_time: Quantiles
    recovery: Quantiles
    change_fail_ratio: float | None
    rework_ratio: float | None


class TrueStream(Struct, frozen=True, kw_only=True):
    """One value stream's numbers: `constraint` is where work stood longest, `planted_constraint` where it should.

    `available_seconds`: how much of the last 90 days is working time, all of it without hours.
    """

    deployer: str
    planted_constraint: str
    constraint: str | None
    available_seconds: float
    planted_rework: float
    rolled_complete_accurate_ratio: float | None
    steps: Mapping[str, TrueStep]
    items: int
    finished_items: int
    flow_load: int
    flow_time: Quantiles
    flow_efficiency_ratio: float | None
    kinds: Mapping[str, int]
    dora: TrueDora
    services: Mapping[str, TrueDora] = {}


Entity = TrueItem | TrueDeployment | TrueChange | TrueIncident | TrueOrigin


class Truth(Struct, frozen=True, kw_only=True):
    """`truth.json`. The lists are empty where they stand in `truth-items.jsonl` (large runs)."""

    seed: int
    items_asked: int
    end_micros: int
    deliveries: int
    streams: Mapping[str, TrueStream]
    items: tuple[TrueItem, ...] = ()
    changes: tuple[TrueChange, ...] = ()
    deployments: tuple[TrueDeployment, ...] = ()
    incidents: tuple[TrueIncident, ...] = ()
    origins: tuple[TrueOrigin, ...] = ()
