"""Facts that were never webhooks, one JSON object each, as flow events of one stream; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from ingest.adapter import Context, Untranslatable
from ingest.facts import fact
from ingest.receive import NOT_JSON, TOO_DEEP
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome, WorkKind

TOO_MANY: Final = "too many facts in one request"
NO_FACTS: Final = "there are no facts"
_SOURCE: Final = "import"
_REPORTED: Final = 20
_LINES_A_FACT: Final = 10
"""So many lines, blank ones too, may there be for each fact that may come."""

_MOST_VALUES: Final = 1_000_000
"""So many values may an array hold, counted by commas before it is parted: each part costs memory of its own."""

Text = Annotated[str, Meta(min_length=1, max_length=512)]
Confidence = Annotated[float, Meta(ge=0, le=1)]
Word = Annotated[str, Meta(max_length=512)]


class ImportedLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relation to another entity."""

    uri: Text
    kind: LinkKind
    method: LinkMethod = LinkMethod.EXPLICIT
    confidence: Confidence = 1.0


class Imported(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact. `occurred_at` is ISO 8601, UTC if it names no zone; `actor_account` is hashed and never kept."""

    type: Annotated[str, Meta(pattern=r"^[a-z]+\.[a-z_]+\Z", max_length=100)]
    occurred_at: Text
    subject_id: Annotated[str, Meta(pattern=r"^[a-z]+:.", max_length=512)]
    order: int | None = None
    subject_url: Word | None = None
    links: Annotated[tuple[ImportedLink, ...], Meta(max_length=1_000)] = ()
    state: Word | None = None
    outcome: Outcome | None = None
    environment: Word | None = None
    work_kind: WorkKind | None = None
    actor_account: Word | None = None
    actor_class: ActorClass | None = None
    quantities: Annotated[dict[Text, float], Meta(max_length=100)] = {}
    attributes: Annotated[dict[Text, Word], Meta(max_length=100)] = {}
    tool: Annotated[str, Meta(pattern=r"^[a-z0-9_]+\Z", max_length=64)] = "import"


class BadFact(Struct, frozen=True, kw_only=True):
    """A line (or element, from 1) that is no fact: why, naming the field where there is one."""

    line: int
    reason: str


class Refusal(Struct, frozen=True, kw_only=True):
    """Nothing is written. `errors` are the first of the bad lines, `bad` counts them all."""

    status: int
    reason: str
    errors: tuple[BadFact, ...] = ()
    bad: int = 0


_DECODER: Final = msgspec.json.Decoder(Imported)
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])

Pseudonym = Callable[[str, str], str]
"""(tool, account) to its keyed hash."""


def imported(
    stream: str, body: bytes, received_at: int, pseudonym: Pseudonym, most_facts: int
) -> tuple[FlowEvent, ...] | Refusal:
    """Return the facts of JSON lines or of one JSON array, addressed to `stream`; or why none of them is taken."""
    pieces = _pieces(body, most_facts)
    if isinstance(pieces, Refusal):
        return pieces
    if not pieces:
        return Refusal(status=400, reason=NO_FACTS)
    if len(pieces) > most_facts:
        return Refusal(status=413, reason=TOO_MANY)
    events: list[FlowEvent] = []
    errors: list[BadFact] = []
    for line, piece in pieces:
        try:
            events.append(_event(stream, _DECODER.decode(piece), received_at, pseudonym))
        except (msgspec.DecodeError, Untranslatable, UnicodeError, RecursionError) as bad:
            errors.append(BadFact(line=line, reason=_told(bad)))
    if errors:
        return Refusal(status=400, reason="facts are malformed", errors=tuple(errors[:_REPORTED]), bad=len(errors))
    return tuple(events)


def _pieces(body: bytes, most_facts: int) -> Sequence[tuple[int, bytes | msgspec.Raw]] | Refusal:
    """Return the objects with their line numbers (of an array, the element's number), where there can be so many."""
    if body.lstrip()[:1] != b"[":
        if body.count(b"\n") > most_facts * _LINES_A_FACT:
            return Refusal(status=413, reason=TOO_MANY)
        return [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if body.count(b",") > _MOST_VALUES:
        return Refusal(status=413, reason=TOO_MANY)
    try:
        return list(enumerate(_ARRAY.decode(body), start=1))
    except RecursionError:
        return Refusal(status=400, reason=TOO_DEEP)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refusal(status=400, reason=NOT_JSON)


def _event(stream: str, said: Imported, received_at: int, pseudonym: Pseudonym) -> FlowEvent:
    if not all(isfinite(value) for value in said.quantities.values()):
        raise Untranslatable("quantities must be finite")
    tool = said.tool
    context = Context(
        tool=tool, source=_SOURCE, delivery_id="", received_at=received_at, headers={},
        pseudonym=lambda account: pseudonym(tool, account), environment=str,
    )  # fmt: skip
    event = fact(
        context,
        said.type,
        said.subject_id,
        moment(said.occurred_at, "occurred_at"),
        told_apart=_told_apart(said),
        order=said.order,
        url=said.subject_url,
        links=tuple(
            Link(uri=link.uri, kind=link.kind, method=link.method, confidence=link.confidence) for link in said.links
        ),
        state=said.state,
        outcome=said.outcome,
        environment=said.environment,
        work_kind=said.work_kind,
        by=_actor(said, context),
        quantities=said.quantities,
        attributes={**said.attributes, "routed_by": "import"},
    )
    return msgspec.structs.replace(event, value_stream=stream)


def _actor(said: Imported, context: Context) -> Actor:
    if not said.actor_account:
        return UNKNOWN if said.actor_class is None else Actor(said.actor_class, None)
    return Actor(said.actor_class or classify(said.actor_account), context.pseudonym(said.actor_account))


def _told_apart(said: Imported) -> list[str]:
    """Return what tells facts of one subject, type and time apart: all that rules read."""
    named: Mapping[str, str | None] = {
        "state": said.state,
        "outcome": said.outcome,
        "environment": said.environment,
        **{f"attributes.{name}": value for name, value in said.attributes.items()},
    }
    return [f"{name}={value}" for name, value in sorted(named.items()) if value]


def _told(bad: Exception) -> str:
    """Return what is wrong with a line; the sender may read their own words, the log never sees them."""
    if isinstance(bad, msgspec.DecodeError | Untranslatable):
        return str(bad)
    return TOO_DEEP if isinstance(bad, RecursionError) else NOT_JSON
