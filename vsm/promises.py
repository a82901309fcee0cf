"""Reads a stream's open work and what was finished lately from the tables."""

from __future__ import annotations

from typing import Final

from insights.ageing import questions as ask
from insights.ageing.open_work import Ageing, ageing
from schemas.definition import Definition
from schemas.measurement import WINDOWS
from vsm.store import Store

_MICROS: Final = 1_000_000


def open_work(store: Store, definition: Definition, stream: str, at: int) -> Ageing:
    """Return how a stream's open items stand at a time, microseconds UTC. Raises BadQuery."""
    told = ask.parameters(stream, at - WINDOWS["90d"] * _MICROS, at)
    known = definition.stream(stream)
    return ageing(
        stream,
        ask.opened(store.query(ask.OPEN_ITEMS_SQL, told), store.query(ask.OPEN_VISITS_SQL, told)),
        ask.past(store.query(ask.FINISHED_ITEMS_SQL, told), store.query(ask.FINISHED_VISITS_SQL, told)),
        {} if known is None else known.targets,
        at=at,
        version=definition.version,
    )
