"""Values as the processors derive them, with only what a test is about said."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from schemas.dead_letter import DeadLetter, DeadLetterReason
from schemas.derived import Change, Deployment, Incident, StepVisit, WorkItem, revision
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome, WorkKind
from schemas.measurement import Measurement

T0 = 1_780_000_000_000_000
"""A whole second in 2026, microseconds UTC."""

SECOND = 1_000_000


def visit(item: str = "ticket:jira/CHK-1", *, progress: int = 1, generation: int = 1, **fields: object) -> StepVisit:
    """Return a visit of `item` in Review known at `progress`."""
    given: dict[str, object] = {"value_stream": "checkout", "step": "Review", "visit": 1, "subject_id": "change:a/1"}
    given |= {"known_at": T0 + progress * SECOND, "revision": revision(generation, progress), **fields}
    return StepVisit(item_id=item, **given)  # type: ignore[arg-type]


def measured(value: float | None = 1.5, *, metric: str = "step_wait_seconds", **fields: object) -> Measurement:
    """Return a measurement of checkout's Review over 7 days."""
    given: dict[str, object] = {"measured_at": T0, "value_stream": "checkout", "step": "Review", "window": "7d"}
    given |= {"statistic": "p50", "n": 7, **fields}
    return Measurement(metric=metric, value=value, **given)  # type: ignore[arg-type]


def fact(event: str = "e1", *, received_at: int = T0, delivery: str = "d1", **fields: object) -> FlowEvent:
    """Return a merged change."""
    given: dict[str, object] = {"type": "change.merged", "occurred_at": T0, "tool": "github", "source": "acme"}
    given |= {"subject_id": "change:github.com/acme/app/1", "value_stream": "checkout", **fields}
    return FlowEvent(event_id=event, received_at=received_at, delivery_id=delivery, **given)  # type: ignore[arg-type]


def letter(name: str = "l1", **fields: object) -> DeadLetter:
    """Return a dead letter of one part."""
    given: dict[str, object] = {"stage": "ingest", "tool": "github", "source": "acme", "detail": "no title"}
    given |= {"reason": DeadLetterReason.UNTRANSLATABLE, "received_at": T0, "size_bytes": 4, "body_hash": "ab"}
    return DeadLetter(dead_letter_id=name, body=b"seal", **{**given, **fields})  # type: ignore[arg-type]


def one_of_each() -> Mapping[str, Struct]:
    """Return, for each table of the sink, a value with every field filled."""
    parts = ("wait", "process", "blocked", "unaccounted")
    spans: dict[str, object] = {f"{part}_micros": number for number, part in enumerate(parts, 1)}
    known: dict[str, object] = {"revision": revision(1, 1), "known_at": T0, "definition_version": "v1"}
    working: dict[str, object] = {f"{part}_working_micros": spans[f"{part}_micros"] for part in parts}
    return {
        "step_visits": visit(
            queued_at=T0, started_at=T0, finished_at=T0, outcome="success",
            **spans, **working,  # type: ignore[arg-type]
            gap_micros=5, gap_working_micros=5, returned=True, skewed=True, definition_version="v1",
            kind=WorkKind.FEATURE, started_by=ActorClass.HUMAN, evidence="failed_build", blocked_spans=(T0, T0 + 1),
        ),
        "work_items": WorkItem(
            value_stream="checkout", item_id="i", kind=WorkKind.FEATURE, created_at=T0, started_at=T0,
            finished_at=T0, state="Done", links=("a", "b"), moved_to="j", flow_working_micros=6,
            path_process_micros=7, effort_micros=8, handoffs=2, **spans, **known,  # type: ignore[arg-type]
        ),
        "changes": Change(
            value_stream="checkout", change_id="c", service="s", environment="production", repository="h/o/n",
            item_ids=("i",), first_commit_at=T0, opened_at=T0, first_reviewed_at=T0, merged_at=T0, deployed_at=T0,
            deployment_id="d", left_censored=True, **known,  # type: ignore[arg-type]
        ),
        "deployments": Deployment(
            value_stream="checkout", deployment_id="d", service="s", environment="production", artifact="a", commit="c",
            started_at=T0, finished_at=T0, outcome=Outcome.SUCCESS, is_rework=True, caused_incident=True,
            left_censored=True, change_ids=("c",), attribution="explicit", confidence=0.5, recovered_at=T0,
            **known,  # type: ignore[arg-type]
        ),
        "incidents": Incident(
            value_stream="checkout", incident_id="n", service="s", environment="production", detected_at=T0,
            resolved_at=T0, deployment_id="d", attribution="explicit", confidence=1.0,
            **known,  # type: ignore[arg-type]
        ),
        "measurements": measured(
            kind="feature", environment="production", service="s", lower=1.0, upper=2.0, completeness=0.5,
            definition_version="v1", generation=1,
        ),
        "flow_events": fact(
            order=3, subject_url="https://x/1", state="open", outcome=Outcome.SUCCESS, environment="production",
            work_kind=WorkKind.DEFECT, actor="0123456789abcdef", quantities={"lines": 3.5},
            attributes={"repository": "github.com/acme/app"},
            links=(Link(uri="ticket:jira/CHK-1", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_TITLE),),
        ),
        "dead_letters": letter(event_type="push", delivery_id="d1", topic="t", partition=1, offset=2),
    }  # fmt: skip
