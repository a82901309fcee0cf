"""`vsm export`: a stream's events for other tools, as a log in OCEL 2.0 or as CDEvents."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from vsm.exporting import window, write_cdevents, write_ocel
from vsm.options import DEFAULT_DATA, Data, Url, err, fail
from vsm.progress import bar
from vsm.store import BadQuery, StoreMissing, open_store

_MICROS: Final = 1_000_000
_EARLIEST: Final = 0
_LATEST: Final = 1 << 62


class Format(StrEnum):
    """What is written."""

    OCEL = "ocel"
    CDEVENTS = "cdevents"


def export(
    stream: Annotated[str, typer.Argument(help="The value stream.")],
    fmt: Annotated[Format, typer.Option("--format", help="A log in OCEL 2.0 JSON, or CDEvents as JSON lines.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file; left out: standard output.")] = None,
    since: Annotated[str | None, typer.Option(help="Events from this time on, UTC if it names no zone.")] = None,
    until: Annotated[str | None, typer.Option(help="Events before this time.")] = None,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """Export a stream's events: for process mining (ocel), or for whatever reads CDEvents, VSM too. Nobody is named.

    Example: `vsm export checkout --format ocel -o checkout.json`

    Example: `vsm export checkout --format cdevents --since 2026-01-01 -o checkout.jsonl`
    """
    begin = _EARLIEST if since is None else _time(since, "--since")
    end = _LATEST if until is None else _time(until, "--until")
    if begin >= end:
        fail("--since is not before --until", status=2)
    write = write_ocel if fmt is Format.OCEL else write_cdevents
    try:
        with open_store(data, url) as store:
            asked = window(store, stream, begin, end)
            with _opened(output) as file, bar("exporting", None) as advance:
                count = write(store, asked, file, advance)
    except (StoreMissing, BadQuery) as bad:
        fail(str(bad))
    except BrokenPipeError:
        fail("nobody reads on")
    except OSError as bad:
        fail(f"{output}: {bad.strerror or bad}")
    err.print(f"exported {count} events of {stream}", markup=False)


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Yield what is written to; a file takes its name when it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _time(text: str, option: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option}: '{text}' is no time such as 2026-01-31 or 2026-01-31T08:00+01:00", status=2)
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * _MICROS)
