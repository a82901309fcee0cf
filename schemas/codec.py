"""Values to Avro and back; pure. Writes one framing, reads both, resolves every older version of a schema.

Single-object encoding: `C3 01`, the CRC-64-AVRO fingerprint (little-endian), the datum. Confluent's wire format: `00`,
the registry's 4-byte id (big-endian), the datum.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec
from fastavro import schemaless_reader
from fastavro.read import SchemaResolutionError
from msgspec import Struct

from schemas.avro_code import Read, Write, decoder, encoder
from schemas.avro_schemas import KINDS, MARKER, Parsed, newest, parse, versions

T = TypeVar("T", bound=Struct)

_MAGIC: Final = b"\x00"
_ID_BYTES: Final = 4
_CONFLUENT_BYTES: Final = 1 + _ID_BYTES
_SINGLE_OBJECT_BYTES: Final = 10

_BAD: Final = (
    ValueError, TypeError, LookupError, AttributeError, EOFError, OverflowError, MemoryError, RecursionError,
    struct.error, msgspec.MsgspecError, SchemaResolutionError,
)  # fmt: skip
"""What hostile bytes make the decoder raise."""


class BadRecord(ValueError):  # noqa: N818 - an expected outcome that becomes a dead letter
    """Bytes that are no such value, or a value that Avro cannot hold; says what is wrong, never the content.

    `unknown_schema`: the framing is right but nobody here knows the schema it names.
    """

    def __init__(self, message: str, *, unknown_schema: bool = False) -> None:
        super().__init__(message)
        self.unknown_schema = unknown_schema


class SingleObject(Struct, frozen=True):
    """Records carry the fingerprint of their schema: no registry needed."""


class Registered(Struct, frozen=True, kw_only=True):
    """Records carry a registry's id of their schema.

    `ids`: the id of the newest schema of each value that will be written. `schema_of`: the schema text of an id,
    LookupError for an id the registry does not know; whatever else it raises passes through `decode`.
    """

    ids: Mapping[type[Struct], int]
    schema_of: Callable[[int], str]


class Codec:
    """Encodes and decodes every value that travels on a topic. Safe to share between threads."""

    def __init__(self, framing: SingleObject | Registered | None = None) -> None:
        self._framing = framing or SingleObject()
        self._writers = {kind: (self._prefix(kind), _encoder(kind)) for kind in KINDS if self._writes(kind)}
        self._by_fingerprint: Mapping[type[Struct], Mapping[bytes, Parsed]] = MappingProxyType(
            {kind: {schema.prefix: schema.parsed for schema in versions(kind)} for kind in KINDS}
        )
        self._by_id: dict[tuple[int, type[Struct]], Parsed] = {}

    def encode(self, value: Struct) -> bytes:
        """Return a value framed and encoded by the newest schema.

        Raises BadRecord for a value that Avro cannot hold (a lone surrogate, an integer beyond 64 bits, a wrong type)
        and LookupError for a type that travels on no topic or has no id.
        """
        found = self._writers.get(type(value))
        if found is None:
            raise LookupError(f"{type(value).__name__} has no schema to be written by")
        prefix, write = found
        try:
            return prefix + write(value)
        except (ValueError, TypeError, LookupError, AttributeError, struct.error) as bad:
            raise BadRecord(f"{type(value).__name__} cannot be encoded: {type(bad).__name__}") from bad

    def decode(self, data: bytes | None, kind: type[T]) -> T:
        """Return the value of this kind that the bytes hold; older versions are resolved to the newest.

        Raises BadRecord for everything that is not exactly one framed value of that kind.
        """
        if not data:
            raise BadRecord("there is no value")
        if data[:2] == MARKER:
            prefix = data[:_SINGLE_OBJECT_BYTES]
            written = self._by_fingerprint[kind].get(prefix)
            if written is None:
                raise self._stranger(prefix, kind)
            return _read(data, _SINGLE_OBJECT_BYTES, written, kind)
        if data[:1] == _MAGIC and len(data) >= _CONFLUENT_BYTES:
            written = self._registered(int.from_bytes(data[1:_CONFLUENT_BYTES], "big"), kind)
            return _read(data, _CONFLUENT_BYTES, written, kind)
        raise BadRecord("neither single-object encoding nor a registry's framing")

    def _writes(self, kind: type[Struct]) -> bool:
        return isinstance(self._framing, SingleObject) or kind in self._framing.ids

    def _prefix(self, kind: type[Struct]) -> bytes:
        if isinstance(self._framing, SingleObject):
            return newest(kind).prefix
        return _MAGIC + self._framing.ids[kind].to_bytes(_ID_BYTES, "big")

    def _stranger(self, prefix: bytes, kind: type[Struct]) -> BadRecord:
        """Say whether a prefix is cut short, another value's, or nobody's."""
        if len(prefix) < _SINGLE_OBJECT_BYTES:
            return BadRecord("the record ends inside its fingerprint")
        for other, known in self._by_fingerprint.items():
            if prefix in known:
                return BadRecord(f"a {other.__name__} where a {kind.__name__} was expected")
        return BadRecord(f"no schema has the fingerprint {prefix[2:].hex()}", unknown_schema=True)

    def _registered(self, schema_id: int, kind: type[Struct]) -> Parsed:
        known = self._by_id.get((schema_id, kind))
        if known is not None:
            return known
        if isinstance(self._framing, SingleObject):
            raise BadRecord(f"schema id {schema_id} needs a registry and none is configured", unknown_schema=True)
        try:
            parsed = parse(self._framing.schema_of(schema_id))
        except LookupError as unknown:
            raise BadRecord(f"the registry knows no schema {schema_id}", unknown_schema=True) from unknown
        except ValueError as bad:
            raise BadRecord(f"the registry's schema {schema_id} cannot be read", unknown_schema=True) from bad
        current = newest(kind)
        if parsed.get("name") != current.parsed["name"]:
            raise BadRecord(f"schema {schema_id} is not a {kind.__name__}'s")
        if parsed == current.parsed:
            parsed = current.parsed
        self._by_id[schema_id, kind] = parsed
        return parsed


def _read(data: bytes, start: int, written: Parsed, kind: type[T]) -> T:
    try:
        value: T
        if written is newest(kind).parsed:
            value, end = _decoder(kind)(data, start)
        else:
            value, end = _resolve(data, start, written, kind)
    except _BAD as bad:
        raise BadRecord(f"not a {kind.__name__}: {type(bad).__name__}") from bad
    if end != len(data):
        raise BadRecord(f"a {kind.__name__} ends at {end} of {len(data)} bytes")
    return value


def _resolve(data: bytes, start: int, written: Parsed, kind: type[T]) -> tuple[T, int]:
    """Read what another version wrote: its fields in its order, ours filled by name or default."""
    body = BytesIO(data)
    body.seek(start)
    row = schemaless_reader(body, written, newest(kind).parsed)
    return msgspec.convert(row, kind), body.tell()


@cache
def _encoder(kind: type[Struct]) -> Write:
    return encoder(newest(kind).parsed)


@cache
def _decoder(kind: type[Struct]) -> Read:
    return decoder(newest(kind).parsed, kind)
