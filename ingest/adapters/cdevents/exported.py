"""Facts that `vsm export` wrote as CDEvents, read back as what they were: `customData.vsm` holds each whole; pure.

The event's id and time are theirs, so that a fact that comes back to where it left is there once. Who did it is told by
class alone. Corrections of links are none of CDEvents' business: they come by `vsm link`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.facts import fact
from ingest.vocabulary.actors import Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.times import moment
from schemas.event import PATHS, ActorClass, Link, LinkKind, LinkMethod, Outcome, WorkKind
from schemas.event_types import LINK_ASSERTED, LINK_DENIED
from schemas.identity import bare_ticket_uri

KEY: Final = "vsm"
"""The member of an event's custom data that holds the fact."""

CORRECTION: Final = Ignored("corrections of links come by vsm link")
"""What becomes of an exported correction."""

_FACT_ID: Final = re.compile("[0-9a-f]{32}")
_ROUTING: Final = frozenset({"routed_by", "service_by"})
_Word = Annotated[str, Meta(max_length=512)]


class _Link(Struct, frozen=True, gc=False):
    uri: _Word
    kind: LinkKind
    method: LinkMethod
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0


class Exported(Struct, frozen=True, kw_only=True):
    """A fact as it was exported, but for its id and time."""

    type: Annotated[str, Meta(pattern=r"^[a-z]+\.[a-z_]+\Z", max_length=100)]
    subject: Annotated[str, Meta(pattern=r"^[a-z]+:[\s\S]", max_length=512)]
    order: int | None = None
    url: str | None = None
    links: tuple[_Link, ...] = ()
    state: _Word | None = None
    outcome: Outcome | None = None
    environment: _Word | None = None
    work_kind: WorkKind | None = None
    actor_class: ActorClass = ActorClass.UNKNOWN
    quantities: Annotated[dict[str, float], Meta(max_length=100)] = {}
    attributes: Annotated[dict[str, str], Meta(max_length=100)] = {}


def exported(custom: object) -> Exported | None:
    """Return the fact that an event's custom data holds; None where it holds none.

    Raises Untranslatable where it is malformed.
    """
    told = custom.get(KEY) if isinstance(custom, dict) else None
    if not isinstance(told, dict) or "subject" not in told or "type" not in told:
        return None
    try:
        return msgspec.convert(told, Exported)
    except msgspec.ValidationError as bad:
        raise Untranslatable(f"customData.vsm: {bad}") from None


def read_back(told: Exported, event_id: str, timestamp: str | int, context: Context) -> Translated:
    """Return the fact, unrouted."""
    if told.type in {LINK_ASSERTED, LINK_DENIED}:
        return CORRECTION
    if told.subject.startswith(bare_ticket_uri("")):
        raise Untranslatable("customData.vsm: the subject names a ticket of any tracker, which is no entity")
    attributes = {name: text for name, text in told.attributes.items() if name not in {*_ROUTING, PATHS}}
    made = fact(
        context,
        told.type,
        told.subject,
        moment(timestamp, "context.timestamp"),
        told_apart=(event_id,),
        order=told.order,
        url=told.url,
        links=tuple(Link(uri=x.uri, kind=x.kind, method=x.method, confidence=x.confidence) for x in told.links),
        state=told.state,
        outcome=told.outcome,
        environment=told.environment,
        work_kind=told.work_kind,
        by=Actor(told.actor_class),
        quantities=told.quantities,
        attributes=attributes,
        paths=told.attributes.get(PATHS),
    )
    return [msgspec.structs.replace(made, event_id=event_id) if _FACT_ID.fullmatch(event_id) else made]
