"""A real local log that can be told to be away, slow or silent, at the protocol's edge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from schemas.log import Done, LogUnavailable, Outgoing, RecordRefused
from schemas.log_local import LocalLog


class FlakyLog(LocalLog):
    """`away`: every append fails at once. `silent`: appends are taken and nothing is heard of them.

    `slow_seconds`: the acknowledgement comes that much later. `refuses`: which records are refused for ever.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.away = False
        self.silent = False
        self.slow_seconds = 0.0
        self.refuses: Callable[[Outgoing], bool] = lambda _record: False
        self.appends = 0

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append, or not, as told."""
        self.appends += 1
        if self.away:
            done(LogUnavailable("told to be away"))
        elif any(self.refuses(record) for record in records):
            done(RecordRefused("told to refuse"))
        elif self.silent:
            return
        elif self.slow_seconds:
            super().append(records, lambda error: threading.Timer(self.slow_seconds, done, [error]).start())
        else:
            super().append(records, done)
