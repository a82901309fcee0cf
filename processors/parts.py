"""What every part of the driver needs: made once in `app.py`, handed to each."""

from __future__ import annotations

from msgspec import Struct

from processors.departure import Departure
from processors.outputs import Outputs
from processors.settings import Settings
from processors.telemetry import Telemetry
from processors.watchdog import Watchdog
from schemas.codec import Codec
from schemas.log import Log


class Parts(Struct, frozen=True, kw_only=True):
    """The edge's parts."""

    settings: Settings
    log: Log
    codec: Codec
    outputs: Outputs
    telemetry: Telemetry
    departure: Departure
    watchdog: Watchdog
