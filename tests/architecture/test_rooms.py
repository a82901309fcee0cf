"""The architecture as it is written down: pure modules stand in the list that keeps them pure, rooms in their table."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("schemas", "metrics", "ingest", "processors", "sinks", "insights", "lab", "vsm")


def pure_modules() -> list[str]:
    """Return the modules that a contract keeps from doing I/O."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, list[str]]] = settings["tool"]["importlinter"]["contracts"]
    (one,) = (each for each in found if "socket" in each.get("forbidden_modules", ()))
    return one["source_modules"]


def says_pure(path: Path) -> bool:
    """Tell whether a module calls itself pure in the first line of its docstring."""
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    return re.search(r"[;,:] pure\b|\bPure\b", said.partition("\n")[0]) is not None


def test_whoever_says_pure_is_kept_pure() -> None:
    """Every module that calls itself pure, or the package it is in, is in the forbidden contract's list."""
    listed = pure_modules()
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "__init__.py" and says_pure(path)
    ]
    missing = [name for name in names if not any(f"{name}.".startswith(f"{one}.") for one in listed)]
    assert (len(names) > 40, missing) == (True, [])


@pytest.mark.parametrize("room", ROOMS)
def test_the_rooms_table_names_edges_that_are_there(room: str) -> None:
    """Every room stands in the table of ARCHITECTURE.md, and each edge it names is a module that is not kept pure."""
    table = (ROOT / "ARCHITECTURE.md").read_text()
    (row,) = re.findall(rf"^\| `{room}` \|.*\|(.*)\|$", table, flags=re.MULTILINE)
    edges = re.findall(r"`([^`]+)`", row)
    listed = pure_modules()
    wrong = [edge for edge in edges if not exists(room, edge) or f"{room}.{edge.replace('/', '.')}" in listed]
    assert (row.strip() == "" or bool(edges), wrong) == (True, [])


def exists(room: str, edge: str) -> bool:
    """Tell whether a room has a module or package of that name."""
    path = ROOT / room / edge
    return path.with_suffix(".py").is_file() or path.is_dir()
