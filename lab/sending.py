"""How what happened becomes deliveries: late, sometimes twice, and so out of order, as real hooks are."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from lab.organisation import SOURCE

MICROS: Final = 1_000_000

DUPLICATED: Final = 0.03
"""Chance that a delivery is sent a second time, unchanged."""

SLOW: Final = {"jira": 0.15, "github": 0.02, "argocd": 0.05, "pagerduty": 0.02, "cdevents": 0.02}
"""Per tool the chance of its slow lane; Jira's second lane is up to fifteen minutes late."""

_SLOW_SECONDS: Final = {"jira": 900.0, "github": 240.0, "argocd": 120.0, "pagerduty": 60.0, "cdevents": 60.0}


class SentDelivery(Struct, frozen=True, kw_only=True):
    """One HTTP request as it would arrive: one line of `deliveries.jsonl`.

    `at` is the arrival, microseconds since the epoch; `headers` lack the signature, which is computed from the source's
    secret when the delivery is sent; `body` is JSON.
    """

    at: int
    tool: str
    source: str
    headers: Mapping[str, str]
    body: msgspec.Raw


class Outbox:
    """Takes what the tools would send and hands on when it arrives; what happens after `end` is never sent."""

    def __init__(self, draw: random.Random, end: int, put: Callable[[int, bytes], None]) -> None:
        """Send through `put(arrival, line)`; `end` in seconds."""
        self._draw = draw
        self.end = end
        self._put = put

    def send(self, happened: int, tool: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
        """Send one hook for what happened then (seconds)."""
        if happened > self.end:
            return
        arrival = self._arrival(happened, tool)
        self._post(arrival, tool, headers, body)
        if self._draw.random() < DUPLICATED:
            self._post(arrival + int(self._draw.expovariate(1 / 600) * MICROS), tool, headers, body)

    def guid(self) -> str:
        """Return a delivery id of the form the tools use."""
        text = f"{self._draw.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _arrival(self, happened: int, tool: str) -> int:
        slow = self._draw.random() < SLOW[tool]
        seconds = self._draw.uniform(0, _SLOW_SECONDS[tool]) if slow else self._draw.uniform(0.1, 4.0)
        return happened * MICROS + int(seconds * MICROS)

    def _post(self, arrival: int, tool: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
        raw = msgspec.Raw(msgspec.json.encode(body))
        self._put(
            arrival,
            msgspec.json.encode(SentDelivery(at=arrival, tool=tool, source=SOURCE, headers=headers, body=raw)),
        )
