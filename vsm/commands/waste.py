"""`vsm waste`: where the time of a stream's items went, by the eight wastes."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import typer

from insights.waste import text
from insights.waste.ledger import ledger
from insights.waste.questions import Asked
from insights.waste.rules import RULES
from insights.waste.sums import By
from schemas.clock import clock_from
from schemas.definition_file import BadDefinition
from vsm.commands.ask import MapFormat, Window
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.progress import bar
from vsm.store import BadQuery, Store, StoreMissing, open_store
from vsm.wasting import asked_of, cases, count, report, stream_of, streams

_MICROS: Final = 1_000_000
_LATEST: Final = 1 << 52


def waste(
    stream: Annotated[str, typer.Argument(help="The value stream.")],
    window: Annotated[Window, typer.Option(help="Items that were over in this window.")] = Window.MONTH,
    by: Annotated[By, typer.Option(help="What the sums are told apart by.")] = By.CATEGORY,
    item: Annotated[str, typer.Option(help="In place of sums, the ledger of this item, piece by piece.")] = "",
    until: Annotated[str | None, typer.Option(help="The window's end, UTC if it names no zone; left out: now.")] = None,
    fmt: Annotated[MapFormat, typer.Option("--format", help="Text for people, JSON for programs.")] = MapFormat.TEXT,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """Say of every minute of the flow time of finished and abandoned items whether it added value or was a waste.

    Example: `vsm waste checkout --window 90d --by step`

    Example: `vsm waste checkout --item ticket:jira/CHK-12`
    """
    end = _end(until)
    asked = asked_of(stream, window.value, end)
    if item:
        asked = Asked(stream=stream, since=0, until=_LATEST, item=item)
    try:
        with open_store(data, url) as store:
            if item:
                _one(store, DataDir(data), asked, fmt)
            else:
                _all(store, DataDir(data), asked, by, fmt)
    except (StoreMissing, BadQuery, BadDefinition) as bad:
        fail(str(bad))


def _all(store: Store, folder: DataDir, asked: Asked, by: By, fmt: MapFormat) -> None:
    definition = definition_in_use(folder)
    items = count(store, asked)
    with bar("adding up items", items) if items > asked.page else nullcontext(_nothing) as advance:
        found = report(store, stream_of(definition, asked.stream), asked, by, definition.version, advance=advance)
    if not found.items and not found.unstarted:
        _known(store, asked.stream)
    if fmt is MapFormat.JSON:
        _write(found)
    else:
        text.show(out, found)


def _nothing() -> None:
    """Few items are no long work."""


def _one(store: Store, folder: DataDir, asked: Asked, fmt: MapFormat) -> None:
    case = next(cases(store, stream_of(definition_in_use(folder), asked.stream), asked), None)
    if case is None:
        fail(f"value stream '{asked.stream}' has no item '{asked.item}' that is over")
    pieces = ledger(case)
    if fmt is MapFormat.TEXT:
        text.show_item(out, asked.item, pieces)
        return
    meanings = {rule.name: rule.meaning for rule in RULES}
    _write(
        [
            {
                "begin": _written(piece.begin), "until": _written(piece.until), "seconds": piece.micros / _MICROS,
                "category": piece.category, "step": piece.step, "rule": piece.rule,
                "evidence": meanings.get(piece.rule, ""),
            }
            for piece in pieces
        ]
    )  # fmt: skip


def _known(store: Store, stream: str) -> None:
    """Fail where the stream has no items at all, naming those that have."""
    known = streams(store)
    if stream not in known:
        raise BadQuery(f"value stream '{stream}' has no work items; known: {', '.join(known) or 'none yet'}")


def _end(until: str | None) -> int:
    if until is None:
        return clock_from(os.environ.get("VSM_CLOCK"))()
    try:
        at = datetime.fromisoformat(until)
    except ValueError:
        fail(f"--until: '{until}' is no time such as 2026-01-31 or 2026-01-31T08:00+01:00", status=2)
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * _MICROS)


def _written(micros: int) -> str:
    return datetime.fromtimestamp(micros / _MICROS, UTC).isoformat()


def _write(told: object) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
