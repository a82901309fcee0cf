"""A real local log that can be told to be away, slow or silent, at the protocol's edge."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from schemas.log import Done, LogUnavailable, Outgoing
from schemas.log_local import LocalLog


class FlakyLog(LocalLog):
    """`away`: every append fails at once. `silent`: appends are taken and nothing is heard of them.

    `slow_seconds`: the acknowledgement comes that much later.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.away = False
        self.silent = False
        self.slow_seconds = 0.0
        self.appends = 0

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append, or not, as told."""
        self.appends += 1
        if self.away:
            done(LogUnavailable("told to be away"))
        elif self.silent:
            return
        elif self.slow_seconds:
            super().append(records, lambda error: threading.Timer(self.slow_seconds, done, [error]).start())
        else:
            super().append(records, done)
