"""`vsm dead-letters list|show|replay`: what could not be handled, and another try after a fix."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ingest.dead_letters import opened
from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter
from schemas.definition_file import load
from schemas.event import FlowEvent
from schemas.log import Log, LogUnavailable, Outgoing
from schemas.log_open import open_log
from schemas.sealing import BrokenSeal, load_identity_key, unseal
from schemas.topics import key
from vsm.commands.send import report, source_secrets
from vsm.data_dir import DataDir
from vsm.importing import address
from vsm.letters import read_letters
from vsm.options import DEFAULT_DATA, Data, fail, out
from vsm.sender import Recorded, Unreachable, play

Kafka = Annotated[str, typer.Option(envvar="VSM_KAFKA", help="Bootstrap servers, in place of the local log.")]
Which = Annotated[list[str], typer.Argument(help="Ids, or their beginnings; `all` for every one.")]


def list_letters(data: Data = DEFAULT_DATA, kafka: Kafka = "") -> None:
    """List what could not be handled: id, time, tool, reason and where it went wrong.

    Example: `vsm dead-letters list`
    """
    with _log(data, kafka) as log:
        letters = read_letters(log)
    table = Table("id", "received", "stage", "tool/source", "event", "reason", "detail", "bytes")
    for letter in letters:
        at = dt.datetime.fromtimestamp(letter.received_at / 1e6, tz=dt.UTC)
        table.add_row(
            letter.dead_letter_id[:12],
            f"{at:%Y-%m-%d %H:%M:%S}",
            letter.stage,
            f"{letter.tool}/{letter.source}",
            letter.event_type,
            letter.reason.value,
            letter.detail,
            str(letter.size_bytes),
        )
    out.print(table if letters else "no dead letters")


def show(which: Which, data: Data = DEFAULT_DATA, kafka: Kafka = "") -> None:
    """Open dead letters with the identity key and print them whole; they may hold names.

    Example: `vsm dead-letters show 3fa9c1`
    """
    identity_key = _key(data)
    with _log(data, kafka) as log:
        letters = _chosen(read_letters(log), which)
    for letter in letters:
        out.print(f"{letter.dead_letter_id}  {letter.reason.value}: {letter.detail}", markup=False, soft_wrap=True)
        try:
            if letter.stage == "ingest":
                delivery = opened(letter, identity_key)
                out.print(f"POST {delivery.url}", markup=False, soft_wrap=True)
                for name, value in sorted(delivery.headers.items()):
                    out.print(f"{name}: {value}", markup=False, soft_wrap=True)
                clear = delivery.body
            else:
                clear = unseal(letter.body, identity_key)
        except BrokenSeal as broken:
            fail(str(broken))
        out.print(clear.decode("utf-8", "backslashreplace"), markup=False, soft_wrap=True)


def replay(
    which: Which,
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    to: Annotated[str | None, typer.Option(help="The ingester; left out: the stack of --data, else port 8080.")] = None,
    config: Annotated[Path | None, typer.Option(help="Value-stream file whose secrets sign.")] = None,
) -> None:
    """Try dead letters again: deliveries through the ingester, records at the end of their topic.

    Replaying what was handled meanwhile changes nothing. Example: `vsm dead-letters replay all`
    """
    identity_key = _key(data)
    folder = DataDir(data)
    with _log(data, kafka) as log:
        letters = _chosen(read_letters(log), which)
        try:
            records = [_record(letter, identity_key) for letter in letters if letter.stage != "ingest"]
            deliveries = [_recorded(letter, identity_key) for letter in letters if letter.stage == "ingest"]
            log.append_and_wait(records)
        except (BrokenSeal, LogUnavailable) as bad:
            fail(str(bad))
    if records:
        out.print(f"{len(records):>8}  records appended again")
    run = folder.running()
    chosen = config or (Path(run.config) if run is not None else folder.config)
    secrets = source_secrets(load(chosen)) if chosen.exists() else {}
    try:
        played = asyncio.run(play(deliveries, address(folder, to), secrets))
    except Unreachable as gone:
        fail(str(gone))
    report(played)


def _record(letter: DeadLetter, identity_key: bytes) -> Outgoing:
    value = unseal(letter.body, identity_key)
    try:
        event = Codec().decode(value, FlowEvent)
        record_key = key(event.value_stream, event.event_id)
    except BadRecord:
        record_key = letter.dead_letter_id.encode()
    return Outgoing(letter.topic or "", letter.partition or 0, record_key, value)


def _recorded(letter: DeadLetter, identity_key: bytes) -> Recorded:
    delivery = opened(letter, identity_key)
    return Recorded(
        tool=delivery.tool,
        source=delivery.source,
        headers=dict(delivery.headers),
        body_b64=base64.b64encode(delivery.body).decode(),
    )


def _chosen(letters: list[DeadLetter], which: list[str]) -> list[DeadLetter]:
    if which == ["all"]:
        return letters
    found = [letter for letter in letters if any(letter.dead_letter_id.startswith(w) for w in which)]
    missing = [w for w in which if not any(letter.dead_letter_id.startswith(w) for letter in letters)]
    if missing:
        fail(f"no dead letter begins with {', '.join(missing)}; `vsm dead-letters list` shows them")
    return found


def _key(data: Path) -> bytes:
    try:
        return load_identity_key(os.environ.get("VSM_IDENTITY_KEY", ""), data)
    except (ValueError, OSError) as bad:
        fail(f"cannot read the identity key: {bad}")


@contextmanager
def _log(data: Path, kafka: str) -> Iterator[Log]:
    if not kafka and not DataDir(data).log.exists():
        fail(f"{data} holds no log: give the --data of a stack, or --kafka")
    try:
        log = open_log(kafka or None, data)
    except LogUnavailable as gone:
        fail(str(gone))
    try:
        yield log
    finally:
        log.close()
