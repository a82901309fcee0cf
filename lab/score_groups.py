"""What of the truth is compared with which table, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from lab.releasing import PRODUCTION
from lab.truth import Entity, TrueChange, TrueDeployment, TrueIncident, TrueItem

Key = tuple[object, ...]
"""The value stream, then the identity within it."""

Facts = tuple[object, ...]
"""The compared columns in the group's order; times in microseconds, parts in whole seconds."""


class Group(Struct, frozen=True, kw_only=True):
    """One kind of rows: `identity` and `columns` name what is selected, times `_at`, durations `_seconds`."""

    name: str
    table: str
    identity: tuple[str, ...]
    columns: tuple[str, ...]
    where: str = ""
    true: Callable[[Entity], Iterator[tuple[Key, Facts]]]

    @property
    def sql(self) -> str:
        """The query that reads the measured rows."""
        columns = ", ".join(["value_stream", *self.identity, *(_column(name) for name in self.columns)])
        where = f" WHERE {self.where}" if self.where else ""
        return f"SELECT {columns} FROM vsm.{self.table}{where}"  # noqa: S608 - nothing but constants


def true_rows(group: Group, entities: Iterable[Entity]) -> dict[Key, Facts]:
    """Return a group's rows as they truly are."""
    return {key: facts for entity in entities for key, facts in group.true(entity)}


def _column(name: str) -> str:
    if name.endswith("_at"):
        return f"toUnixTimestamp64Micro({name}) AS {name}"
    if name.endswith("_seconds"):
        return f"toInt64(round({name})) AS {name}"
    return "ifNull(outcome, '') = 'sent_back' AS sent_back" if name == "sent_back" else name


def _visits(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueItem):
        for v in entity.visits:
            facts = (
                v.queued_at,
                v.started_at,
                v.finished_at,
                v.counted,
                v.returned,
                v.sent_back,
                v.evidence,
                v.kind,
                v.started_by,
            )
            yield (entity.value_stream, entity.item_id, v.step, v.visit), facts


def _visit_times(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueItem):
        for v in entity.visits:
            key = (entity.value_stream, entity.item_id, v.step, v.visit)
            working = v.wait_working_seconds, v.process_working_seconds
            yield key, (v.wait_seconds, v.process_seconds, v.unaccounted_seconds, *working)


def _items(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueItem):
        facts = (entity.kind, entity.created_at, entity.started_at, entity.finished_at)
        yield (entity.value_stream, entity.item_id), facts


def _parts(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueItem) and entity.process_seconds is not None:
        facts = (
            entity.process_seconds, entity.wait_seconds, entity.unaccounted_seconds, entity.path_process_seconds,
            entity.effort_seconds, entity.flow_working_seconds,
        )  # fmt: skip
        yield (entity.value_stream, entity.item_id), facts


def _changes(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueChange):
        yield (
            (entity.value_stream, entity.change_id),
            (
                entity.item_ids, entity.first_commit_at, entity.opened_at, entity.first_reviewed_at, entity.merged_at,
                entity.deployed_at, entity.deployment_id, entity.left_censored,
            ),
        )  # fmt: skip


def _deployments(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueDeployment):
        yield (
            (entity.value_stream, entity.deployment_id),
            (
                entity.service, entity.environment, entity.outcome, entity.started_at, entity.finished_at,
                entity.change_ids, entity.left_censored,
            ),
        )  # fmt: skip


def _judged(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueDeployment) and entity.environment == PRODUCTION and entity.outcome is not None:
        facts = (entity.failed, entity.is_rework, entity.recovered_at if entity.failed else None)
        yield (entity.value_stream, entity.deployment_id), facts


def _incidents(entity: Entity) -> Iterator[tuple[Key, Facts]]:
    if isinstance(entity, TrueIncident):
        facts = (entity.service, entity.detected_at, entity.resolved_at, entity.deployment_id, entity.attribution)
        yield (entity.value_stream, entity.incident_id), facts


GROUPS: Final = (
    Group(
        name="visits",
        table="step_visits_current",
        identity=("item_id", "step", "visit"),
        columns=(
            "queued_at", "started_at", "finished_at", "counted", "returned", "sent_back", "evidence", "kind",
            "started_by",
        ),
        true=_visits,
    ),
    Group(
        name="visits' times",
        table="step_visits_current",
        identity=("item_id", "step", "visit"),
        columns=(
            "wait_seconds", "process_seconds", "unaccounted_seconds", "wait_working_seconds",
            "process_working_seconds",
        ),
        true=_visit_times,
    ),
    Group(
        name="work items",
        table="work_items_current",
        identity=("item_id",),
        columns=("kind", "created_at", "started_at", "finished_at"),
        true=_items,
    ),
    Group(
        name="flow time parts",
        table="work_items_current",
        identity=("item_id",),
        columns=(
            "process_seconds", "wait_seconds", "unaccounted_seconds", "path_process_seconds", "effort_seconds",
            "flow_working_seconds",
        ),
        where="process_seconds IS NOT NULL",
        true=_parts,
    ),
    Group(
        name="changes",
        table="changes_current",
        identity=("change_id",),
        columns=(
            "item_ids", "first_commit_at", "opened_at", "first_reviewed_at", "merged_at", "deployed_at",
            "deployment_id", "left_censored",
        ),
        true=_changes,
    ),
    Group(
        name="deployments",
        table="deployments_current",
        identity=("deployment_id",),
        columns=(
            "service", "environment", "outcome", "started_at", "finished_at", "change_ids", "left_censored",
        ),
        true=_deployments,
    ),
    Group(
        name="failed deployments",
        table="deployments_current",
        identity=("deployment_id",),
        columns=("caused_incident", "is_rework", "recovered_at"),
        where=f"environment = '{PRODUCTION}' AND outcome IS NOT NULL",
        true=_judged,
    ),
    Group(
        name="incidents",
        table="incidents_current",
        identity=("incident_id",),
        columns=("service", "detected_at", "resolved_at", "deployment_id", "attribution"),
        true=_incidents,
    ),
)  # fmt: skip
"""Every kind of rows that is compared."""
