"""The codec: what goes in comes out, both framings are read, and whatever is bad is a bad record."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from schemas.avro_schemas import KINDS, newest
from schemas.codec import BadRecord, Codec, Registered
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.state import EntityRecord
from tests.builders.avro_values import any_value

EVENT = FlowEvent(
    event_id="0" * 32,
    type="change.merged",
    occurred_at=1_700_000_000_000_001,
    received_at=1_700_000_000_000_002,
    tool="github",
    source="acme",
    delivery_id="one",
    subject_id="change:github.com/acme/app/97",
    links=(Link(uri="ticket:*/CHK-12", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_BRANCH),),
    outcome=Outcome.SUCCESS,
    quantities={"additions": 12.0},
    attributes={"branch": "main"},
)
CODEC = Codec()
TEXTS = dict(enumerate((newest(kind).text for kind in KINDS), start=100))
REGISTERED = Codec(Registered(ids={kind: 100 + n for n, kind in enumerate(KINDS)}, schema_of=TEXTS.__getitem__))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("codec", [CODEC, REGISTERED], ids=["single-object", "registry"])
def test_every_value_comes_back_as_it_was(kind: type[Struct], codec: Codec) -> None:
    """Whatever a value holds within its fields' ranges survives, in both framings."""

    @settings(max_examples=25, deadline=None)
    @given(any_value(kind))
    def holds(value: Struct) -> None:
        assert codec.decode(codec.encode(value), kind) == value

    holds()


def test_single_object_encoding_names_the_schema_by_fingerprint() -> None:
    """A record begins with C3 01 and the fingerprint of its schema, little-endian."""
    assert CODEC.encode(EVENT)[:10] == newest(FlowEvent).prefix


def test_the_registrys_framing_names_the_schema_by_id() -> None:
    """A record begins with a zero and the id, four bytes, big-endian."""
    assert REGISTERED.encode(EVENT)[:5] == b"\x00\x00\x00\x00\x64"


def test_a_reader_with_a_registry_takes_single_objects() -> None:
    """A topic may hold both framings."""
    assert REGISTERED.decode(CODEC.encode(EVENT), FlowEvent) == EVENT


def test_a_registry_is_asked_once_an_id() -> None:
    """The schema of an id never changes, so it is kept."""
    asked: list[int] = []

    def schema_of(schema_id: int) -> str:
        asked.append(schema_id)
        return TEXTS[schema_id]

    codec = Codec(Registered(ids={}, schema_of=schema_of))
    for _ in range(3):
        codec.decode(REGISTERED.encode(EVENT), FlowEvent)

    assert asked == [100]


def test_a_value_without_an_id_is_not_written() -> None:
    """A codec that was given no id for a kind cannot write it, and says so."""
    codec = Codec(Registered(ids={}, schema_of=TEXTS.__getitem__))

    with pytest.raises(LookupError, match="FlowEvent"):
        codec.encode(EVENT)


def test_a_newer_version_is_read_without_what_is_unknown() -> None:
    """A field that only a newer writer knows is skipped."""
    codec = reading(
        EntityRecord, lambda schema: schema["fields"].append({"name": "new", "type": "string", "default": ""})
    )
    newer = b"\x00\x00\x00\x00\x01" + b"\x02s" + b"\x02e" + b"\x06" + b"\x04\x01\x02" + b"\x06new"

    assert codec.decode(newer, EntityRecord) == EntityRecord(value_stream="s", entity="e", encoding=3, facts=b"\1\2")


def test_a_flow_event_of_an_older_version_takes_defaults() -> None:
    """Fields that came later are at their defaults when an older record is read."""
    codec = reading(FlowEvent, lambda schema: drop(schema, "actor", "quantities", "attributes"))
    last_three_at_default = 3
    older = b"\x00\x00\x00\x00\x01" + CODEC.encode(PLAIN_EVENT)[10:-last_three_at_default]

    assert codec.decode(older, FlowEvent) == PLAIN_EVENT


