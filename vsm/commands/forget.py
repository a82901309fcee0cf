"""`vsm forget`: removes what is kept of a source, or of somebody, and says what it did."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from msgspec import Struct

from schemas.codec import Codec
from schemas.identity import pseudonym
from schemas.identity_key import load_identity_key
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import Log, LogTruncated, LogUnavailable, RecordRefused
from schemas.log_open import open_log
from schemas.registry import RegistryRefused, open_codec
from vsm.data_dir import DataDir, DataDirBusy
from vsm.erasure.forgetting import Forgetting, Found, NotObeyed, look_for_actor, look_for_source
from vsm.erasure.forgetting_letters import Doomed, destroy, of_account, of_source
from vsm.erasure.letters import Letters, read_letters
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, Registry, fail, out
from vsm.replay.replaying import forget_progress


class _Whom(Struct, frozen=True):
    """Of which tool what is forgotten: a source by its name, or an account by its id."""

    tool: str
    name: str
    is_source: bool

    def __str__(self) -> str:
        return f"source {self.tool}/{self.name}" if self.is_source else f"actor {self.tool}:{self.name}"


def forget(  # noqa: PLR0913 - a command has as many parameters as it has options
    source: Annotated[str, typer.Option("--source", help="TOOL/NAME, as in the value-stream file.")] = "",
    actor: Annotated[str, typer.Option("--actor", help="TOOL:ACCOUNT, the tool's own id of an account.")] = "",
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    kafka_settings: KafkaSettings = "",
    registry: Registry = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0.0, help="Seconds that readers of the log may take.")] = 120.0,
) -> None:
    """Remove what is kept of a source, or of an account: events, rows, dead letters. Safe to repeat.

    Example: `vsm forget --source github/acme --dry-run`

    Example: `vsm forget --actor jira:5b10a2844c20165700ede21g --yes`
    """
    whom = _whom(source, actor)
    folder = DataDir(data)
    if not kafka and not folder.log.exists():
        fail(f"{data} holds no log: give the --data of a stack, or --kafka")
    if not kafka and not dry_run and folder.running() is None:
        fail(f"no stack runs on {folder.root}: `vsm up --data {data}` first; what is kept is in its hands")
    identity_key = _key(data)
    try:
        codec = open_codec(registry or None)
        log = open_log(kafka or None, data, settings=read_kafka_settings(kafka_settings))
        try:
            with nullcontext() if kafka or dry_run else folder.rewriting():
                _forget(whom, _Tools(log, codec, identity_key, wait), folder, dry_run=dry_run, yes=yes)
        finally:
            log.close()
    except DataDirBusy as busy:
        fail(str(busy))
    except (BadKafkaSettings, LogTruncated, LogUnavailable, NotObeyed, RecordRefused, RegistryRefused) as bad:
        fail(f"{bad}\nnothing is lost by asking again: what was begun is finished then")


class _Tools(Struct, frozen=True):
    log: Log
    codec: Codec
    identity_key: bytes
    seconds: float


def _forget(whom: _Whom, tools: _Tools, folder: DataDir, *, dry_run: bool, yes: bool) -> None:
    log, codec, now = tools.log, tools.codec, time.time_ns() // 1_000
    letters = read_letters(log, codec)
    if whom.is_source:
        found = look_for_source(log, codec, whom.tool, whom.name, now)
        doomed = of_source(letters, whom.tool, whom.name)
    else:
        hashed = pseudonym(tools.identity_key, whom.tool, whom.name)
        found = look_for_actor(log, codec, whom.tool, hashed, now)
        doomed = of_account(letters, codec, whom.tool, whom.name, tools.identity_key)
    _tell(whom, found, doomed, letters)
    if whom.is_source and _still_configured(whom, folder):
        out.print(f"{whom} stands in the value-stream file still: what it sends from now on is kept", soft_wrap=True)
    if dry_run:
        return
    work = Forgetting(log, codec, now=now, seconds=tools.seconds, say=lambda line: out.print(line, soft_wrap=True))
    if not (found.orders or found.unfinished or doomed.letters or doomed.keys or letters.tombstones):
        work.scrub()  # an earlier run may have been stopped right before it
        return
    _ask(whom, yes=yes)
    work.facts(found)
    destroy(log, doomed, letters, work, lambda line: out.print(line, soft_wrap=True))
    work.scrub()
    if not work.has_sink():
        out.print("no ClickHouse sink reads this log: tables, if there are any, were not touched", soft_wrap=True)
    forget_progress(folder.root / "replays")
    out.print(f"{whom} is forgotten", soft_wrap=True)


def _tell(whom: _Whom, found: Found, doomed: Doomed, letters: Letters) -> None:
    """Say what was found."""
    facts = sum(found.facts.values())
    out.print(f"{whom}: {facts} facts in {found.copies} records, {len(doomed.letters)} dead letters", soft_wrap=True)
    for stream, count in sorted(found.facts.items()):
        out.print(f"{count:>8}  of {stream}")
    for letter in doomed.letters:
        kind = f"{letter.tool}/{letter.source} {letter.event_type}"
        out.print(f"          dead letter {letter.dead_letter_id[:12]}  {kind}", soft_wrap=True)
    if found.unfinished or letters.tombstones:
        out.print("          and what an earlier run has not finished")
    nameless = sum(not letter.tool for letter in letters.whole)
    if whom.is_source and nameless:
        out.print(f"{nameless} dead letters are records of which nobody knows the source; they stay", soft_wrap=True)
    if doomed.closed:
        out.print(f"{doomed.closed} dead letters cannot be opened, so nobody knows whom they name", soft_wrap=True)
    if letters.unreadable:
        out.print(f"{len(letters.unreadable)} dead letters are not whole; `vsm dead-letters list` names them")


def _ask(whom: _Whom, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        fail("nobody can be asked here: say --yes, or --dry-run", status=2)
    if not typer.confirm(f"Remove all this of {whom} for ever?"):
        fail("nothing was removed")


def _whom(source: str, actor: str) -> _Whom:
    if bool(source) == bool(actor):
        _wrong("give either --source TOOL/NAME or --actor TOOL:ACCOUNT")
    tool, mark, name = source.partition("/") if source else actor.partition(":")
    if not (tool and mark and name):
        _wrong("a source is TOOL/NAME (github/acme), an actor TOOL:ACCOUNT (github:583231)")
    return _Whom(tool, name, bool(source))


def _wrong(why: str) -> NoReturn:
    fail(why, status=2)


def _still_configured(whom: _Whom, folder: DataDir) -> bool:
    try:
        sources = definition_in_use(folder).sources
    except (ValueError, OSError):
        return False
    return any((each.tool, each.name) == (whom.tool, whom.name) for each in sources)


def _key(data: Path) -> bytes:
    try:
        return load_identity_key(os.environ.get("VSM_IDENTITY_KEY", ""), data, may_make=False)
    except (ValueError, OSError) as bad:
        fail(f"cannot read the identity key: {bad}")
