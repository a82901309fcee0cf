"""Orders to forget, as records of the log of flow events: no facts, but obeyed by whoever reads them.

They are taken out of the log again with what they name. An order holds for what is before it in the log: what comes
after is new.
"""

from __future__ import annotations

from typing import Final

from schemas.event import FlowEvent
from schemas.identity import event_id

FACT_FORGOTTEN: Final = "fact.forgotten"
"""To the processors, and to the sinks for the table of events: every earlier copy of a fact of this stream was never
there. `tool` and `source` are those that it was sent by."""

ENTITY_FORGOTTEN: Final = "entity.forgotten"
"""To the sinks: of rows that name the subject only those stand that are known since the offset `BEFORE`."""

ACTOR_FORGOTTEN: Final = "actor.forgotten"
"""To the sinks: whoever `actor` stands for is unknown in this stream's events."""

FACT_REROUTED: Final = "fact.rerouted"
"""To the processors: earlier copies of a fact count in this stream no more, for it is routed otherwise."""

TAKES_OUT: Final = frozenset({FACT_FORGOTTEN, FACT_REROUTED})
"""The orders after which no earlier copy of a fact counts in a stream."""

ORDERS: Final = frozenset({FACT_FORGOTTEN, ENTITY_FORGOTTEN, ACTOR_FORGOTTEN, FACT_REROUTED})
"""The types of events that are orders and no facts."""

FORGETS: Final = "forgets"
"""Attribute that holds the id of the fact to forget."""

BEFORE: Final = "before"
"""Attribute that holds an offset of the log of flow events, in the partition of the order's stream."""

_TOOL: Final = "vsm"


def forget_fact(event: FlowEvent, now: int) -> FlowEvent:
    """Return the order to forget a fact; of it nothing else is repeated."""
    said = {FORGETS: event.event_id}
    return _order(FACT_FORGOTTEN, event.value_stream, event.subject_id, now, said, (event.tool, event.source))


def leave_fact(event: FlowEvent, now: int) -> FlowEvent:
    """Return the order by which a stream leaves a fact to others: selectors route it otherwise now."""
    said = {FORGETS: event.event_id}
    return _order(FACT_REROUTED, event.value_stream, event.subject_id, now, said, (event.tool, event.source))


def forget_entity(stream: str, subject: str, before: int, now: int) -> FlowEvent:
    """Return the order to forget what was known of an entity before an offset."""
    return _order(ENTITY_FORGOTTEN, stream, subject, now, {BEFORE: str(before)}, (_TOOL, ""))


def forget_actor(stream: str, actor: str, now: int) -> FlowEvent:
    """Return the order to forget who an actor is."""
    return _order(ACTOR_FORGOTTEN, stream, f"actor:{actor}", now, {FORGETS: actor}, (_TOOL, ""))


def _order(kind: str, stream: str, subject: str, now: int, said: dict[str, str], sent_by: tuple[str, str]) -> FlowEvent:
    tool, source = sent_by
    known = event_id(tool, kind, subject, 0, (source, *said.values()))
    return FlowEvent(
        event_id=known,
        type=kind,
        occurred_at=now,
        received_at=now,
        tool=tool,
        source=source,
        delivery_id=known,
        value_stream=stream,
        subject_id=subject,
        attributes=said,
    )
