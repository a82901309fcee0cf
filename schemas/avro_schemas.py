"""The shipped Avro schemas: every version of every value, parsed, with its fingerprint; read once, never changed."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form
from msgspec import Struct

from schemas.dead_letter import DeadLetter, LetterKey
from schemas.derived import Change, Deployment, Incident, StepVisit, WorkItem
from schemas.event import FlowEvent
from schemas.measurement import Measurement
from schemas.state import EntityRecord

DIRECTORY: Final = Path(__file__).parent / "avro"
"""Where the `.avsc` files are: `<value in snake case>.v<version>.avsc`."""

KINDS: Final[tuple[type[Struct], ...]] = (
    FlowEvent, StepVisit, WorkItem, Change, Deployment, Incident, Measurement, DeadLetter, LetterKey,
    EntityRecord,
)  # fmt: skip
"""Every value that travels on a topic."""

MARKER: Final = b"\xc3\x01"
"""The first bytes of a record in Avro's single-object encoding; the fingerprint follows, 8 bytes little-endian."""

_FILE: Final = re.compile(r"(?P<stem>[a-z_]+)\.v(?P<version>[1-9][0-9]*)\.avsc")

Parsed = dict[str, Any]
"""A schema as fastavro parsed it."""


class AvroSchema(Struct, frozen=True, kw_only=True):
    """One version of one value's schema.

    `text` is the file's (times carry their logical type); `parsed` is without logical types, so that times are read and
    written as whole microseconds; `prefix` is what a record of it begins with in single-object encoding.
    """

    kind: type[Struct]
    version: int
    text: str
    parsed: Parsed
    prefix: bytes


def parse(text: str) -> Parsed:
    """Return a schema's text as fastavro parses it, logical types left out. Raises ValueError for what is no schema."""
    try:
        return parse_schema(_plain(json.loads(text)), named_schemas={})  # type: ignore[no-any-return]
    except (KeyError, TypeError, AttributeError, RecursionError) as bad:
        raise ValueError(f"not an Avro schema: {bad}") from bad


def prefix_of(parsed: Parsed) -> bytes:
    """Return the marker and the CRC-64-AVRO fingerprint of the schema's canonical form."""
    return MARKER + bytes.fromhex(fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO"))


@cache
def versions(kind: type[Struct]) -> tuple[AvroSchema, ...]:
    """Return every version of a value's schema, oldest first."""
    stem = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    found = []
    for path in DIRECTORY.glob(f"{stem}.v*.avsc"):
        match = _FILE.fullmatch(path.name)
        if match is None or match["stem"] != stem:
            continue
        text = path.read_text(encoding="utf-8")
        parsed = parse(text)
        found.append(
            AvroSchema(kind=kind, version=int(match["version"]), text=text, parsed=parsed, prefix=prefix_of(parsed))
        )
    return tuple(sorted(found, key=lambda schema: schema.version))


@cache
def newest(kind: type[Struct]) -> AvroSchema:
    """Return the version that this release writes. Raises LookupError for a value that travels on no topic."""
    known = versions(kind)
    if not known:
        raise LookupError(f"{kind.__name__} has no schema")
    return known[-1]


def _plain(node: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a schema without its logical types."""
    if isinstance(node, dict):
        return {name: _plain(value) for name, value in node.items() if name != "logicalType"}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node
