"""Any value of any kind that travels on a topic, drawn from its own schema."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import Struct

from schemas.avro_schemas import newest

T = TypeVar("T", bound=Struct)

_PRIMITIVE: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "string": st.text(max_size=20),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=50),
}


def any_value(kind: type[T]) -> st.SearchStrategy[T]:
    """Return a strategy of values of this kind, every field over its whole range."""
    return _of(newest(kind).parsed, {}).map(lambda row: msgspec.convert(row, kind))


def _of(schema: Any, named: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - JSON
    if isinstance(schema, list):
        return st.one_of([_of(branch, named) for branch in schema])
    if isinstance(schema, str):
        return _PRIMITIVE[schema] if schema in _PRIMITIVE else named[schema]
    match schema["type"]:
        case "record":
            return st.fixed_dictionaries({field["name"]: _of(field["type"], named) for field in schema["fields"]})
        case "enum":
            named[schema["name"]] = st.sampled_from(schema["symbols"])
            return named[schema["name"]]
        case "array":
            return st.lists(_of(schema["items"], named), max_size=3)
        case "map":
            return st.dictionaries(st.text(max_size=8), _of(schema["values"], named), max_size=3)
        case plain:
            return _of(plain, named)
