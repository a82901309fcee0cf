"""Rows to measure, and what is measured of them: builders that read like sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from processors.engine import StreamSigns
from processors.measures import Measures
from schemas.definition import Calendar, Definition, ValueStream, standard_map
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, Update, WorkItem
from schemas.event import Outcome, WorkKind
from schemas.measurement import Measurement

MICROS: Final = 1_000_000
MINUTE: Final = 60 * MICROS
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
STREAM: Final = "checkout"
ENVIRONMENTS: Final = ("staging", "production")
DEFINITION: Final = Definition(
    version="d1",
    value_streams=tuple(
        ValueStream(
            name=name,
            select=({"repository": "*"},),
            steps=standard_map(ENVIRONMENTS),
            environments=ENVIRONMENTS,
        )
        for name in (STREAM, "search")
    ),
)


def at(text: str) -> int:
    """The microseconds of `2026-01-05 09:30`, UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


NOW: Final = at("2026-03-01 00:00")
"""A clock at which every window's oldest bucket begins exactly one window ago."""


OFFICE_HOURS: Final = Calendar(zone="UTC", hours=tuple((day, 9 * 60, 17 * 60) for day in range(5)))
"""Monday to Friday, nine to five."""

SOME_FACTS: Final = {STREAM: StreamSigns(newest_occurred_at=NOW, newest_received_at=NOW, facts=1)}
"""Signs of a stream that has a fact and no rows."""


def visit(
    item: str = "ticket:1",
    step: str = "Review",
    *,
    number: int = 1,
    queued: int | None = None,
    started: int | None = None,
    finished: int | None = None,
    returned: bool = False,
    counted: bool = True,
    stream: str = STREAM,
    **more: object,
) -> StepVisit:
    """One visit; wait and process are what its three times give, unknown where one is; `more` are fields of the row."""
    row = StepVisit(
        value_stream=stream,
        item_id=item,
        step=step,
        visit=number,
        subject_id="change:1",
        counted=counted,
        queued_at=queued,
        started_at=started,
        finished_at=finished,
        wait_micros=started - queued if started is not None and queued is not None else None,
        process_micros=finished - started if finished is not None and started is not None else None,
        returned=returned,
    )
    return replace(row, **more)


def item(
    item_id: str = "ticket:1",
    *,
    created: int | None = None,
    started: int | None = None,
    finished: int | None = None,
    kind: WorkKind | None = WorkKind.FEATURE,
    active: int | None = None,
    unaccounted: int = 0,
    stream: str = STREAM,
    **more: object,
) -> WorkItem:
    """One work item; `more` are fields of the row.

    Finished and with `active` given, that is its critical path, and the rest of its flow time waited or is
    `unaccounted`.
    """
    parted = active is not None and started is not None and finished is not None
    row = WorkItem(
        value_stream=stream,
        item_id=item_id,
        kind=kind,
        created_at=created if created is not None else started,
        started_at=started,
        finished_at=finished,
        process_micros=active if parted else None,
        wait_micros=(finished or 0) - (started or 0) - (active or 0) - unaccounted if parted else None,
        blocked_micros=0 if parted else None,
        unaccounted_micros=unaccounted if parted else None,
        path_process_micros=active if parted else None,
    )
    return replace(row, **more)


def change(
    change_id: str = "change:1",
    *,
    first_commit: int | None = None,
    deployed: int | None = None,
    service: str = "web",
    left_censored: bool = False,
    environment: str = "production",
    **more: object,
) -> Change:
    """One change and when production got it; `more` are fields of the row."""
    row = Change(
        value_stream=STREAM,
        change_id=change_id,
        service=service,
        environment=environment,
        first_commit_at=first_commit,
        deployed_at=deployed,
        left_censored=left_censored,
    )
    return replace(row, **more)


def deployment(
    deployment_id: str = "deployment:1",
    *,
    finished: int | None,
    service: str = "web",
    outcome: Outcome | None = Outcome.SUCCESS,
    environment: str = "production",
    caused_incident: bool = False,
    confidence: float = 0.0,
    recovered: int | None = None,
    rework: bool = False,
    **more: object,
) -> Deployment:
    """One deployment; `more` are fields of the row."""
    row = Deployment(
        value_stream=STREAM,
        deployment_id=deployment_id,
        service=service,
        environment=environment,
        finished_at=finished,
        outcome=outcome,
        is_rework=rework,
        caused_incident=caused_incident,
        attribution="explicit" if confidence else "",
        confidence=confidence,
        recovered_at=recovered,
    )
    return replace(row, **more)


def incident(incident_id: str = "incident:1", *, detected: int, resolved: int | None, service: str = "web") -> Incident:
    """One production incident that no deployment is known to have caused."""
    return Incident(
        value_stream=STREAM,
        incident_id=incident_id,
        service=service,
        environment="production",
        detected_at=detected,
        resolved_at=resolved,
    )


def defined(**fields: object) -> Definition:
    """A definition whose one stream has these fields: a calendar, targets, a dialect."""
    return replace(DEFINITION, value_streams=(replace(DEFINITION.value_streams[0], **fields),))


def new(row: Derived) -> Update:
    """The update that a new row makes."""
    return Update(before=None, after=row)


def gone(row: Derived) -> Update:
    """The update that takes a row away."""
    return Update(before=row, after=None)


def fed(rows: Iterable[Derived], now: int | None = NOW, definition: Definition = DEFINITION) -> Measures:
    """Fresh measures that have seen these rows under a clock."""
    measures = Measures(definition, now)
    for row in rows:
        measures.observe(new(row))
    return measures


Series = tuple[str, str, str, str, str, str, str, str]
Said = tuple[float | None, int, float | None, float | None, float | None]


def by_series(measurements: Iterable[Measurement]) -> dict[Series, Said]:
    """What is said of each series, the time left out; a later one replaces an earlier."""
    return {
        (m.value_stream, m.step, m.metric, m.window, m.statistic, m.kind, m.environment, m.service): (
            m.value, m.n, m.lower, m.upper, m.completeness,
        )
        for m in measurements
    }  # fmt: skip


def measured(
    metric: str,
    rows: Iterable[Derived],
    *,
    now: int = NOW,
    step: str = "",
    window: str = "24h",
    statistic: str | None = None,
    kind: str = "",
    service: str = "",
    environment: str | None = None,
    signs: Mapping[str, StreamSigns] | None = None,
    definition: Definition = DEFINITION,
) -> Measurement:
    """The one measurement of a metric over some rows at a clock; without a statistic the metric has but one.

    Without an environment it is production's where the metric has environments.
    """
    found = [
        m
        for m in fed(rows, now, definition).measure_all(now, signs or {})
        if (m.value_stream, m.metric, m.step, m.window, m.kind, m.service)
        == (STREAM, metric, step, window, kind, service)
        and statistic in (None, m.statistic)
        and m.environment in ({"", "production"} if environment is None else {environment})
    ]
    (only,) = found
    return only
