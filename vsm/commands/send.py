"""`vsm send`: plays recorded deliveries into an ingester."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ingest.secrets import UnreadableSecret, resolve
from schemas.definition import Definition
from schemas.definition_file import BadDefinition
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.importing import address
from vsm.options import DEFAULT_DATA, Data, To, fail, out
from vsm.progress import bar
from vsm.sender import BadRecording, Played, Unreachable, play, read_recording
from vsm.signing import schemes_of


def send(
    file: Annotated[Path, typer.Argument(help="JSON lines: {tool, source, headers, body | body_b64}.")],
    to: To = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Deliveries a second, else as fast as taken.")] = None,
    config: Annotated[Path | None, typer.Option(help="Value-stream file whose secrets sign.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Play recorded deliveries into an ingester, signing them if their source has a secret.

    Example: `vsm send deliveries.jsonl --to http://127.0.0.1:8080 --rate 100`
    """
    folder = DataDir(data)
    try:
        definition = definition_in_use(folder, config)
        secrets, schemes, urls = source_secrets(definition), schemes_of(definition), source_urls(definition)
        total = sum(1 for _ in read_recording(file))  # all of it is looked at before any of it is sent
        with bar("sending", total) as advance:
            deliveries, there = read_recording(file), address(folder, to)
            played = asyncio.run(play(deliveries, there, secrets, rate=rate, sent=advance, schemes=schemes, urls=urls))
    except (BadRecording, BadDefinition, Unreachable) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename}: {bad.strerror}")
    report(played)


def report(played: Played) -> None:
    """Print the answers; end with status 1 if a delivery was refused."""
    for answer, count in sorted(played.answers.items()):
        out.print(f"{count:>8}  {answer}", markup=False)
    if played.refused:
        fail("\n".join(played.refused))


def source_urls(definition: Definition) -> Mapping[tuple[str, str], str]:
    """Return the address of every source that its tool knows by another than it arrives at."""
    return {(source.tool, source.name): source.public_url for source in definition.sources if source.public_url}


def source_secrets(definition: Definition) -> Mapping[tuple[str, str], bytes]:
    """Return the first readable secret of every source."""
    found = {}
    for source in definition.sources:
        for reference in source.secrets:
            try:
                found[source.tool, source.name] = resolve(reference)
                break
            except UnreadableSecret:
                continue
    return found
