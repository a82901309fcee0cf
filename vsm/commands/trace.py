"""`vsm trace`: why is my webhook not on the map?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ingest.routing import Router, as_told
from processors.facts import attributes_of_rules, from_event
from processors.steps import matches
from schemas.definition import Definition, Rule
from schemas.definition_file import BadDefinition
from schemas.event import UNROUTED, FlowEvent
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.store import BadQuery, Store, StoreMissing, open_store

Row = Mapping[str, object]

_EVENTS_SQL: Final = """
SELECT * FROM vsm.flow_events_current
WHERE delivery_id = {what:String} OR event_id = {what:String} OR subject_id = {what:String}
   OR subject_id IN (SELECT arrayJoin(arrayConcat(links, [item_id])) FROM vsm.work_items_current
                     WHERE item_id = {what:String})
ORDER BY occurred_at, value_stream LIMIT 1000
"""
_ITEMS_SQL: Final = """
SELECT * FROM vsm.work_items_current
WHERE item_id IN ({subjects:Array(String)}) OR hasAny(links, {subjects:Array(String)})
ORDER BY value_stream, item_id
"""
_VISITS_SQL: Final = """
SELECT * FROM vsm.step_visits_current WHERE item_id IN ({items:Array(String)})
ORDER BY value_stream, item_id, coalesce(queued_at, started_at, finished_at), step, visit
"""
_LETTERS_SQL: Final = """
SELECT DISTINCT dead_letter_id, stage, reason, detail FROM vsm.dead_letters
WHERE delivery_id = {what:String} OR dead_letter_id = {what:String}
"""


def trace(
    what: Annotated[str, typer.Argument(help="A delivery id, an event id, an item or any entity's URI.")],
    data: Data = DEFAULT_DATA,
    url: Url = None,
    config: Annotated[Path | None, typer.Option(help="Value-stream file; left out: the running one.")] = None,
) -> None:
    """Follow a delivery or an item: received, routed by which selector, matched by which rules, which rows.

    Example: `vsm trace 72d3162e-cc78-11e3-81ab-4c9367dc0958`
    """
    folder = DataDir(data)
    try:
        definition = definition_in_use(folder, config)
        with open_store(data, url) as store:
            lines = list(_story(store, definition, what))
    except (StoreMissing, BadQuery, BadDefinition) as bad:
        fail(str(bad))
    except OSError as missing:
        fail(f"{missing.filename}: {missing.strerror}")
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    if not lines:
        fail(
            f"nothing is known of '{what}'. If it was answered 'accepted', wait a second; if 'ignored', its event type "
            "is not of interest; `vsm dead-letters list` shows what could not be translated"
        )


def _story(store: Store, definition: Definition, what: str) -> Iterator[str]:
    for letter in store.query(_LETTERS_SQL, {"what": what}):
        yield f"dead letter {letter['dead_letter_id']} ({letter['stage']}): {letter['reason']}: {letter['detail']}"
    rows = store.query(_EVENTS_SQL, {"what": what})
    for row in rows:
        yield from _event_lines(row, definition)
    subjects = sorted({str(row["subject_id"]) for row in rows} | {what})
    items = store.query(_ITEMS_SQL, {"subjects": subjects})
    for item in items:
        moved = f", moved to {item['moved_to']}" if item["moved_to"] else ""
        yield f"item {item['item_id']} of {item['value_stream']}: {item['state'] or 'no state'}{moved}"
    visits = store.query(_VISITS_SQL, {"items": [str(item["item_id"]) for item in items]})
    for visit in visits:
        times = " > ".join(str(visit[name] or "?") for name in ("queued_at", "started_at", "finished_at"))
        returned = ", returned" if visit["returned"] else ""
        yield f"  visit {visit['step']} {visit['visit']}: {times}{returned}"
    if rows and not items:
        yield "no item: nothing of these events leads to a ticket, a change or a commit of the stream"


def _event_lines(row: Row, definition: Definition) -> Iterator[str]:
    event = _event(row)
    yield f"{row['occurred_at']} {event.type} of {event.subject_id}"
    yield f"  received {row['received_at']} from {event.tool}/{event.source} in delivery {event.delivery_id or '?'}"
    if event.value_stream == UNROUTED:
        yield f"  claimed by no value stream; what selectors read: {dict(event.attributes)}"
        return
    yield f"  routed to {event.value_stream} {_selector(definition, event)}"
    found = list(_rules(definition, event))
    yield f"  matches {', '.join(found)}" if found else "  matches no step's rule by itself"


def _selector(definition: Definition, event: FlowEvent) -> str:
    """Return which of the stream's selectors claims the event now."""
    if event.attributes.get("routed_by") == "import":
        return "by import"
    stream = definition.stream(event.value_stream)
    if stream is None:
        return "which is not in the file any more"
    for selector in stream.select:
        alone = Definition(version="", value_streams=(msgspec.structs.replace(stream, select=(selector,)),))
        if Router(alone).claims(as_told(event)):
            return f"by {{{', '.join(f'{field}: {glob}' for field, glob in selector.items())}}}"
    return "by a selector that is not in the file any more"


def _rules(definition: Definition, event: FlowEvent) -> Iterator[str]:
    stream = definition.stream(event.value_stream)
    fact = from_event(event, attributes_of_rules(definition))
    for step in stream.steps if stream is not None else ():
        for name in ("queue", "start", "finish", "returned", "blocked", "unblocked"):
            rule: Rule | None = getattr(step, name)
            if matches(rule, fact):
                yield f"{step.name}.{name}"
        if step.status and event.state in step.status:
            yield f"{step.name}.status"


def _event(row: Row) -> FlowEvent:
    """Return the event of a row; its times are not needed here and left at 0."""
    return msgspec.convert({**row, "occurred_at": 0, "received_at": 0}, FlowEvent)
