"""What the last comparison of each source with its tool found, as `vsm reconcile` noted it in the data directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct


class _Noted(Struct, frozen=True):
    tool: str
    source: str
    completeness_ratio: float | None = None


_decode = msgspec.json.Decoder(_Noted).decode


def completeness(folder: Path) -> Mapping[tuple[str, str], float]:
    """Return by (tool, source) the share of what the tool tells that the log held; {} where nothing was compared.

    What cannot be read, or says no share, is left out.
    """
    found = {}
    for file in sorted(folder.glob("*.json")):
        try:
            noted = _decode(file.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        if noted.completeness_ratio is not None:
            found[noted.tool, noted.source] = noted.completeness_ratio
    return found
