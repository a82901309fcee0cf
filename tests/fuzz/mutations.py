"""Changes of inputs: of JSON by its values and names, of anything else by its bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any, Final

_DEEP: Final[Any] = json.loads("[" * 200 + "]" * 200)
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**31, 2**63, -(2**63), 10**30, 10**400, float("inf"), float("nan"),
    "", " ", "\0", "\ud800", "\u202e", "\r\n\x1b[31m", "~", "é", "null", "0", "-1", "1e999", "a" * 2_000, "/" * 200,
    "2026-02-03T10:15:30Z", "2026-02-30T25:61:61Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999999+14:00",
    "2026-02-03 10:15:30 UTC", "2026-02-03T10:15:30.123456789+0100", "1770113730", "1770113730000", 1770113730,
    1770113730000, -62135596800000, 253402300800000, "CHK-12", "A-0", "refs/heads/", "refs/tags/v1", "0" * 40,
    "a" * 40,     "https://[::1", "https://user:pass@h:99999/a/../b?c#d", "//", "acme/app", "github.com/acme/app",
    "sha256:" + "0" * 64, "{}", "[]", {}, [], [None], {"": ""}, {"a": {"a": 1}}, _DEEP,
)  # fmt: skip
"""Values that tools do not send, or seldom."""

BITS: Final = (
    b"", b"\0", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\r\n", b"\n", b" ", b"\t", b'"', b"\\", b"\\ud800", b"{", b"}",
    b"[", b"]", b",", b":", b"=",
    b"- ", b"&a ", b"*a", b"<<: ", b"!!int ", b"!!python/none ", b"|\n", b"? ", b"#", b"'",
    b"$each", b"$.", b"[*]", b"..", b"NaN", b"1e999", b"9" * 400, b"null", b"v1,", b"v1a,", b"sha256=", b"Bearer ",
)  # fmt: skip
"""Pieces of texts that mean something to some reader."""


def mutated(data: bytes, chance: Random) -> bytes:
    """Return an input changed in one to four places. What stands before a first line's end changes seldom."""
    head, line, body = data.partition(b"\n")
    if line and chance.random() < 0.9:
        return head + line + _changed(body, chance)
    return _changed(head, chance) + line + body


def _changed(data: bytes, chance: Random) -> bytes:
    if chance.random() < 0.75:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict | list) and value:
            for _ in range(chance.randint(1, 4)):
                _change_value(value, chance)
            return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(chance.randint(1, 4)):
        data = _change_bytes(data, chance)
    return data


def _change_value(root: dict[str, Any] | list[Any], chance: Random) -> None:
    """Change one place of a JSON value, in place."""
    places: list[tuple[Any, Any]] = []
    todo: list[Any] = [root]
    while todo and len(places) < 5_000:
        node = todo.pop()
        inner = list(node.items() if isinstance(node, dict) else enumerate(node))
        places += [(node, key) for key, _ in inner]
        todo += [value for _, value in inner if isinstance(value, dict | list) and value]
    if not places:
        return
    node, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del node[key]
        case 1:
            other, at = chance.choice(places)
            node[key] = deepcopy(other[at]) if at in _keys(other) else None
        case 2 if isinstance(node, list):
            node.extend([node[key]] * chance.choice([1, 2, 40]))
        case 3 if isinstance(node, dict):
            node[chance.choice(["", "\0", "$each", key + " ", key.upper()])] = node.pop(key)
        case 4 if isinstance(node[key], str):
            text = node[key]
            at = chance.randint(0, len(text))
            node[key] = (
                text[:at] + chance.choice(["", "\0", "/", ":", " ", "\n", "é", "\ud800", "@", "-"]) + text[at + 1 :]
            )
        case _:
            node[key] = deepcopy(chance.choice(VALUES))


def _keys(node: dict[str, Any] | list[Any]) -> Any:  # noqa: ANN401 - names or positions
    return node if isinstance(node, dict) else range(len(node))


def _change_bytes(data: bytes, chance: Random) -> bytes:
    at, to = sorted(chance.randint(0, len(data)) for _ in range(2))
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: data[:at] + chance.choice(BITS) + data[at:],
        lambda: data[:at] + chance.choice(BITS) + data[min(to, at + 8) :],
        lambda: data[:at] + data[to:],
        lambda: data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
        lambda: data[:to] + data[at : min(to, at + 4_096)] + data[to:],
    )
    return chance.choice(ways)()
