"""Limits as small machines that are told the time: a source's rate, a body's speed, the work at hand; pure."""

from __future__ import annotations

from msgspec import Struct


class Pace(Struct, frozen=True, kw_only=True):
    """How fast a body must come: after the grace at least the rate, and all of it within the longest time."""

    grace_seconds: float
    bytes_per_second: int
    longest_seconds: float

    def too_slow(self, elapsed_seconds: float, received_bytes: int) -> bool:
        """Tell whether a body that has come this far is given up."""
        if elapsed_seconds >= self.longest_seconds:
            return True
        return received_bytes < (elapsed_seconds - self.grace_seconds) * self.bytes_per_second or (
            elapsed_seconds >= self.grace_seconds and received_bytes == 0
        )


class Bucket:
    """A token bucket: `rate_per_second` on average, a second's worth (at least one) at once."""

    def __init__(self, rate_per_second: float) -> None:
        self._rate = rate_per_second
        self._most = max(1.0, rate_per_second)
        self._tokens = self._most
        self._at: float | None = None

    def wait_seconds(self, now_seconds: float) -> float:
        """Take one token and return 0, or take none and return the seconds until there is one."""
        if self._at is not None:
            self._tokens = min(self._most, self._tokens + (now_seconds - self._at) * self._rate)
        self._at = now_seconds
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._rate


class Load:
    """The requests and bytes at hand, against the most that may be."""

    def __init__(self, most_requests: int, most_bytes: int) -> None:
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self.requests = 0
        self.bytes = 0

    @property
    def full_of_bytes(self) -> bool:
        """Whether the bodies at hand are as large as they may be."""
        return self.bytes > self._most_bytes

    @property
    def full(self) -> bool:
        """Whether no further request may begin."""
        return self.requests >= self._most_requests or self.full_of_bytes
