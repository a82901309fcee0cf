"""CloudEvents 1.0 over HTTP (structured, binary, batched) and bare CDEvents JSON, down to one CDEvent each; pure."""

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
from schemas.dead_letter import DeadLetter
from schemas.event import FlowEvent

NOT_A_CDEVENT: Final = "the CloudEvent is no CDEvent"
NO_DATA: Final = "CloudEvent: data is missing"
BAD_DATA: Final = "CloudEvent: data_base64 is no base64"
BAD_ENVELOPE: Final = "CloudEvent: specversion, id, source or type is missing or malformed"
OTHER_VERSION: Final = "CloudEvent: specversion must be 1.0"
EMPTY_BATCH: Final = "the batch is empty"

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

_CDEVENTS: Final = "dev.cdevents."
_JSON: Final = "application/json"


class _Envelope(Struct, frozen=True, kw_only=True):
    specversion: str
    id: str
    source: str
    type: str
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: str = ""


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ENVELOPES: Final = msgspec.json.Decoder(list[msgspec.Raw])


def decide_all(delivery: Delivery, connection: Connection, router: Router) -> Received:
    """Decide a delivery of one or many events: accepted if any is, else dead-lettered if any is, else ignored."""
    media_type = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != BATCH:
        return _decide(delivery, delivery.body, media_type, connection, router)
    problem = json_problem(delivery.body)
    if problem is not None:
        return problem
    try:
        envelopes = _ENVELOPES.decode(delivery.body)
    except msgspec.ValidationError:
        return dead_lettered(delivery, connection, Refused(detail="CloudEvents batch: not an array"))
    if not envelopes:
        return Ignored(EMPTY_BATCH)
    return combined([_decide(delivery, bytes(raw), STRUCTURED, connection, router) for raw in envelopes])


def combined(outcomes: Sequence[Received]) -> Received:
    """Return the outcome of a batch from those of its events."""
    events: list[FlowEvent] = []
    letters: list[DeadLetter] = []
    reasons: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Accepted):
            events += outcome.events
        if isinstance(outcome, Accepted | DeadLettered):
            letters += outcome.letters
        if isinstance(outcome, DeadLettered | Rejected):
            reasons.append(outcome.reason)
    if events:
        return Accepted(events=tuple(events), letters=tuple(letters))
    if letters:
        return DeadLettered(letters=tuple(letters), reason=reasons[0])
    return outcomes[0]


def _decide(delivery: Delivery, body: bytes, media_type: str, connection: Connection, router: Router) -> Received:
    """Decide one event, `body` being its envelope, or itself in binary mode and bare."""
    headers = delivery.headers
    if media_type == STRUCTURED:
        found = _data(body)
    elif "ce-specversion" in headers or "ce-type" in headers:
        found = _binary(headers, body)
    else:
        found = body
    if isinstance(found, Ignored):
        return found
    if isinstance(found, Refused):
        whole = structs.replace(delivery, body=body)
        return json_problem(body) or dead_lettered(whole, connection, found)
    bare = structs.replace(delivery, body=found, headers=_bare(headers)) if found is not body else delivery
    return translated(bare, connection, router)


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


def _binary(headers: Headers, body: bytes) -> bytes | Ignored | Refused:
    if not headers.get("ce-type", "").startswith(_CDEVENTS):
        return Ignored(NOT_A_CDEVENT)
    if headers.get("ce-specversion") != "1.0":
        return Refused(detail=OTHER_VERSION, event_type=headers["ce-type"], delivery_id=headers.get("ce-id", ""))
    return body


def _bare(headers: Headers) -> Headers:
    """Return the headers of the event itself, out of its envelope."""
    kept = {name: value for name, value in headers.items() if not name.startswith("ce-")}
    return {**kept, "content-type": _JSON}
