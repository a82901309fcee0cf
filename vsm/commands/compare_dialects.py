"""`vsm compare-dialects`: what others' definitions say of the same stream."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer

from insights.dialects import text
from schemas.definition_file import BadDefinition
from vsm.commands.ask import Window
from vsm.comparing import compare
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.store import BadQuery, StoreMissing, open_store

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ComparisonFormat(StrEnum):
    """How a comparison is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def compare_dialects(
    stream: Annotated[str, typer.Argument(help="The value stream.")],
    window: Annotated[Window, typer.Option(help="The rolling window.")] = Window.MONTH,
    until: Annotated[
        str | None, typer.Option(help="The window's end, UTC if it names no zone; left out: the last measuring.")
    ] = None,
    fmt: Annotated[
        ComparisonFormat, typer.Option("--format", help="Text for people, JSON for programs, Markdown for pages.")
    ] = ComparisonFormat.TEXT,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """Say what DORA's, DevLake's, Four Keys', GitLab's, Middleware's, Datadog's definitions give, and why they differ.

    Example: `vsm compare-dialects checkout --window 90d`
    """
    now = None if until is None else _micros(until)
    try:
        with open_store(data, url) as store:
            found = compare(store, definition_in_use(DataDir(data)), stream, window.value, now)
    except (StoreMissing, BadQuery, BadDefinition) as bad:
        fail(str(bad))
    match fmt:
        case ComparisonFormat.JSON:
            sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        case ComparisonFormat.MARKDOWN:
            sys.stdout.write(text.markdown(found))
        case ComparisonFormat.TEXT:
            text.show(out, found)


def _micros(until: str) -> int:
    try:
        at = datetime.fromisoformat(until)
    except ValueError:
        fail(f"--until: '{until}' is no time such as 2026-01-31 or 2026-01-31T08:00+01:00", status=2)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
