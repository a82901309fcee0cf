"""The compiled encoder and decoder say what a general Avro implementation says, and survive what nobody should send."""

from __future__ import annotations

from io import BytesIO

import msgspec
import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from schemas.avro_code import decoder, encoder
from schemas.avro_numbers import read_length, read_long, write_long
from schemas.avro_schemas import KINDS, newest
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from tests.builders.avro_values import any_value

WRITE = encoder(newest(FlowEvent).parsed)
READ = decoder(newest(FlowEvent).parsed, FlowEvent)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_are_those_of_another_implementation(kind: type[Struct]) -> None:
    """What we write, fastavro reads as the same value, and what it writes, we read so."""
    schema = newest(kind).parsed
    write, read = encoder(schema), decoder(schema, kind)

    @settings(max_examples=20, deadline=None)
    @given(any_value(kind))
    def holds(value: Struct) -> None:
        theirs = BytesIO()
        schemaless_writer(theirs, schema, plain(value))
        row = schemaless_reader(BytesIO(write(value)), schema, None)
        assert (msgspec.convert(row, kind), read(theirs.getvalue(), 0)[0]) == (value, value)

    holds()


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-(2**63), 2**63 - 1) | st.integers(1_500_000_000_000_000, 2_500_000_000_000_000), st.binary(max_size=9)
)
def test_numbers_come_back(number: int, rest: bytes) -> None:
    """Any 64-bit number is read as it was written, whatever follows it."""
    data = write_long(number)

    assert read_long(data + rest, 0) == (number, len(data))


@pytest.mark.parametrize("exponent", range(64))
def test_numbers_at_the_edges_of_lengths(exponent: int) -> None:
    """Each length of encoding, from both sides."""
    numbers = [n for n in (2**exponent - 1, 2**exponent, -(2**exponent), -(2**exponent) - 1) if -(2**63) <= n < 2**63]

    assert [read_long(write_long(number), 0)[0] for number in numbers] == numbers


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**200])
def test_a_number_beyond_64_bits_is_not_written(number: int) -> None:
    """Avro has no such long."""
    with pytest.raises(ValueError, match="64 bits"):
        write_long(number)


@pytest.mark.parametrize("data", [b"\xff" * 10, b"\xff" * 20, b"\xff" * 9 + b"\x7f"])
def test_a_number_beyond_64_bits_is_not_read(data: bytes) -> None:
    """A number that goes on and on is an error, not a big integer."""
    with pytest.raises(ValueError, match="64 bits"):
        read_long(data, 0)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 5, b"\xff" * 9])
def test_a_number_that_stops_short_is_an_error(data: bytes) -> None:
    """The data ended inside it."""
    with pytest.raises(IndexError):
        read_long(data, 0)


def test_a_negative_length_is_an_error() -> None:
    """A string of -1 bytes would read backwards."""
    with pytest.raises(ValueError, match="negative"):
        read_length(write_long(-1), 0)


def test_long_strings_and_long_lists_survive() -> None:
    """Lengths beyond the table, and a list of many."""
    link = Link(uri="u" * 5_000, kind=LinkKind.PART_OF, method=LinkMethod.EXPLICIT)
    event = event_with(links=(link,) * 100, subject_url="x" * 100_000, attributes={"k" * 5_000: "v" * 5_000})

    data = WRITE(event)

    assert READ(data, 0) == (event, len(data))


def test_blocks_with_their_size_are_read() -> None:
    """Other writers split a map into blocks and say how long each is."""
    event = event_with(attributes={"a": "1", "b": "2"})
    data = WRITE(event)
    pair_a, pair_b = b"\x02a\x021", b"\x02b\x022"
    in_one_block = b"\x04" + pair_a + pair_b + b"\x00"
    in_two = b"\x01\x08" + pair_a + b"\x01\x08" + pair_b + b"\x00"
    assert data.endswith(in_one_block)

    found, _ = READ(data.removesuffix(in_one_block) + in_two, 0)

    assert found == event


def test_a_promise_of_a_million_items_takes_no_memory() -> None:
    """A count is believed only as far as the bytes go."""
    data = WRITE(event_with())
    promised = data[:-1] + write_long(2**60)

    with pytest.raises(IndexError):
        READ(promised, 0)


@pytest.mark.parametrize("schema", [["null", "long", "string"], ["string", "null"], "fixed", {"type": "fixed"}])
def test_a_schema_we_never_write_has_no_code(schema: object) -> None:
    """The compiler says so instead of writing nonsense."""
    with pytest.raises(ValueError, match="code"):
        encoder({"fields": [{"name": "field", "type": schema}]})


def event_with(**fields: object) -> FlowEvent:
    """Return an event with these fields."""
    required: dict[str, object] = {
        "event_id": "0" * 32,
        "type": "change.merged",
        "occurred_at": 1_700_000_000_000_001,
        "received_at": 1_700_000_000_000_002,
        "tool": "github",
        "source": "acme",
        "delivery_id": "one",
        "subject_id": "change:github.com/acme/app/97",
    }
    return msgspec.convert({**required, **fields}, FlowEvent)


def plain(value: Struct) -> object:
    """Return a value as dictionaries, bytes left as they are."""
    return msgspec.to_builtins(value, builtin_types=(bytes,))