@pytest.mark.parametrize(
    "poison",
    [
        None,
        b"",
        b"\x00",
        b"\xc3",
        b"\xc3\x01",
        b"\xc3\x01\x00\x00",
        b"\x00\x00\x00\x00\x64",
        b"{}",
        b"\xff" * 1_000_000,
        newest(FlowEvent).prefix,
        newest(FlowEvent).prefix + b"\xff" * 100,
        newest(FlowEvent).prefix + b"\x01",
        newest(FlowEvent).prefix + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        CODEC.encode(EVENT)[:-1],
        CODEC.encode(EVENT) + b"\x00",
        CODEC.encode(EntityRecord(value_stream="s", entity="e", encoding=1, facts=b"")),
    ],
)
def test_poison_is_a_bad_record(poison: bytes | None) -> None:
    """Nothing, too little, too much, another value's, or noise: one error, whatever it is."""
    with pytest.raises(BadRecord):
        CODEC.decode(poison, FlowEvent)


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (CODEC, b"\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08rest"),
        (CODEC, b"\x00\x00\x00\x00\x64rest"),
        (REGISTERED, b"\x00\x00\x00\x00\x07rest"),
        (Codec(Registered(ids={}, schema_of=lambda _: "no schema")), b"\x00\x00\x00\x00\x07rest"),
    ],
    ids=["fingerprint", "no registry", "id", "garbled schema"],
)
def test_a_schema_nobody_knows_is_told_apart(codec: Codec, data: bytes) -> None:
    """The record may be good and the reader too old, so the reason is another."""
    with pytest.raises(BadRecord) as bad:
        codec.decode(data, FlowEvent)
    assert bad.value.unknown_schema


def test_an_id_of_another_values_schema_is_a_bad_record() -> None:
    """A registry's id must name the schema of the kind that is read."""
    with pytest.raises(BadRecord, match="not a FlowEvent"):
        REGISTERED.decode(
            REGISTERED.encode(EntityRecord(value_stream="s", entity="e", encoding=1, facts=b"")), FlowEvent
        )


def test_an_outage_of_the_registry_is_no_bad_record() -> None:
    """What the lookup raises of its own passes through, so that nothing becomes a dead letter for an outage."""

    def away(_: int) -> str:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Codec(Registered(ids={}, schema_of=away)).decode(b"\x00\x00\x00\x00\x07rest", FlowEvent)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_is_never_anything_but_a_bad_record(data: st.DataObject) -> None:
    """Bytes changed, cut or added anywhere give another value or a bad record, never another error."""
    good = bytearray(CODEC.encode(EVENT))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(good[: data.draw(st.integers(0, len(good)))]) + data.draw(st.binary(max_size=3))

    try:
        found: object = CODEC.decode(damaged, FlowEvent)
    except BadRecord as bad:
        found = bad

    assert isinstance(found, FlowEvent | BadRecord)


@pytest.mark.parametrize(
    "changed",
    [{"state": "\ud800"}, {"order": 2**63}, {"tool": 7}, {"quantities": {"additions": "many"}}],
    ids=["surrogate", "64 bits", "type", "map"],
)
def test_a_value_that_avro_cannot_hold_is_a_bad_record(changed: dict[str, object]) -> None:
    """Encoding tells what cannot be written by the same error, before anything is appended."""
    value = FlowEvent(**{**{name: getattr(EVENT, name) for name in EVENT.__struct_fields__}, **changed})

    with pytest.raises(BadRecord):
        CODEC.encode(value)


def test_a_bad_record_does_not_tell_its_content() -> None:
    """An error's text goes to logs, so the bytes stay out of it."""
    with pytest.raises(BadRecord) as bad:
        CODEC.decode(CODEC.encode(EVENT)[:-3], FlowEvent)
    assert "acme" not in str(bad.value)


PLAIN_EVENT = FlowEvent(
    event_id="0" * 32, type="t", occurred_at=1, received_at=2, tool="t", source="s", delivery_id="d", subject_id="x"
)


def reading(kind: type[Struct], change: Callable[[dict[str, list[object]]], object]) -> Codec:
    """Return a codec whose registry gives, for any id, this kind's schema changed by hand."""
    schema = json.loads(newest(kind).text)
    change(schema)
    return Codec(Registered(ids={}, schema_of=lambda _: json.dumps(schema)))


def drop(schema: dict[str, list[object]], *names: str) -> None:
    """Take fields out of a schema."""
    schema["fields"] = [field for field in schema["fields"] if isinstance(field, dict) and field["name"] not in names]
