"""A stream as a log in OCEL 2.0: its entities and work items are objects, its facts are events; pure.

An entity's uri is the id of its object, and what the uri begins with its type; a case of an imported log has its own id
and the type `case`. A work item is an object beside the entity it is named after, `item:<uri>`, and holds its members.
An event's type is the fact's, of an activity its name. The accounts' hashes are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from insights.cdevents import instant
from insights.ocel_questions import BARE
from insights.stream_facts import Kept
from schemas.event import PATHS, FlowEvent
from schemas.identity import entity_kind

ITEM: Final = "work item"
CASE: Final = "case"
LIFECYCLE: Final = "lifecycle:transition"
PLACE: Final = "vsm:order"
"""The attribute that holds the order of events of one time."""

STATIC: Final = "1970-01-01T00:00:00Z"
"""The time of an object's attribute that was never otherwise."""

_ACTIVITY: Final = "activity"
_TRANSITIONS: Final = {
    "activity.queued": "schedule", "activity.started": "start", "activity.suspended": "suspend",
    "activity.resumed": "resume", "activity.finished": "complete",
}  # fmt: skip
_HIDDEN: Final = frozenset({"routed_by", "service_by", PATHS, _ACTIVITY, "repeat"})
_OF_EVENTS: Final = ("tool", "source", "actor_class", "state", "outcome", "environment", "work_kind")
_OF_ENTITIES: Final = (
    "state", "outcome", "environment", "work_kind", "url", "repository", "project", "service", "branch",
)  # fmt: skip
_OF_ITEMS: Final = {
    "kind": "string", "state": "string", "created_at": "time", "started_at": "time", "finished_at": "time",
}  # fmt: skip
_KINDS: Final = frozenset(
    {
        "approval", "artifact", "branch", "change", "commit", "custom", "deployment", "environment", "feature",
        "incident", "item", "object", "release", "repository", "run", "service", "testoutput", "ticket", _ACTIVITY,
    }
)  # fmt: skip

Row = Mapping[str, Any]


def object_id(uri: str) -> str:
    """Return the id of an entity's object: its uri, but of a case what the log called it."""
    kind, _, rest = uri.partition(":")
    name = unquote(rest)
    return name if kind == _ACTIVITY and name and entity_kind(name) not in _KINDS else uri


def object_type(uri: str) -> str:
    """Return the type of an entity's object."""
    kind, _, rest = uri.partition(":")
    if kind == "object":
        return rest.partition("/")[0]
    return CASE if kind == _ACTIVITY else kind


def item_object(uri: str) -> str:
    """Return the id of a work item's object."""
    return f"item:{uri}"


def event_type(row: Row) -> dict[str, Any]:
    """Return the declaration of a type of events, of a row of `EVENT_TYPES_SQL`."""
    told = {name: "string" for name in row["texts"] if name not in _HIDDEN}
    told |= dict.fromkeys(row["numbers"], "float")
    told |= dict.fromkeys((*_OF_EVENTS, LIFECYCLE), "string") | {PLACE: "integer"}
    return {"name": row["name"], "attributes": [{"name": name, "type": told[name]} for name in sorted(told)]}


def object_types(kinds: Iterable[str]) -> list[dict[str, Any]]:
    """Return the declarations of all types of objects, of the kinds of `OBJECT_TYPES_SQL`."""
    entities = [{"name": name, "type": "string"} for name in _OF_ENTITIES]
    items = [{"name": name, "type": kind} for name, kind in _OF_ITEMS.items()]
    names = {object_type(f"{kind}/") if kind.startswith("object:") else object_type(f"{kind}:") for kind in kinds}
    return [{"name": name, "attributes": entities} for name in sorted(names)] + [{"name": ITEM, "attributes": items}]


def event(kept: Kept, is_item: Callable[[str], bool]) -> dict[str, Any]:
    """Return a fact as an event; it is related to the work items that are objects of the log."""
    told, items = kept.event, [uri for uri in kept.items if is_item(uri)]
    relations = [(object_id(told.subject_id), "subject")]
    relations += [(item_object(uri), "item") for uri in items]
    relations += _linked(((x.uri, str(x.kind)) for x in told.links), items)
    return {
        "id": told.event_id,
        "type": _called(told),
        "time": instant(told.occurred_at),
        "attributes": [{"name": name, "value": value} for name, value in _attributes(told).items()],
        "relationships": _relationships(relations),
    }


def _called(told: FlowEvent) -> str:
    activity = told.attributes.get(_ACTIVITY)
    return activity if activity and told.type.startswith("activity.") else told.type


def _attributes(told: FlowEvent) -> dict[str, str | float | int]:
    found: dict[str, str | float | int] = {n: text for n, text in told.attributes.items() if n not in _HIDDEN}
    found |= told.quantities
    found |= {name: str(getattr(told, name)) for name in _OF_EVENTS if getattr(told, name) is not None}
    if told.type in _TRANSITIONS:
        cancelled = told.type == "activity.finished" and told.outcome == "cancelled"
        found[LIFECYCLE] = "ate_abort" if cancelled else _TRANSITIONS[told.type]
    if told.order is not None:
        found[PLACE] = told.order
    return found


def entity(row: Row) -> dict[str, Any]:
    """Return an entity as an object, of a row of `SUBJECTS_SQL`: each attribute whenever it became another."""
    now: dict[str, str] = {}
    attributes = []
    for at, name, value in row["said"]:
        if now.get(name) != value:
            now[name] = value
            attributes.append({"name": name, "time": instant(at), "value": value})
    linked = _linked(row["links"], row["items"]) + [(object_id(uri), kind) for uri, kind in row["relations"]]
    return {**target(row), "attributes": attributes, "relationships": _relationships(linked)}


def target(row: Row) -> dict[str, Any]:
    """Return an entity of which no fact tells more than that there is a link to it."""
    return {"id": object_id(row["uri"]), "type": object_type(row["uri"]), "attributes": [], "relationships": []}


def item(row: Row) -> dict[str, Any]:
    """Return a work item as an object, of a row of `ITEMS_SQL`."""
    told = {name: _written(row[name]) for name in _OF_ITEMS if row[name] is not None}
    return {
        "id": item_object(row["uri"]),
        "type": ITEM,
        "attributes": [{"name": name, "time": STATIC, "value": value} for name, value in told.items()],
        "relationships": _relationships([(object_id(uri), "contains") for uri in row["members"]]),
    }


def _linked(links: Iterable[Sequence[str]], items: Sequence[str]) -> list[tuple[str, str]]:
    """Return the objects that links lead to; a bare key leads to the work item's ticket of that key, else nowhere."""
    return [(object_id(uri), kind) for named, kind in links for uri in _meant(named, items)]


def _meant(named: str, items: Sequence[str]) -> Iterator[str]:
    if not named.startswith(BARE):
        yield named
        return
    key = named.removeprefix(BARE)
    yield from (uri for uri in items if uri.startswith("ticket:") and uri.rpartition("/")[2].upper() == key)


def _relationships(relations: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": name, "qualifier": kind} for name, kind in sorted(set(relations))]


def _written(value: object) -> str:
    """Return a time with its zone, anything else as it is."""
    if not isinstance(value, datetime):
        return str(value)
    at = value if value.tzinfo else value.replace(tzinfo=UTC)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
