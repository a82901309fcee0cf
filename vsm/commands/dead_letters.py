"""`vsm dead-letters list|show|replay`: what could not be handled, and another try after a fix."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from ingest.dead_letters import opened
from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter, LetterKey
from schemas.definition_file import BadDefinition
from schemas.event import FlowEvent
from schemas.identity_key import load_identity_key
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.letter_keys import open_letter
from schemas.log import Log, LogUnavailable, Outgoing, RecordRefused
from schemas.log_open import open_log
from schemas.registry import RegistryRefused, open_codec
from schemas.sealing import BrokenSeal
from vsm.commands.send import report, source_secrets, source_urls
from vsm.data_dir import DataDir
from vsm.erasure.letters import Letters, read_letters
from vsm.generation import definition_in_use
from vsm.importing import address
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, Registry, To, fail, out
from vsm.printing import show_line, show_table
from vsm.sender import Recorded, Unreachable, play
from vsm.signing import schemes_of

Which = Annotated[list[str], typer.Argument(help="Ids, or their beginnings; `all` for every one.")]

_COLUMNS: Final = ("id", "received", "stage", "tool/source", "event", "reason", "detail", "bytes")


class _Source(Struct, frozen=True, kw_only=True):
    """Where the letters are, and how they were written."""

    data: Path
    kafka: str
    kafka_settings: str
    registry: str


class _Seals(Struct, frozen=True):
    """What opens letters."""

    keys: Mapping[str, LetterKey]
    identity_key: bytes


def list_letters(
    data: Data = DEFAULT_DATA, kafka: Kafka = "", kafka_settings: KafkaSettings = "", registry: Registry = ""
) -> None:
    """List what could not be handled: id, time, tool, reason and where it went wrong.

    Example: `vsm dead-letters list`
    """
    with _opened(_Source(data=data, kafka=kafka, kafka_settings=kafka_settings, registry=registry)) as (log, codec):
        found = read_letters(log, codec)
    letters = found.whole
    if letters:
        show_table(_COLUMNS, [_row(letter) for letter in letters])
    else:
        out.print("no dead letters")
    _tell(found)


def _row(letter: DeadLetter) -> tuple[str, ...]:
    return (
        letter.dead_letter_id[:12],
        f"{dt.datetime.fromtimestamp(letter.received_at / 1e6, tz=dt.UTC):%Y-%m-%d %H:%M:%S}",
        letter.stage,
        f"{letter.tool}/{letter.source}",
        letter.event_type,
        letter.reason.value,
        letter.detail,
        str(letter.size_bytes),
    )


def show(
    which: Which,
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    kafka_settings: KafkaSettings = "",
    registry: Registry = "",
) -> None:
    """Open dead letters with the identity key and print them whole; they may hold names.

    Example: `vsm dead-letters show 3fa9c1`
    """
    identity_key = _key(data)
    with _opened(_Source(data=data, kafka=kafka, kafka_settings=kafka_settings, registry=registry)) as (log, codec):
        found = read_letters(log, codec)
    closed = []
    for letter in _chosen(found, which):
        show_line(f"{letter.dead_letter_id}  {letter.reason.value}: {letter.detail}")
        try:
            if letter.topic is None:
                delivery = opened(letter, found.keys, identity_key)
                show_line(f"POST {delivery.url}")
                for name, value in sorted(delivery.headers.items()):
                    show_line(f"{name}: {value}")
                clear = delivery.body
            else:
                clear = open_letter(letter, found.keys, identity_key)
        except BrokenSeal as broken:
            closed.append(f"NOT OPENED: {letter.dead_letter_id}: {broken}")
        else:
            show_line(clear.decode("utf-8", "backslashreplace"))
    _tell(found, closed)


def replay(
    which: Which,
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    to: To = None,
    config: Annotated[Path | None, typer.Option(help="Value-stream file whose secrets sign.")] = None,
    kafka_settings: KafkaSettings = "",
    registry: Registry = "",
) -> None:
    """Try dead letters again: deliveries through the ingester, records at the end of their topic.

    Replaying what was handled meanwhile changes nothing. Example: `vsm dead-letters replay all`
    """
    identity_key = _key(data)
    folder = DataDir(data)
    with _opened(_Source(data=data, kafka=kafka, kafka_settings=kafka_settings, registry=registry)) as (log, codec):
        found = read_letters(log, codec)
        seals = _Seals(found.keys, identity_key)
        letters, closed = _openable(_chosen(found, which), seals)
        records = [_record(letter, seals, codec) for letter in letters if letter.topic is not None]
        deliveries = [_recorded(letter, seals) for letter in letters if letter.topic is None]
        log.append_and_wait(records)
    if records:
        out.print(f"{len(records):>8}  records appended again")
    try:
        definition = definition_in_use(folder, config)
        secrets, schemes, urls = source_secrets(definition), schemes_of(definition), source_urls(definition)
        played = asyncio.run(play(deliveries, address(folder, to), secrets, schemes=schemes, urls=urls))
    except (BadDefinition, Unreachable) as bad:
        fail(str(bad))
    except OSError as missing:
        fail(f"{missing.filename}: {missing.strerror}")
    report(played)
    _tell(found, closed)


def _record(letter: DeadLetter, seals: _Seals, codec: Codec) -> Outgoing:
    value = open_letter(letter, seals.keys, seals.identity_key)
    try:
        event = codec.decode(value, FlowEvent)
        record_key = event.value_stream.encode()
    except BadRecord:
        record_key = letter.dead_letter_id.encode()
    return Outgoing(letter.topic or "", letter.partition or 0, record_key, value)


def _recorded(letter: DeadLetter, seals: _Seals) -> Recorded:
    delivery = opened(letter, seals.keys, seals.identity_key)
    return Recorded(
        tool=delivery.tool,
        source=delivery.source,
        headers=dict(delivery.headers),
        body_b64=base64.b64encode(delivery.body).decode(),
    )


def _chosen(found: Letters, which: list[str]) -> list[DeadLetter]:
    letters = found.whole
    if which == ["all"]:
        return letters
    chosen = [letter for letter in letters if any(letter.dead_letter_id.startswith(w) for w in which)]
    missing = [w for w in which if not any(letter.dead_letter_id.startswith(w) for letter in letters)]
    if missing:
        told = f"no dead letter begins with {', '.join(missing)}; `vsm dead-letters list` shows them"
        fail("\n".join([told, *_unread(found)]))
    return chosen


def _openable(letters: list[DeadLetter], seals: _Seals) -> tuple[list[DeadLetter], list[str]]:
    """Return the letters that can be opened, and in words why the others cannot."""
    good, closed = [], []
    for letter in letters:
        try:
            open_letter(letter, seals.keys, seals.identity_key)
        except BrokenSeal as broken:
            closed.append(f"NOT OPENED: {letter.dead_letter_id}: {broken}")
        else:
            good.append(letter)
    return good, closed


def _tell(found: Letters, closed: Sequence[str] = ()) -> None:
    """End with status 1 if the topic holds something that could not be read or opened."""
    if problems := [*_unread(found), *closed]:
        fail("\n".join(problems))


def _unread(found: Letters) -> list[str]:
    return [f"NOT READ: {line}" for line in found.unreadable]


def _key(data: Path) -> bytes:
    try:
        return load_identity_key(os.environ.get("VSM_IDENTITY_KEY", ""), data, may_make=False)
    except (ValueError, OSError) as bad:
        fail(f"cannot read the identity key: {bad}")


@contextmanager
def _opened(source: _Source) -> Iterator[tuple[Log, Codec]]:
    """Open the log and the codec; what goes wrong with either, or with a seal, ends the command with its words."""
    if not source.kafka and not DataDir(source.data).log.exists():
        fail(f"{source.data} holds no log: give the --data of a stack, or --kafka")
    try:
        codec = open_codec(source.registry or None)
        log = open_log(source.kafka or None, source.data, settings=read_kafka_settings(source.kafka_settings))
        try:
            yield log, codec
        finally:
            log.close()
    except (BadKafkaSettings, BrokenSeal, LogUnavailable, RecordRefused, RegistryRefused) as bad:
        fail(str(bad))
