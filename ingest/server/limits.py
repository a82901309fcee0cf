"""Limits as small machines that are told the time: a source's rate, a body's speed, the work at hand; pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_DAY_SECONDS: Final = 86_400.0


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
    """A token bucket: `rate_per_second` on average, `most` at once (None: a second's worth; at least one)."""

    def __init__(self, rate_per_second: float, most: float | None = None) -> None:
        self._rate = rate_per_second
        self._most = max(1.0, rate_per_second if most is None else most)
        self._tokens = self._most
        self._at: float | None = None

    def wait_seconds(self, now_seconds: float) -> float:
        """Return the seconds until there is a token, 0 when there is one; takes none."""
        if self._at is not None:
            self._tokens = min(self._most, self._tokens + (now_seconds - self._at) * self._rate)
        self._at = now_seconds
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def take(self) -> None:
        """Take a token; there is one where `wait_seconds` just said 0."""
        self._tokens -= 1.0


class Allowance(Struct, frozen=True):
    """What a source is held to; None: to nothing."""

    rate_per_second: float | None = None
    per_day: float | None = None


class Allowed:
    """A source's allowance as far as it is used: on average so many a second, and a day's worth saved up at most."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        rate, daily = allowance.rate_per_second, allowance.per_day
        self._buckets = [] if rate is None else [Bucket(rate)]
        if daily is not None:
            self._buckets.append(Bucket(daily / _DAY_SECONDS, daily))

    def wait_seconds(self, now_seconds: float) -> float:
        """Use up one delivery and return 0, or use up none and return the seconds until one is allowed."""
        wait = max((bucket.wait_seconds(now_seconds) for bucket in self._buckets), default=0.0)
        if wait <= 0.0:
            for bucket in self._buckets:
                bucket.take()
        return wait


class Load:
    """The requests and bytes at hand, against the most that may be.

    Of the requests those whose body is still `reading` keep nobody out: a crowd of slow senders has proven nothing yet.
    """

    def __init__(self, most_requests: int, most_bytes: int) -> None:
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self.requests = 0
        self.reading = 0
        self.bytes = 0

    @property
    def full_of_bytes(self) -> bool:
        """Whether the bodies at hand are as large as they may be."""
        return self.bytes > self._most_bytes

    @property
    def full(self) -> bool:
        """Whether no further request may begin."""
        return self.requests - self.reading >= self._most_requests or self.full_of_bytes
