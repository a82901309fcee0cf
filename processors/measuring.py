"""One measuring of one stream: the clock, and how complete the facts behind each window are; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from metrics.feed import sound, told
from metrics.reading import Basis
from metrics.windows import LENGTHS, window_starts

NOW: Final = len(LENGTHS)
"""The place after the windows: what has no window."""
_DAY: Final = 86_400_000_000
_REACH_DAYS: Final = 92
"""How far back from the newest day that is known the completeness of now looks: what the longest window can hold."""

Quality = tuple[float | None, ...]
"""By window, that of now last: the share of the facts that is there; None before the first."""


class Signs(Protocol):
    """What is known of a stream's facts as a whole; microseconds UTC."""

    @property
    def newest_occurred_at(self) -> int | None:
        """When the newest fact occurred."""

    @property
    def facts(self) -> int:
        """How many facts there are."""

    @property
    def implausible(self) -> int:
        """How many of them derive nothing for their time."""

    @property
    def squeezed(self) -> int:
        """Of how many entities some are no longer held: at least so many are lost."""

    @property
    def days(self) -> Mapping[int, tuple[int, int]]:
        """By UTC day number, how many earlier facts its facts presuppose, and how many of these are known."""

    @property
    def twice(self) -> int:
        """How many of them have two deliveries that tell them."""


class Measuring(Struct, frozen=True, kw_only=True):
    """One measuring of one stream.

    `feeds` are the feed's basis by window; `renewed` has a bit for each whose quality is another than before.
    """

    now: int
    feeds: tuple[Basis, ...]
    quality: Quality
    renewed: int
    everything: bool

    def is_stale(self, window: int) -> bool:
        """Tell whether all that is said of a window has to be said anew."""
        return self.everything or bool(self.renewed >> window & 1)

    def stale(self) -> int:
        """Return a bit for each window of which all has to be said anew."""
        return (1 << NOW + 1) - 1 if self.everything else self.renewed


def measuring(
    now: int, signs: Signs | None, observed: Sequence[float] | None, before: Quality | None, *, everything: bool
) -> Measuring:
    """Return the measuring at a clock; `observed` are the shares of the windows that are seen, None before any row."""
    feeds = _feeds(now, signs, observed)
    quality = tuple(
        None if observed is None else (1.0 if feed.observed is None else feed.observed) * sound(feed) * feed.told
        for feed in feeds
    )
    was = before or (None,) * len(quality)
    renewed = sum(1 << window for window, (a, b) in enumerate(zip(was, quality, strict=True)) if a != b)
    return Measuring(now=now, feeds=feeds, quality=quality, renewed=renewed, everything=everything)


def feed_key(signs: Signs | None) -> tuple[int | None, int, int]:
    """Return what of the signs is measured by itself: the newest time, the facts, and those that are lost."""
    if signs is None:
        return None, 0, 0
    return signs.newest_occurred_at, signs.facts, signs.implausible + signs.squeezed


def _feeds(now: int, signs: Signs | None, observed: Sequence[float] | None) -> tuple[Basis, ...]:
    newest, facts, lost = feed_key(signs)
    feed = Basis(now=now, newest_occurred_at=newest, facts=facts, lost_facts=lost)
    days = {} if signs is None else signs.days
    twice = 0.0 if signs is None or not facts else signs.twice / facts
    shares = (None,) * NOW if observed is None else observed
    last = now // _DAY
    in_windows = (
        replace(feed, observed=share, told=told(days, start // _DAY, last, twice))
        for share, start in zip(shares, window_starts(now), strict=True)
    )
    newest = max((day for day in days if day <= last), default=last)
    return (*in_windows, replace(feed, told=told(days, newest - _REACH_DAYS + 1, newest, twice)))
