"""The questions about waste and open work, as the board asks them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import msgspec

from insights.ageing.open_work import Ageing
from insights.explain.naming import Unasked
from insights.waste.sums import By, Report
from schemas.clock import clock_from
from schemas.measurement import WINDOWS
from vsm.board.reader import Reader
from vsm.explaining import micros_of
from vsm.promises import open_work
from vsm.store import NoSuchStream, Store
from vsm.wasting import asked_of, report, stream_of, streams

BY: Final = "What the sums are told apart by: category (left out), step, kind or item; of these the greatest."
UNTIL: Final = "The window's end (ISO 8601); left out: now."


def waste(reader: Reader, said: Mapping[str, str]) -> Report:
    """Return the waste ledger of a window, of as many items as there is time for.

    Raises Unasked, NoSuchStream, BadQuery.
    """
    window, by, stream = said.get("window", "30d"), said.get("by", By.CATEGORY), said["stream"]
    if window not in WINDOWS:
        raise Unasked(f"there is no window '{window}'; known: {', '.join(WINDOWS)}")
    if by not in set(By):
        raise Unasked(f"sums are not told apart by '{by}'; known: {', '.join(By)}")
    end = micros_of(said["until"]) if "until" in said else _now()
    asked = asked_of(stream, window, end)
    definition = reader.definition
    whose = stream_of(definition, stream)
    found = report(reader.store, whose, asked, By(by), definition.version, late=reader.late, most=reader.items)
    if not found.items and not found.unstarted and not found.unread:
        _known(reader.store, stream)
    return found


def ageing(reader: Reader, said: Mapping[str, str]) -> Ageing:
    """Return a stream's open work, the items at most risk. Raises NoSuchStream, BadQuery."""
    found = open_work(reader.store, reader.definition, said["stream"], _now())
    if not found.items and not found.finished:
        _known(reader.store, said["stream"])
    return msgspec.structs.replace(found, items=found.items[: reader.items])


def _known(store: Store, stream: str) -> None:
    known = streams(store)
    if stream not in known:
        raise NoSuchStream(f"value stream '{stream}' has no work items; known: {', '.join(known) or 'none yet'}")


def _now() -> int:
    return clock_from(os.environ.get("VSM_CLOCK"))()
