"""What a sink is to the process that runs it."""

from __future__ import annotations

from threading import Event
from typing import Protocol

from msgspec import Struct

from schemas.clock import Clock
from schemas.codec import Codec
from schemas.log import Log
from sinks.settings import Settings
from sinks.telemetry import Telemetry


class Parts(Struct, frozen=True, kw_only=True):
    """What every sink is made from."""

    settings: Settings
    log: Log
    codec: Codec
    clock: Clock
    telemetry: Telemetry


class Service(Protocol):
    """A running sink: one thread that reads a group of the log."""

    def run(self, stop: Event) -> None:
        """Read and write until `stop` is set; what it raises ends the process."""

    def ready(self) -> bool:
        """Return whether it does its work now."""
