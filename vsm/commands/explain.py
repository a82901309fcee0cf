"""`vsm explain`: the items behind a number, those left out and why, and why it is another than it was."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import msgspec
import typer

from insights.dialects import explained_text as dialect_text
from insights.dialects.explained import DialectExplanation
from insights.explain import text
from insights.explain.answer import Explanation
from insights.explain.naming import Unasked, Wanted
from metrics.recompute import NotFromRows
from schemas.definition_file import BadDefinition
from vsm.commands.ask import MapFormat, Window
from vsm.comparing import by_dialect
from vsm.data_dir import DataDir
from vsm.explaining import explain as explained
from vsm.explaining import micros_of
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.store import BadQuery, StoreMissing, open_store

_MOST: Final = 100_000
_ALL: Final = 1 << 62


def explain(  # noqa: PLR0913, PLR0917 - each is an option
    stream: Annotated[str, typer.Argument(help="The value stream.")],
    metric: Annotated[str, typer.Argument(help="The metric, with or without vsm_ and its unit.")],
    step: Annotated[str, typer.Option(help="The step, of a step's metric.")] = "",
    window: Annotated[Window, typer.Option(help="The rolling window.")] = Window.MONTH,
    kind: Annotated[str, typer.Option(help="One kind of work: feature, defect, risk or debt.")] = "",
    service: Annotated[str, typer.Option(help="One service, of a delivery metric.")] = "",
    environment: Annotated[str, typer.Option(help="The environment, of a delivery metric; left out: production.")] = "",
    statistic: Annotated[str, typer.Option(help="p50, p85, p95, mean; left out: the median or the only one.")] = "",
    dialect: Annotated[str, typer.Option(help="By another's definition: dora-2021, devlake-2023, gitlab, ...")] = "",
    as_of: Annotated[str, typer.Option(help="A past time, UTC if it names no zone: why it has changed since.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Most items that are listed; all are counted.")] = 10_000,
    everything: Annotated[bool, typer.Option("--all", help="List every item in JSON, however many there are.")] = False,  # noqa: FBT002 - a switch
    fmt: Annotated[MapFormat, typer.Option("--format", help="Text for people, JSON for programs.")] = MapFormat.TEXT,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """List the items behind a number with their parts, those left out and why, and the definition and its version.

    Example: `vsm explain checkout step_wait_seconds --step Review --window 30d --statistic p85`

    Example: `vsm explain checkout change_lead_time --as-of 2026-03-03`

    Example: `vsm explain checkout change_lead_time --dialect devlake-2023 --format json`
    """
    wanted = Wanted(
        stream=stream,
        metric=metric,
        step=step,
        window=window.value,
        kind=kind,
        service=service,
        environment=environment,
        statistic=statistic,
    )
    if dialect and as_of:
        fail("a dialect is asked of what is known now: leave --as-of out", status=2)
    try:
        then = micros_of(as_of) if as_of else None
        with open_store(data, url) as store:
            definition = definition_in_use(DataDir(data))
            found: Explanation | DialectExplanation = (
                by_dialect(store, definition, wanted, dialect, limit)
                if dialect
                else explained(store, definition, wanted, as_of=then, limit=_listed(limit, fmt, everything=everything))
            )
    except Unasked as wrong:
        fail(str(wrong), status=2)
    except (StoreMissing, BadQuery, BadDefinition, NotFromRows) as bad:
        fail(str(bad))
    if fmt is MapFormat.JSON:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    elif isinstance(found, DialectExplanation):
        dialect_text.show(out, found)
    else:
        text.show(out, found)


def _listed(limit: int, fmt: MapFormat, *, everything: bool) -> int:
    """Return how many items are read: a terminal shows few, so no more are looked for."""
    if fmt is not MapFormat.JSON:
        return min(limit, text.SHOWN)
    return _ALL if everything else limit
