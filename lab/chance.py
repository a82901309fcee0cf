"""Draws: how long things take and how often they happen, from a seeded source of chance. Whole seconds."""

from __future__ import annotations

import math
import random


class Chance:
    """Draws of one service; the same seed and name give the same draws on every machine."""

    def __init__(self, seed: int, name: str) -> None:
        self.random = random.Random(f"{seed}/{name}")

    def around(self, median: float, spread: float = 0.5, most: float = 3.0) -> int:
        """Return a log-normal duration with this median, at most `most` times it and at least one second."""
        return max(1, int(min(median * math.exp(self.random.gauss(0.0, spread)), median * most)))

    def between(self, low: int, high: int) -> int:
        """Return a whole number of seconds in [low, high]."""
        return self.random.randint(low, high)

    def happens(self, probability: float) -> bool:
        """Return whether something of this probability happens."""
        return self.random.random() < probability

    def sha(self) -> str:
        """Return a commit id."""
        return f"{self.random.getrandbits(160):040x}"
