"""When is everything that was sent in the tables and on the page?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

WAITING: Final = ("vsm_processors_lag_records", "vsm_sinks_lag_records", "vsm_sinks_rows_waiting")
"""What is not yet processed, not yet read by a sink, not yet written."""

_POLL_SECONDS: Final = 0.25
_QUIET_POLLS: Final = 10


class NotSettled(TimeoutError):  # noqa: N818 - shown to the user as it is
    """There is still work waiting after the time given; says how much of what."""


def wait_until_settled(addresses: Mapping[str, str], seconds: float = 120.0) -> None:
    """Block until nothing waits anywhere, twice the emission interval long. Raises NotSettled."""
    deadline = time.monotonic() + seconds
    quiet = 0
    left: Mapping[str, float] = {}
    while quiet < _QUIET_POLLS:
        if time.monotonic() > deadline:
            told = ", ".join(f"{name} {value:.0f}" for name, value in left.items() if value)
            raise NotSettled(f"still waiting after {seconds:.0f} s: {told or 'a process does not answer'}")
        left = waiting(addresses)
        quiet = quiet + 1 if is_settled(left) else 0
        time.sleep(_POLL_SECONDS)


def is_settled(left: Mapping[str, float]) -> bool:
    """Return whether every gauge is known and nothing waits."""
    return len(left) == len(WAITING) and not any(left.values())


def waiting(addresses: Mapping[str, str]) -> Mapping[str, float]:
    """Return how much waits, by gauge; a gauge that is not on the page is left out."""
    try:
        text = httpx.get(addresses["metrics"], timeout=10.0).text
    except httpx.TransportError:
        return {}
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name in WAITING:
            found[family.name] = sum(sample.value for sample in family.samples)
    return found
