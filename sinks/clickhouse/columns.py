"""What a ClickHouse column is made of: a field of a value and how its cells become an Arrow array; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

_MICROS_IN_SECOND: Final = 1_000_000
_LINK: Final = pa.list_(
    pa.struct([("uri", pa.string()), ("kind", pa.string()), ("method", pa.string()), ("confidence", pa.float64())])
)

Build = Callable[[Sequence[Any]], pa.Array]
"""Cells of one field, in row order, to an Arrow array of the same length."""


class Column(Struct, frozen=True):
    """One column: its name in ClickHouse, the field of the value it is filled from, and how."""

    name: str
    field: str
    build: Build


def _texts(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.string())


def _flags(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.bool_())


def _wholes(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.uint64())


def _signed(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.int64())


def _numbers(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.float64())


def _times(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.int64()).cast(pa.timestamp("us", "UTC"))


def _whole_seconds(cells: Sequence[Any]) -> pa.Array:
    return pa.array([cell // _MICROS_IN_SECOND for cell in cells], pa.int64()).cast(pa.timestamp("s", "UTC"))


def _seconds(cells: Sequence[Any]) -> pa.Array:
    return pc.divide(pa.array(cells, pa.int64()).cast(pa.float64()), float(_MICROS_IN_SECOND))


def _time_lists(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.list_(pa.int64())).cast(pa.list_(pa.timestamp("us", "UTC")))


def _text_lists(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.list_(pa.string()))


def _links(cells: Sequence[Any]) -> pa.Array:
    return pa.array([[msgspec.structs.astuple(link) for link in links] for links in cells], _LINK)


def _number_maps(cells: Sequence[Any]) -> pa.Array:
    return pa.array([list(cell.items()) for cell in cells], pa.map_(pa.string(), pa.float64()))


def _text_maps(cells: Sequence[Any]) -> pa.Array:
    return pa.array([list(cell.items()) for cell in cells], pa.map_(pa.string(), pa.string()))


def texts(*names: str) -> tuple[Column, ...]:
    """Return columns of text, None as NULL."""
    return tuple(Column(name, name, _texts) for name in names)


def flags(*names: str) -> tuple[Column, ...]:
    """Return columns of true and false."""
    return tuple(Column(name, name, _flags) for name in names)


def wholes(*names: str) -> tuple[Column, ...]:
    """Return columns of whole numbers from 0."""
    return tuple(Column(name, name, _wholes) for name in names)


def signed(*names: str) -> tuple[Column, ...]:
    """Return columns of whole numbers of either sign."""
    return tuple(Column(name, name, _signed) for name in names)


def numbers(*names: str) -> tuple[Column, ...]:
    """Return columns of floating-point numbers, None as NULL."""
    return tuple(Column(name, name, _numbers) for name in names)


def times(*names: str) -> tuple[Column, ...]:
    """Return columns of times in microseconds UTC, None as NULL."""
    return tuple(Column(name, name, _times) for name in names)


def whole_seconds(*names: str) -> tuple[Column, ...]:
    """Return columns of times cut to whole seconds, UTC."""
    return tuple(Column(name, name, _whole_seconds) for name in names)


def seconds(*spans: str) -> tuple[Column, ...]:
    """Return columns `SPAN_seconds` from fields `SPAN_micros`, None as NULL."""
    return tuple(Column(f"{span}_seconds", f"{span}_micros", _seconds) for span in spans)


def text_lists(*names: str) -> tuple[Column, ...]:
    """Return columns of lists of text."""
    return tuple(Column(name, name, _text_lists) for name in names)


def time_lists(*names: str) -> tuple[Column, ...]:
    """Return columns of lists of times in microseconds UTC."""
    return tuple(Column(name, name, _time_lists) for name in names)


def links(*names: str) -> tuple[Column, ...]:
    """Return columns of lists of (uri, kind, method, confidence)."""
    return tuple(Column(name, name, _links) for name in names)


def number_maps(*names: str) -> tuple[Column, ...]:
    """Return columns of maps from text to number."""
    return tuple(Column(name, name, _number_maps) for name in names)


def text_maps(*names: str) -> tuple[Column, ...]:
    """Return columns of maps from text to text."""
    return tuple(Column(name, name, _text_maps) for name in names)
