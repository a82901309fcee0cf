"""CloudEvents 1.0 over HTTP (structured, binary, batched) and bare CDEvents JSON, down to one CDEvent each; pure.

Where the body of a delivery is JSON, what is wrong inside an envelope is a dead letter of that envelope, never a
rejection: of a batch nothing is lost, and what is answered does not depend on the order of its events.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct, structs

from ingest.adapter import Delivery, Headers, Ignored
from ingest.dead_letters import Refused
from ingest.outcomes import Accepted, DeadLettered, Received, Rejected
from ingest.receive import Connection, dead_lettered, json_problem, translated
from ingest.routing import Router
from schemas.event import FlowEvent
from schemas.letter_keys import Sealed

NOT_A_CDEVENT: Final = "the CloudEvent is no CDEvent"
NO_DATA: Final = "CloudEvent: data is missing"
BAD_DATA: Final = "CloudEvent: data_base64 is no base64"
BAD_ENVELOPE: Final = "CloudEvent: specversion, id, source or type is missing or malformed"
OTHER_VERSION: Final = "CloudEvent: specversion must be 1.0"
EMPTY_BATCH: Final = "the batch is empty"
LARGE_BATCH: Final = "the batch holds too many events"

MOST_EVENTS: Final = 2_000
"""So many events may a batch hold: what is wrong with each is a dead letter of its own."""

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

_MOST_VALUES: Final = 1_000_000
"""So many values may a batch hold, counted by commas before it is parted: each part costs memory of its own."""

_CDEVENTS: Final = ("dev.cdevents.", "dev.cdeventsx.")
_JSON: Final = "application/json"


class _Envelope(Struct, frozen=True, kw_only=True):
    specversion: str
    id: str
    source: str
    type: str
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: str = ""


class _Sniffed(Struct, frozen=True, kw_only=True):
    """Just enough of a body to tell an envelope from a bare event."""

    specversion: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: msgspec.Raw = msgspec.Raw(b"")


_SNIFF: Final = msgspec.json.Decoder(_Sniffed)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ENVELOPES: Final = msgspec.json.Decoder(list[msgspec.Raw])


def decide_all(delivery: Delivery, connection: Connection, router: Router) -> Received:
    """Decide a delivery of one or many events: accepted if any is, else dead-lettered if any is, else ignored."""
    media_type = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != BATCH:
        return _decide(delivery, media_type, connection, router)
    problem = json_problem(delivery.body)
    if problem is not None:
        return problem
    if delivery.body.count(b",") > _MOST_VALUES:
        return Rejected(413, LARGE_BATCH)
    try:
        envelopes = _ENVELOPES.decode(delivery.body)
    except msgspec.ValidationError:
        return dead_lettered(delivery, connection, Refused(detail="CloudEvents batch: not an array"))
    if not envelopes:
        return Ignored(EMPTY_BATCH)
    if len(envelopes) > MOST_EVENTS:
        return Rejected(413, LARGE_BATCH)
    headers = {**delivery.headers, "content-type": STRUCTURED}
    alone = [structs.replace(delivery, headers=headers, body=bytes(raw)) for raw in envelopes]
    return combined([_enveloped(each, connection, router) for each in alone])


def combined(outcomes: Sequence[Accepted | Ignored | DeadLettered]) -> Received:
    """Return the outcome of a batch from those of its events, at least one; in whatever order, it is the same."""
    events: list[FlowEvent] = []
    letters: list[Sealed] = []
    reasons: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Accepted):
            events += outcome.events
        if isinstance(outcome, Accepted | DeadLettered):
            letters += outcome.letters
        if isinstance(outcome, DeadLettered):
            reasons.append(outcome.reason)
    if events:
        return Accepted(events=tuple(events), letters=tuple(letters))
    if letters:
        return DeadLettered(letters=tuple(letters), reason=min(reasons))
    return min((each for each in outcomes if isinstance(each, Ignored)), key=lambda each: each.reason)


def _decide(delivery: Delivery, media_type: str, connection: Connection, router: Router) -> Received:
    """Decide one event, the body being its envelope, or itself in binary mode and bare."""
    headers, body = delivery.headers, delivery.body
    if media_type == STRUCTURED:
        return json_problem(body) or _enveloped(delivery, connection, router)
    if "ce-specversion" in headers or "ce-type" in headers:
        found = _binary(headers)
        if found is None:
            return translated(delivery, connection, router)
        kept = found if isinstance(found, Ignored) else dead_lettered(delivery, connection, found)
        return json_problem(body) or kept
    if _is_envelope(body):
        structured = structs.replace(delivery, headers={**headers, "content-type": STRUCTURED})
        return json_problem(body) or _enveloped(structured, connection, router)
    return translated(delivery, connection, router)


def _enveloped(delivery: Delivery, connection: Connection, router: Router) -> Accepted | Ignored | DeadLettered:
    """Decide the event of an envelope that is JSON."""
    found = _data(delivery.body)
    if isinstance(found, Ignored):
        return found
    if isinstance(found, Refused):
        return dead_lettered(delivery, connection, found)
    bare = structs.replace(delivery, body=found, headers=_bare(delivery.headers))
    outcome = translated(bare, connection, router)
    if isinstance(outcome, Rejected):
        named = _ENVELOPE.decode(delivery.body)
        why = Refused(detail=f"CloudEvent: data: {outcome.reason}", event_type=named.type, delivery_id=named.id)
        return dead_lettered(delivery, connection, why)
    return outcome


def _is_envelope(body: bytes) -> bool:
    """Tell whether a body of unmarked JSON is a structured CloudEvent: CDEvents have no such fields at the top."""
    try:
        seen = _SNIFF.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return bool(seen.specversion) and bool(seen.data or seen.data_base64)


def _data(envelope: bytes) -> bytes | Ignored | Refused:
    try:
        event = _ENVELOPE.decode(envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refused(detail=BAD_ENVELOPE)
    if not event.type.startswith(_CDEVENTS):
        return Ignored(NOT_A_CDEVENT)
    if event.specversion != "1.0":
        return Refused(detail=OTHER_VERSION, event_type=event.type, delivery_id=event.id)
    if event.data_base64:
        try:
            return binascii.a2b_base64(event.data_base64.encode(), strict_mode=True)
        except binascii.Error:
            return Refused(detail=BAD_DATA, event_type=event.type, delivery_id=event.id)
    data = bytes(event.data)
    return data or Refused(detail=NO_DATA, event_type=event.type, delivery_id=event.id)


def _binary(headers: Headers) -> Ignored | Refused | None:
    """Return what keeps an event in binary mode from being translated, or None."""
    if not headers.get("ce-type", "").startswith(_CDEVENTS):
        return Ignored(NOT_A_CDEVENT)
    if headers.get("ce-specversion") != "1.0":
        return Refused(detail=OTHER_VERSION, event_type=headers["ce-type"], delivery_id=headers.get("ce-id", ""))
    return None


def _bare(headers: Headers) -> Headers:
    """Return the headers of the event itself, out of its envelope."""
    kept = {name: value for name, value in headers.items() if not name.startswith("ce-")}
    return {**kept, "content-type": _JSON}
