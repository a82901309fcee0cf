"""Prints what came from elsewhere as it is: nothing is markup, nothing is cut, nothing steers a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from vsm.options import out

_AS_WIDE_AS_IT_IS: Final = 1_000_000
_CONTROLS: Final = {
    number: f"\\x{number:02x}" for number in (*range(0x20), *range(0x7F, 0xA0)) if chr(number) not in "\n\t"
}


def show_line(text: str) -> None:
    """Print text and a line's end: byte by byte off a terminal, with its control characters spelled out on one."""
    sys.stdout.write((spelled(text) if out.is_terminal else text) + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their columns' names: folded to the width of a terminal, as wide as they are elsewhere."""
    table = Table(*(Column(Text(spelled(name)), overflow="fold") for name in columns))
    for row in rows:
        table.add_row(*(Text(spelled(cell)) for cell in row))
    if out.is_terminal:
        out.print(table)
    else:
        Console(file=sys.stdout, width=_AS_WIDE_AS_IT_IS).print(table)


def spelled(text: str) -> str:
    """Return text with its control characters spelled out, line ends and tabs left as they are."""
    return text.translate(_CONTROLS)
