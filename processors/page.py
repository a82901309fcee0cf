"""What the telemetry page says of the worker's health; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from processors.ownership import Holding


def readiness(holdings: Sequence[Holding], *, ready: bool, generation: int) -> Mapping[str, object]:
    """Return the body of `/health/ready`: whether every partition given is recovered, and its rows of this generation.

    `rebuilt` is true for a worker that owns nothing.
    """
    return {
        "ready": ready,
        "generation": generation,
        "rebuilt": ready and all(h.progress.generation == generation for h in holdings),
        "partitions": {str(h.partition): h.progress.offset for h in holdings},
    }
