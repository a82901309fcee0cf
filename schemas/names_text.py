"""Names in a value-stream file, and that each stands once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from schemas.yaml_node import Node

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""A name that may stand in addresses, labels and keys."""


def name_of(node: Node | None) -> str:
    """Return a name of letters, digits, '.', '_' and '-'; '' where there is none or it is no name."""
    text = node.text() if node is not None else ""
    if node is not None and text and not NAME.fullmatch(text):
        node.complain(f"'{text}' cannot be a name", "letters, digits, '.', '_', '-'; at most 63")
        return ""
    return text


def each_once(nodes: Sequence[Node], names: Sequence[str], what: str) -> None:
    """Complain of every name that stands a second time; '' is no name."""
    seen: set[str] = set()
    for node, name in zip(nodes, names, strict=True):
        if name and name in seen:
            node.complain(f"{what} '{name}' stands twice", "keep one, or give each its own name")
        seen.add(name)
