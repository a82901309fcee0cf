"""Facts: what rules and derivations need of a flow event, and an entity's set of them as packed bytes; pure.

The packing is built for many small records: an event id or delivery id that is plain hexadecimal takes half its
length, known types are numbers, and what nobody reads is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from processors.engine import StepFailed
from schemas.definition import Definition, Step
from schemas.event import IMPLAUSIBLE_TIME, ActorClass, FlowEvent, Link, LinkKind, Outcome, WorkKind
from schemas.event_types import LINK_ASSERTED, LINK_DENIED, rank
from schemas.identity import bare_ticket_uri, entity_kind

ENCODING: Final = 2
"""The packing that this code writes."""

MOST_FACTS: Final = 10_000
"""An entity keeps this many facts: what people corrected, then the smallest in the order of facts."""

LATEST_MICROS: Final = 7_258_118_400_000_000
"""2200-01-01T00:00Z: a time from here on is no time."""

BARE_TICKET: Final = bare_ticket_uri("")
"""How the name of a ticket begins of which only the key is known."""

TRUNKS: Final = frozenset({"main", "master", "trunk"})
"""Branches on which a commit without a change lands as it is pushed."""

HOT_FIXES: Final = ("hotfix", "hot-fix", "hot_fix")
"""How the names of branches begin that mend production in a hurry."""

FROM_STATE: Final = "from_state"
"""The attribute that says which status a ticket left; kept where steps go by status."""

DERIVED_FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "ticket": ("container",),
    "commit": ("repository", "branch", "reverts"),
    "change": ("repository", "branch", "reverts"),
    "deployment": ("service", "repository", "rollback", "environment_raw"),
    "incident": ("service", "cause"),
}
"""The attributes that derivations read, by kind of entity; rules may add others."""

_CORRECTIONS: Final = frozenset({LINK_ASSERTED, LINK_DENIED})
_EVENT_FIELDS: Final = ("tool", "source", "subject_id")
"""Fields that are kept only where a rule reads them, as if they were attributes."""

_TYPES: Final = (
    "ticket.created", "ticket.updated", "ticket.closed", "commit.created", "change.created", "change.readied",
    "change.updated", "change.reviewed", "change.merged", "change.abandoned", "pipelinerun.queued",
    "pipelinerun.started", "pipelinerun.finished", "taskrun.started", "taskrun.finished", "build.queued",
    "build.started", "build.finished", "testsuiterun.queued", "testsuiterun.started", "testsuiterun.finished",
    "testcaserun.queued", "testcaserun.started", "testcaserun.finished", "artifact.packaged", "artifact.signed",
    "artifact.published", "deployment.queued", "deployment.started", "service.deployed", "service.upgraded",
    "service.rolledback", "service.published", "service.removed", "incident.detected", "incident.reported",
    "incident.resolved", "activity.started", "activity.finished", "branch.created", "branch.deleted",
    "commit.landed", "incident.updated", "link.asserted", "link.denied",
)  # fmt: skip
"""Types by their number in the packing: only ever appended to, never reordered."""
_TYPE_CODES: Final = {name: code for code, name in enumerate(_TYPES)}
_TYPE_NAMES: Final[Mapping[int | str, str]] = dict(enumerate(_TYPES))
_RANKS: Final[Mapping[int | str, int]] = {code: rank(name) for code, name in enumerate(_TYPES)}
_LINK_KINDS: Final = (
    LinkKind.PART_OF, LinkKind.CONTAINS, LinkKind.MERGED_AS, LinkKind.BUILT_FROM, LinkKind.DEPLOYS, LinkKind.CAUSED_BY,
    LinkKind.RELATES_TO,
)  # fmt: skip
"""Link kinds by their number in the packing: only ever appended to."""
_LINK_CODES: Final = {kind: code for code, kind in enumerate(_LINK_KINDS)}
_ACTORS: Final = (ActorClass.UNKNOWN, ActorClass.HUMAN, ActorClass.BOT, ActorClass.AGENT)
"""Actor classes by their number in the packing: only ever appended to."""
_ACTOR_CODES: Final = {actor: code for code, actor in enumerate(_ACTORS)}
_WORKERS: Final = frozenset({ActorClass.HUMAN, ActorClass.AGENT})
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FactLink(Struct, frozen=True, array_like=True, gc=False):
    """A link of a fact's subject: the target, the number of the kind, the confidence of a cause (None for certain)."""

    uri: str
    code: int
    doubt: float | None = None

    @property
    def kind(self) -> LinkKind:
        """How the subject relates to the target."""
        return _LINK_KINDS[self.code]

    @property
    def confidence(self) -> float:
        """The confidence in [0, 1]."""
        return 1.0 if self.doubt is None else self.doubt


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """One fact of one entity, without what the entity's record says anyway (stream, subject).

    `occurred_at` is microseconds UTC, `under_way` the microseconds until it was received. `code` is the type's number,
    or its name where it has none; `packed_id` and `packed_delivery` are the ids, halved where they are hexadecimal. An
    implausible fact is kept for the count and derives nothing. `who` are 32 bits of the hash of the account that caused
    it, 0 for one that is not told, or neither a human's nor an agent's: enough to tell two accounts of one item apart.
    """

    occurred_at: int
    order: int | None
    code: int | str
    packed_id: bytes
    under_way: int
    packed_delivery: bytes
    state: str | None = None
    outcome: Outcome | None = None
    environment: str | None = None
    work_kind: WorkKind | None = None
    actor: int = 0
    links: tuple[FactLink, ...] = ()
    attributes: dict[str, str] = {}
    implausible: bool = False
    who: int = 0

    @property
    def type(self) -> str:
        """The event type."""
        return _TYPE_NAMES[self.code] if isinstance(self.code, int) else self.code

    @property
    def family(self) -> str:
        """The kind of thing that the event type speaks of: `ticket` of `ticket.closed`."""
        return self.type.partition(".")[0]

    @property
    def actor_class(self) -> ActorClass:
        """What kind of actor caused it."""
        return _ACTORS[self.actor]

    @property
    def received_at(self) -> int:
        """When it was received, microseconds UTC."""
        return self.occurred_at + self.under_way

    @property
    def rank(self) -> int:
        """The rank of its type among facts of one time."""
        return _RANKS[self.code] if isinstance(self.code, int) else rank(self.code)

    def place(self) -> tuple[int, int, int, bytes]:
        """Return the sort key of facts: time, order, rank of the type, id."""
        return self.occurred_at, self.order or 0, self.rank, self.packed_id


