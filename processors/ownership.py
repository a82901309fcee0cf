"""Which partitions this process owns, and the fence that keeps it from writing state it may no longer own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from processors.dead_letters import Budget
from processors.engine import Core
from processors.progress import Progress
from schemas.log import OwnershipLost


class Holding:
    """One partition's memory during one assignment; a new assignment makes a new one.

    `progress` is how far the durable state has read. `lock` is held by whoever changes or reads the core, on the loop
    that owns it. `spoilt` once the memory may differ from the durable state, `revoked` once somebody else may own the
    partition: either way it is never used again. `measured` once every series of whole rows stands in the log.
    """

    def __init__(self, partition: int, core: Core, progress: Progress, budget: Budget) -> None:
        self.partition = partition
        self.core = core
        self.progress = progress
        self.budget = budget
        self.lock = asyncio.Lock()
        self.emit_all = True
        self.measured = False
        self.spoilt = False
        self.revoked = False

    @property
    def usable(self) -> bool:
        """Whether the memory is whole and, as far as we were told, ours."""
        return not (self.spoilt or self.revoked)


class Ownership:
    """The holdings of this process. Changed by the feed's thread, read anywhere."""

    def __init__(self, session_left_seconds: Callable[[], float], fence_seconds: float) -> None:
        self._session_left_seconds = session_left_seconds
        self._fence_seconds = fence_seconds
        self._holdings: dict[int, Holding] = {}

    def take(self, holding: Holding) -> None:
        """Make a recovered partition ours."""
        self._holdings[holding.partition] = holding

    def forget(self, partition: int) -> None:
        """Give a partition up; safe to repeat."""
        if (holding := self._holdings.pop(partition, None)) is not None:
            holding.revoked = True

    def holdings(self) -> tuple[Holding, ...]:
        """Return what is owned now and usable, by partition."""
        return tuple(h for _, h in sorted(self._holdings.copy().items()) if h.usable)

    def check(self, holding: Holding) -> None:
        """Raise OwnershipLost unless the partition is surely ours for a while yet."""
        if not holding.usable:
            raise OwnershipLost(f"partition {holding.partition} was given up")
        if not self.is_sure():
            raise OwnershipLost("the session may have ended")

    def is_sure(self) -> bool:
        """Tell whether the session goes on for a while yet."""
        return self._session_left_seconds() > self._fence_seconds

    def is_over(self) -> bool:
        """Tell whether the session need not go on any more: this process was paused for about as long."""
        return self._session_left_seconds() <= 0
