"""What the telemetry page says of the worker's health; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from processors.ownership import Holding


def readiness(holdings: Sequence[Holding], *, ready: bool, generation: int) -> Mapping[str, object]:
    """Return the body of `/health/ready`: whether every partition given is recovered, and how far it has read.

    `rebuilt`: every row of every partition stands in this generation; true for a worker that owns nothing. `measured`:
    and so does every series of these rows.
    """
    return {
        "ready": ready,
        "generation": generation,
        "rebuilt": ready and all(h.progress.whole for h in holdings),
        "measured": ready and all(h.progress.whole and h.measured for h in holdings),
        "partitions": {str(h.partition): h.progress.offset for h in holdings},
    }
