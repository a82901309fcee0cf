"""Senders that load an ingester and keep what they were answered."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

import httpx

from tests.builders.ingester import Ingester, push_body, signed

ACME = "/webhooks/github/acme"


class Sender(threading.Thread):
    """Sends pushes one after another until told to stop or nobody answers; keeps what it was answered."""

    def __init__(self, ingester: Ingester, name: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self.ended = threading.Event()
        self._ingester = ingester
        self._seed = name

    def run(self) -> None:
        """Send."""
        number = 0
        with httpx.Client(base_url=self._ingester.url, timeout=20) as client:
            while not self.ended.is_set():
                number += 1
                body = push_body(seed=f"{self._seed}-{number}")
                try:
                    answer = client.post(ACME, content=body, headers=signed(body))
                except httpx.TransportError as bad:
                    self.outcomes[type(bad).__name__] += 1
                    return
                self.outcomes[str(answer.status_code)] += 1
                if answer.status_code == 202:
                    self.ids.update(answer.json()["event_ids"])

    def has_sent(self, count: int) -> bool:
        """Tell whether so many were accepted."""
        return self.outcomes["202"] >= count


def load(ingester: Ingester, name: str, senders: int = 4, each: int = 15) -> list[Sender]:
    """Start senders and return once each had so many accepted."""
    started = [Sender(ingester, f"{name}-{n}") for n in range(senders)]
    for sender in started:
        sender.start()
    waiting = threading.Event()
    while not all(sender.has_sent(each) for sender in started):
        waiting.wait(0.01)
        assert all(sender.is_alive() or sender.has_sent(each) for sender in started)
    return started


def stopped(senders: Sequence[Sender]) -> set[str]:
    """Wait until all have ended and return every id that was answered 202."""
    for sender in senders:
        sender.join()
    return set().union(*[sender.ids for sender in senders])


def outcomes(senders: Sequence[Sender]) -> set[str]:
    """Return what was answered, status or error, by its name."""
    return set().union(*[sender.outcomes for sender in senders])