class _Packed(Struct, frozen=True, array_like=True, gc=False):
    facts: list[Fact]
    squeezed: bool = False


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Packed)
_NOTHING: Final = _Packed([])


def attributes_of_rules(definition: Definition) -> frozenset[str]:
    """Return the names of attributes (and rarely read fields) that the rules of a definition read."""
    steps = [step for stream in definition.value_streams for step in stream.steps]
    by_status = {FROM_STATE} if any(step.status for step in steps) else set()
    return frozenset(name for step in steps for rule in _rules(step) for name in rule) | by_status


def _rules(step: Step) -> Iterable[Iterable[str]]:
    rules = (step.queue, step.start, step.finish, step.returned, step.blocked, step.unblocked)
    return (rule.where for rule in rules if rule is not None)


def from_event(event: FlowEvent, ruled: frozenset[str]) -> Fact:
    """Return the fact of an event with the attributes that derivations read and those that rules do (`ruled`).

    Raises StepFailed for a time that is none (before 1970, or from 2200 on), a subject without a name, and one that is
    but a name of tickets (`ticket:*/KEY`).
    """
    if not event.subject_id:
        raise StepFailed("the subject has no name")
    if event.subject_id.startswith(BARE_TICKET):
        raise StepFailed("the subject names a ticket of any tracker, which is no entity")
    if not 0 <= event.occurred_at < LATEST_MICROS:
        raise StepFailed("occurred_at is out of range")
    kind = entity_kind(event.subject_id)
    told = DERIVED_FROM.get(kind, ())
    attributes = {
        name: text
        for name, text in event.attributes.items()
        if name in ruled or (name in told and _tells(event, kind, name, text))
    }
    for name in _EVENT_FIELDS:
        if name in ruled:
            attributes[name] = getattr(event, name)
    return Fact(
        event.occurred_at,
        event.order,
        _TYPE_CODES.get(event.type, event.type),
        _shorter(event.event_id),
        event.received_at - event.occurred_at,
        _shorter(event.delivery_id),
        event.state,
        event.outcome,
        event.environment,
        event.work_kind,
        _ACTOR_CODES[event.actor_class],
        tuple(FactLink(x.uri, _LINK_CODES[x.kind], _doubt(x)) for x in event.links),
        attributes,
        IMPLAUSIBLE_TIME in event.attributes,
        _who(event),
    )


