"""Several Prometheus pages as one; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_TYPE: Final = re.compile(rb"^# TYPE (\S+) ", re.MULTILINE)
_FAMILY: Final = re.compile(rb"^# (?:HELP|TYPE) (\S+)")


def merged(pages: Sequence[bytes]) -> bytes:
    """Return one page: the pages one after another, but for families that several have, which stand together.

    A family's HELP and TYPE are the first page's.
    """
    seen: set[bytes] = set()
    shared = False
    for page in pages:
        families = set(_TYPE.findall(page))
        shared = shared or not seen.isdisjoint(families)
        seen |= families
    whole = [page if page.endswith(b"\n") or not page else page + b"\n" for page in pages]
    if not shared:
        return b"".join(whole)
    heads: dict[bytes, dict[bytes, bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for page in whole:
        _gather(page, heads, samples)
    lines: list[bytes] = []
    for family, head in heads.items():
        lines += [*head.values(), *samples[family]]
    return b"\n".join(lines) + b"\n"


def _gather(page: bytes, heads: dict[bytes, dict[bytes, bytes]], samples: dict[bytes, list[bytes]]) -> None:
    family = b""
    for line in page.split(b"\n"):
        if not line or line == b"# EOF":
            continue
        told = _FAMILY.match(line)
        if told is not None:
            family = told[1]
            heads.setdefault(family, {}).setdefault(line[:6], line)
            samples.setdefault(family, [])
        else:
            heads.setdefault(family, {})
            samples.setdefault(family, []).append(line)
