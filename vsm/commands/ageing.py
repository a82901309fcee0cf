"""`vsm ageing`: how old open work is, and what is about to break its expectation."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import msgspec
import typer

from insights.ageing import text
from schemas.clock import clock_from
from schemas.definition_file import BadDefinition
from vsm.commands.ask import MapFormat
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.promises import open_work
from vsm.store import BadQuery, StoreMissing, open_store
from vsm.wasting import streams


def ageing(
    stream: Annotated[str, typer.Argument(help="The value stream.")],
    fmt: Annotated[MapFormat, typer.Option("--format", help="Text for people, JSON for programs.")] = MapFormat.TEXT,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """List the open items by the risk that they break their service level expectation, with their age in each step.

    Example: `vsm ageing checkout`
    """
    try:
        with open_store(data, url) as store:
            at = clock_from(os.environ.get("VSM_CLOCK"))()
            found = open_work(store, definition_in_use(DataDir(data)), stream, at)
            if not found.items and not found.finished:
                known = streams(store)
                if stream not in known:
                    fail(f"value stream '{stream}' has no work items; known: {', '.join(known) or 'none yet'}")
    except (StoreMissing, BadQuery, BadDefinition) as bad:
        fail(str(bad))
    if fmt is MapFormat.JSON:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    else:
        text.show(out, found)