def _who(event: FlowEvent) -> int:
    if event.actor is None or event.actor_class not in _WORKERS:
        return 0
    return crc32(event.actor.encode("utf-8", "surrogatepass")) or 1


def _doubt(link: Link) -> float | None:
    """Return how sure a cause is, None for certain; of other links nobody asks."""
    return link.confidence if link.kind is LinkKind.CAUSED_BY and link.confidence != 1.0 else None


def _tells(event: FlowEvent, kind: str, name: str, text: str) -> bool:
    """Return whether derivations learn from an attribute that they read what they could not tell otherwise."""
    if name == "branch":
        return text in TRUNKS if kind == "commit" else text.lower().startswith(HOT_FIXES)
    if name == "environment_raw":
        return text != event.environment
    return not (name == "repository" and event.subject_id.startswith(f"change:{text}/"))


def unpacked(packed: bytes) -> tuple[list[Fact], bool]:
    """Return an entity's facts in their order, and whether it had more than its record holds."""
    record = _decoder.decode(packed)
    return record.facts, record.squeezed


def with_fact(packed: bytes | None, fact: Fact) -> bytes:
    """Return the record with the fact in it: the same bytes for any order and number of copies.

    Raises StepFailed for what cannot be packed (integers beyond 64 bits, broken text).
    """
    old = _NOTHING if packed is None else _decoder.decode(packed)
    known = {f.packed_id: f for f in old.facts}
    twin = known.get(fact.packed_id)
    try:
        if twin is not None and _standing(twin) <= _standing(fact):
            return packed or b""
        known[fact.packed_id] = fact
        kept = nsmallest(MOST_FACTS, known.values(), key=_weight) if len(known) > MOST_FACTS else known.values()
        return _encoder.encode(_Packed(sorted(kept, key=Fact.place), old.squeezed or len(known) > MOST_FACTS))
    except (OverflowError, UnicodeEncodeError) as unpackable:
        raise StepFailed("a value cannot be kept") from unpackable


def with_facts(packed: bytes | None, facts: Sequence[Fact]) -> bytes:
    """Return the record with all these facts in it, the same bytes as one after another but packed once.

    Raises StepFailed if one of them cannot be packed.
    """
    old = _NOTHING if packed is None else _decoder.decode(packed)
    known = {f.packed_id: f for f in old.facts}
    for fact in facts:
        twin = known.get(fact.packed_id)
        if twin is None or _standing(fact) < _standing(twin):
            known[fact.packed_id] = fact
    kept = nsmallest(MOST_FACTS, known.values(), key=_weight) if len(known) > MOST_FACTS else known.values()
    try:
        return _encoder.encode(_Packed(sorted(kept, key=Fact.place), old.squeezed or len(known) > MOST_FACTS))
    except (OverflowError, UnicodeEncodeError) as unpackable:
        raise StepFailed("a value cannot be kept") from unpackable


def _weight(fact: Fact) -> tuple[bool, tuple[int, int, int, bytes]]:
    """Return the sort key of what is kept: a correction, which is late by nature, before what tools told."""
    return fact.type not in _CORRECTIONS, fact.place()


def without_fact(packed: bytes | None, event_id: str) -> bytes | None:
    """Return the record without a fact: the same bytes if it is not in it, None where nothing is left."""
    if packed is None:
        return None
    old = _decoder.decode(packed)
    gone = _shorter(event_id)
    kept = [fact for fact in old.facts if fact.packed_id != gone]
    if len(kept) == len(old.facts):
        return packed
    return _encoder.encode(_Packed(kept, old.squeezed)) if kept else None


def _standing(copy: Fact) -> tuple[int, str, bytes]:
    """Return what decides between two copies of a fact: the smaller stands."""
    return copy.received_at, _text(copy.packed_delivery), _encoder.encode(copy)


def _shorter(text: str) -> bytes:
    """Pack an id: a leading 0 marks a UUID, 1 other hexadecimal, 2 any text."""
    if _UUID.fullmatch(text):
        return b"\0" + bytes.fromhex(text.replace("-", ""))
    if _HEX.fullmatch(text):
        return b"\1" + bytes.fromhex(text)
    return b"\2" + text.encode("utf-8", "surrogatepass")


def _text(packed: bytes) -> str:
    if packed[0] == 2:  # noqa: PLR2004 - the marks are told in _shorter
        return packed[1:].decode("utf-8", "surrogatepass")
    text = packed[1:].hex()
    return text if packed[0] else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
