"""Takes work on large bodies off the event loop: it would keep everybody else waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

LARGE_BYTES: Final = 1_000_000
"""The size from which work on a body takes so long (ten milliseconds and more) that a thread is worth its start."""

T = TypeVar("T")


async def beside_the_loop(body: bytes, work: Callable[..., T], *given: object) -> T:
    """Return what `work(*given)` on a body returns: done at once, or in a thread when it is large."""
    return work(*given) if len(body) < LARGE_BYTES else await asyncio.to_thread(work, *given)
