"""Makes, from a schema, Python functions that encode and decode one kind of value; pure.

Their source is written from the schema's fields and compiled: about twice as fast as a general encoder, which asks of
every union which branch a value could be. Ours are all of null and one other, so None decides. A decoder checks every
byte that it reads, for what it is given may be hostile.
"""

from __future__ import annotations

import struct
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from schemas.avro_numbers import LENGTHS, read_length, read_long, write_long

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int], tuple[Any, int]]
"""(data, index) -> (value, index after it); that index lies beyond the data when a last string ended too early."""

_MOST_SYMBOLS: Final = 64
_TRUTH: Final = {True: b"\x01", False: b"\x00"}
_TRUTH_READ: Final = {0: False, 1: True}


class _Function:
    """A function's source as it grows, and the values its names stand for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, object] = {
            "lengths": LENGTHS,
            "write_long": write_long,
            "read_long": read_long,
            "read_length": read_length,
            "block": _block,
            "pack": struct.Struct("<d").pack,
            "unpack": struct.Struct("<d").unpack_from,
            "truth": _TRUTH,
            "truth_read": _TRUTH_READ,
        }
        self._count = 0

    def fresh(self, meaning: object = None) -> str:
        """Return a name nobody uses yet, standing for a value if one is given."""
        self._count += 1
        name = f"x{self._count}"
        if meaning is not None:
            self.names[name] = meaning
        return name

    def made(self, head: str) -> Any:  # noqa: ANN401 - the caller knows what it wrote
        """Compile the function."""
        source = "\n ".join([f"def made({head}):", *self.lines])
        exec(compile(source, "<avro>", "exec"), self.names)  # noqa: S102 - made of our own schemas' field names alone
        return self.names["made"]


def encoder(schema: Any) -> Write:  # noqa: ANN401 - a schema in JSON terms
    """Return what encodes a value that has the schema's fields as attributes.

    It raises ValueError, TypeError, LookupError, AttributeError or struct.error for a value the schema cannot hold.
    """
    function = _Function()
    parts = [_written(field["type"], f"value.{field['name']}", function) for field in schema["fields"]]
    function.lines.append(f"return b''.join(({', '.join(parts)},))")
    made: Write = function.made("value")
    return made


def decoder(schema: Any, kind: type[Struct]) -> Read:  # noqa: ANN401
    """Return what decodes a value of this kind, whose fields are the schema's.

    It raises ValueError, LookupError or struct.error for bytes that are no such value.
    """
    function = _Function()
    hints = typing.get_type_hints(kind)
    values = []
    for field in schema["fields"]:
        name = function.fresh()
        values.append(f"{field['name']}={name}")
        function.lines += _read_lines(field["type"], hints[field["name"]], name, function)
    function.lines.append(f"return {function.fresh(kind)}({', '.join(values)}), at")
    made: Read = function.made("data, at")
    return made


def _written(schema: Any, value: str, function: _Function) -> str:  # noqa: ANN401, C901 - a case a type
    """Return the expressions, joined by commas, whose bytes encode the value of an expression."""
    name = function.fresh()
    match schema if isinstance(schema, str) else "union" if isinstance(schema, list) else schema["type"]:
        case "string":
            return f"lengths[len({name} := {value}.encode())], {name}"
        case "bytes":
            return f"lengths[len({name} := {value})], {name}"
        case "long" | "int":
            return f"write_long({value})"
        case "double":
            return f"pack({value})"
        case "boolean":
            return f"truth[{value}]"
        case "enum":
            return f"{function.fresh({symbol: LENGTHS[n] for n, symbol in enumerate(schema['symbols'])})}[{value}]"
        case "union":
            inner = _written(_other(schema), name, function)
            return f"b'\\0' if ({name} := {value}) is None else b''.join((b'\\2', {inner}))"
        case "array":
            return f"{function.fresh(_array_writer(_value_writer(schema['items'])))}({value})"
        case "map":
            return f"{function.fresh(_map_writer(_value_writer(schema['values'])))}({value})"
        case "record":
            return f"{function.fresh(encoder(schema))}({value})"
        case plain:
            return _written(_plain(plain, schema), value, function)


def _read_lines(schema: Any, hint: Any, name: str, function: _Function) -> list[str]:  # noqa: ANN401
    """Return the lines that read a value at `at` into a name and move `at` behind it."""
    match schema if isinstance(schema, str) else "union" if isinstance(schema, list) else schema["type"]:
        case "string" | "bytes" as text:
            took = "data[at:at + n].decode()" if text == "string" else "data[at:at + n]"
            return [
                "n = data[at]",
                "if n & 129: n, at = read_length(data, at)",
                "else: n >>= 1; at += 1",
                f"{name} = {took}; at += n",
            ]
        case "long" | "int":
            return [f"{name}, at = read_long(data, at)"]
        case "double":
            return [f"{name} = unpack(data, at)[0]; at += 8"]
        case "boolean":
            return [f"{name} = truth_read[data[at]]; at += 1"]
        case "enum":
            table = function.fresh({2 * n: hint(symbol) for n, symbol in enumerate(schema["symbols"][:_MOST_SYMBOLS])})
            return [f"{name} = {table}[data[at]]; at += 1"]
        case "union":
            inner = _read_lines(_other(schema), _without_none(hint), name, function)
            return [
                "n = data[at]; at += 1",
                "if n == 2:",
                *(f" {line}" for line in inner),
                f"elif n == 0: {name} = None",
                "else: raise ValueError('no such branch of a union')",
            ]
        case "array":
            item = function.fresh()
            lines = _read_lines(schema["items"], typing.get_args(hint)[0], item, function)
            return [*_loop(f"{name} = []", [*lines, f"{name}.append({item})"]), f"{name} = tuple({name}); at += 1"]
        case "map":
            key, item = function.fresh(), function.fresh()
            lines = _read_lines("string", str, key, function)
            lines += _read_lines(schema["values"], typing.get_args(hint)[1], item, function)
            return [*_loop(f"{name} = {{}}", [*lines, f"{name}[{key}] = {item}"]), "at += 1"]
        case "record":
            return [f"{name}, at = {function.fresh(decoder(schema, hint))}(data, at)"]
        case plain:
            return _read_lines(_plain(plain, schema), hint, name, function)


def _value_writer(schema: Any) -> Write:  # noqa: ANN401
    function = _Function()
    function.lines.append(f"return b''.join(({_written(schema, 'value', function)},))")
    made: Write = function.made("value")
    return made


def _array_writer(write_item: Write) -> Write:
    def write(value: Any) -> bytes:  # noqa: ANN401
        return b"".join((LENGTHS[len(value)], *[write_item(item) for item in value], b"\0")) if value else b"\0"

    return write


def _map_writer(write_value: Write) -> Write:
    def write(value: Mapping[str, Any]) -> bytes:
        if not value:
            return b"\0"
        parts = [LENGTHS[len(value)]]
        for key, item in value.items():
            name = key.encode()
            parts += (LENGTHS[len(name)], name, write_value(item))
        parts.append(b"\0")
        return b"".join(parts)

    return write


def _loop(start: str, lines: list[str]) -> list[str]:
    """Return the lines that read a collection's blocks up to the zero that ends it."""
    return [
        start,
        "while data[at]:",
        " n, at = block(data, at)",
        " for _ in range(n):",
        *(f"  {line}" for line in lines),
    ]


def _block(data: bytes, at: int) -> tuple[int, int]:
    """Return how many items a block has; a negative count is followed by the block's size in bytes."""
    count = data[at]
    if not count & 129:
        return count >> 1, at + 1
    count, at = read_long(data, at)
    if count < 0:
        _, at = read_length(data, at)
    return abs(count), at


def _other(branches: list[Any]) -> Any:  # noqa: ANN401
    if len(branches) != 2 or branches[0] != "null":  # noqa: PLR2004 - null and one other
        raise ValueError(f"only unions of null and one other have code: {branches}")
    return branches[1]


def _plain(name: str, schema: Any) -> Any:  # noqa: ANN401
    """Return what `{"type": name}` stands for. Raises ValueError for a name that has no code."""
    if isinstance(schema, str):
        raise ValueError(f"no code for the Avro type {name!r}")  # noqa: TRY004 - the schema is wrong, not its type
    return name


def _without_none(hint: Any) -> Any:  # noqa: ANN401
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(each for each in typing.get_args(hint) if each is not type(None))
    return hint
