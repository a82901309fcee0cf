"""Values to Avro and back; pure. Writes one framing, reads both, resolves every older version of a schema.

Single-object encoding: `C3 01`, the CRC-64-AVRO fingerprint (little-endian), the datum. Confluent's wire format: `00`,
the registry's 4-byte id (big-endian), the datum.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from fastavro import schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError
from msgspec import Struct

from schemas.avro_schemas import KINDS, MARKER, Parsed, newest, parse, versions
from schemas.event import FlowEvent

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

_Row = Callable[[Any], dict[str, Any]]
_Writer = Callable[[Any], bytes]


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
        self._writers: dict[type[Struct], _Writer] = {kind: self._writer(kind) for kind in KINDS if self._writes(kind)}
        self._by_fingerprint: Mapping[type[Struct], Mapping[bytes, Parsed]] = MappingProxyType(
            {kind: {schema.prefix: schema.parsed for schema in versions(kind)} for kind in KINDS}
        )
        self._by_id: dict[tuple[int, type[Struct]], Parsed] = {}

    def encode(self, value: Struct) -> bytes:
        """Return a value framed and encoded by the newest schema.

        Raises BadRecord for a value that Avro cannot hold (a lone surrogate, an integer beyond 64 bits, a wrong type)
        and LookupError for a type that travels on no topic or has no id.
        """
        writer = self._writers.get(type(value))
        if writer is None:
            raise LookupError(f"{type(value).__name__} has no schema to be written by")
        try:
            return writer(value)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as bad:
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
            body = BytesIO(data)
            body.seek(_SINGLE_OBJECT_BYTES)
        elif data[:1] == _MAGIC and len(data) >= _CONFLUENT_BYTES:
            written = self._registered(int.from_bytes(data[1:_CONFLUENT_BYTES], "big"), kind)
            body = BytesIO(data)
            body.seek(_CONFLUENT_BYTES)
        else:
            raise BadRecord("neither single-object encoding nor a registry's framing")
        return _read(body, len(data), written, kind)

    def _writes(self, kind: type[Struct]) -> bool:
        return isinstance(self._framing, SingleObject) or kind in self._framing.ids

    def _writer(self, kind: type[Struct]) -> _Writer:
        schema = newest(kind)
        row: _Row = _event_row if kind is FlowEvent else msgspec.structs.asdict
        prefix = (
            schema.prefix
            if isinstance(self._framing, SingleObject)
            else _MAGIC + self._framing.ids[kind].to_bytes(_ID_BYTES, "big")
        )

        def write(value: Struct) -> bytes:
            out = BytesIO()
            out.write(prefix)
            schemaless_writer(out, schema.parsed, row(value))
            return out.getvalue()

        return write

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
        self._by_id[schema_id, kind] = parsed
        return parsed


def _read(body: BytesIO, size: int, written: Parsed, kind: type[T]) -> T:
    wanted = newest(kind).parsed
    try:
        row = schemaless_reader(body, written, None if written is wanted else wanted)
        value = msgspec.convert(row, kind)
    except _BAD as bad:
        raise BadRecord(f"not a {kind.__name__}: {type(bad).__name__}") from bad
    if body.tell() != size:
        raise BadRecord(f"{size - body.tell()} bytes follow the {kind.__name__}")
    return value


def _event_row(event: FlowEvent) -> dict[str, Any]:
    """Return a flow event as fastavro writes it; by hand, because this is the hot path."""
    row = msgspec.structs.asdict(event)
    row["links"] = [
        {"uri": link.uri, "kind": link.kind, "method": link.method, "confidence": link.confidence}
        for link in event.links
    ]
    return row
