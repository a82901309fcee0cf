"""The partitions that the group gave us and how far we are with taking each of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from processors.engine import Beat, Core
from processors.ownership import Holding
from processors.progress import Progress
from processors.recovery import Recovery
from schemas.log import OwnershipLost

_THREADS: Final = 2


class Assignment:
    """One partition during one assignment.

    `holding` stands once its state is recovered; `next_offset` is the source offset that must come next.
    """

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.recovering: Future[tuple[Core, Progress]] | None = None
        self.since = time.monotonic()
        self.holding: Holding | None = None
        self.next_offset = 0
        self.committed: int | None = None
        self.revoked = False


class Recoveries:
    """Recovers partitions in the background, so that polling goes on and the membership with it."""

    def __init__(self, recovery: Recovery, beat: Beat, is_ours: Callable[[], bool]) -> None:
        """`beat` hears that recovery goes on; `is_ours` tells whether what was assigned is surely ours still."""
        self._recovery = recovery
        self._beat = beat
        self._is_ours = is_ours
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="recovery")

    def begin(self, assignment: Assignment) -> None:
        """Start to recover one partition's state."""
        assignment.holding = None
        assignment.since = time.monotonic()

        def beat() -> None:
            if assignment.revoked or not self._is_ours():
                raise OwnershipLost(f"partition {assignment.partition} may be another's while it recovers")
            self._beat()

        recover = self._recovery.recover
        assignment.recovering = self._threads.submit(recover, assignment.partition, assignment.committed, beat)

    def close(self) -> None:
        """Start nothing more; what runs ends at its next beat or with the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)
