"""Values to rows: which topic fills which table, and a batch of values as one Arrow block; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
import pyarrow as pa
from msgspec import Struct

from schemas import topics
from schemas.dead_letter import DeadLetter
from schemas.derived import Change, Deployment, Incident, StepVisit, WorkItem
from schemas.event import FlowEvent
from schemas.measurement import Measurement
from sinks.clickhouse import columns as c

DATABASE: Final = "vsm"
"""The ClickHouse database everything lives in."""

_PARTS: Final = ("wait", "process", "blocked", "unaccounted", "gap")
_TAIL: Final = (*c.texts("definition_version"), *c.wholes("revision"), *c.times("known_at"), *c.flags("withdrawn"))


class Table(Struct, frozen=True, kw_only=True):
    """A table the sink fills: from which topic, with which kind of value, column by column.

    `identity` are the columns that make two rows the same thing, the revision left out. `key` are those that the key
    of its record is made of, in their order, () where it has none of its own. `names` are the columns that name
    entities, of which `lists` hold many.
    """

    name: str
    topic: str
    kind: type[Struct]
    identity: tuple[str, ...]
    key: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    columns: tuple[c.Column, ...]


TABLES: Final = (
    Table(
        name="step_visits",
        topic=topics.STEP_VISITS.name,
        kind=StepVisit,
        identity=("value_stream", "item_id", "step", "visit"),
        key=("value_stream", "item_id", "step", "visit"),
        names=("item_id", "subject_id"),
        columns=(
            *c.texts("value_stream", "item_id", "step", "subject_id", "outcome"),
            *c.wholes("visit"),
            *c.times("queued_at", "started_at", "finished_at"),
            *c.seconds(*_PARTS, *(f"{part}_working" for part in _PARTS)),
            *c.flags("counted", "returned", "skewed"),
            *c.texts("kind", "started_by", "evidence"),
            *c.time_lists("blocked_spans"),
            *_TAIL,
        ),
    ),
    Table(
        name="work_items",
        topic=topics.WORK_ITEMS.name,
        kind=WorkItem,
        identity=("value_stream", "item_id"),
        key=("value_stream", "item_id"),
        names=("item_id", "moved_to", "links"),
        lists=("links",),
        columns=(
            *c.texts("value_stream", "item_id", "kind", "state", "moved_to"),
            *c.times("created_at", "started_at", "finished_at"),
            *c.text_lists("links"),
            *c.seconds("process", "wait", "blocked", "unaccounted", "flow_working", "path_process", "effort"),
            *c.wholes("handoffs"),
            *_TAIL,
        ),
    ),
    Table(
        name="changes",
        topic=topics.CHANGES.name,
        kind=Change,
        identity=("value_stream", "change_id", "service"),
        key=("value_stream", "change_id", "service"),
        names=("change_id", "deployment_id", "item_ids"),
        lists=("item_ids",),
        columns=(
            *c.texts("value_stream", "change_id", "service", "environment", "repository", "deployment_id"),
            *c.text_lists("item_ids"),
            *c.times("first_commit_at", "opened_at", "first_reviewed_at", "merged_at", "deployed_at"),
            *c.flags("left_censored"),
            *_TAIL,
        ),
    ),
    Table(
        name="deployments",
        topic=topics.DEPLOYMENTS.name,
        kind=Deployment,
        identity=("value_stream", "deployment_id"),
        key=("value_stream", "deployment_id"),
        names=("deployment_id", "artifact", "commit", "change_ids"),
        lists=("change_ids",),
        columns=(
            *c.texts("value_stream", "deployment_id", "service", "environment"),
            *c.texts("artifact", "commit", "outcome", "attribution"),
            *c.times("started_at", "finished_at", "recovered_at"),
            *c.flags("is_rework", "caused_incident", "left_censored"),
            *c.text_lists("change_ids"),
            *c.numbers("confidence"),
            *_TAIL,
        ),
    ),
    Table(
        name="incidents",
        topic=topics.INCIDENTS.name,
        kind=Incident,
        identity=("value_stream", "incident_id"),
        key=("value_stream", "incident_id"),
        names=("incident_id", "deployment_id"),
        columns=(
            *c.texts("value_stream", "incident_id", "service", "environment", "deployment_id", "attribution"),
            *c.times("detected_at", "resolved_at"),
            *c.numbers("confidence"),
            *_TAIL,
        ),
    ),
    Table(
        name="measurements",
        topic=topics.MEASUREMENTS.name,
        kind=Measurement,
        identity=("value_stream", "metric", "step", "window", "statistic", "kind", "environment", "service"),
        columns=(
            *c.whole_seconds("measured_at"),
            *c.texts("value_stream", "step", "metric", "window", "statistic", "kind", "environment", "service"),
            *c.numbers("value", "lower", "upper", "completeness"),
            *c.wholes("n"),
            *c.texts("definition_version"),
            *c.wholes("generation"),
        ),
    ),
    Table(
        name="flow_events",
        topic=topics.FLOW_EVENTS.name,
        kind=FlowEvent,
        identity=("value_stream", "event_id"),
        key=("value_stream", "event_id"),
        columns=(
            *c.texts("event_id", "value_stream", "type", "tool", "source", "delivery_id", "subject_id", "subject_url"),
            *c.times("occurred_at", "received_at"),
            *c.signed("order"),
            *c.links("links"),
            *c.texts("state", "outcome", "environment", "work_kind", "actor_class", "actor"),
            *c.number_maps("quantities"),
            *c.text_maps("attributes"),
        ),
    ),
    Table(
        name="dead_letters",
        topic=topics.DEAD_LETTERS.name,
        kind=DeadLetter,
        identity=("dead_letter_id", "part"),
        key=("dead_letter_id",),
        columns=(
            *c.texts("dead_letter_id", "stage", "tool", "source", "event_type", "delivery_id", "reason", "detail"),
            *c.wholes("part", "parts", "size_bytes", "partition", "offset"),
            *c.times("received_at"),
            *c.texts("body_hash", "topic"),
        ),
    ),
)
"""Every table the sink fills, one a topic. A dead letter's body stays in the log."""

BY_TOPIC: Final[Mapping[str, Table]] = MappingProxyType({table.topic: table for table in TABLES})


def block(table: Table, values: Sequence[Struct]) -> pa.Table:
    """Return the values, all of the table's kind, as one Arrow block in the table's column order; may be empty."""
    fields = table.kind.__struct_fields__
    cells = zip(*map(msgspec.structs.astuple, values), strict=True) if values else ([] for _ in fields)
    by_field = dict(zip(fields, cells, strict=True))
    return pa.table({column.name: column.build(by_field[column.field]) for column in table.columns})
