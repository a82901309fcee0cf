"""Dead letters as people read them: whole, in either framing, and what cannot be read is said."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from schemas.codec import Codec
from schemas.dead_letter import PART_BYTES, DeadLetter, DeadLetterReason
from schemas.letter_keys import messages, seal_alone
from schemas.log import Consumer, Log, LogUnavailable, Outgoing, Record
from schemas.log_kafka import KafkaLog
from schemas.log_local import LocalLog
from schemas.registry import open_codec
from schemas.sealing import split
from schemas.topics import DEAD_LETTERS
from tests.builders.schema_registry import RegistryServer, schema_registry
from vsm.erasure.letters import read_letters

Assigned = Callable[[Sequence[tuple[str, int]]], None]


def letter(name: str, body: bytes = b"sealed") -> DeadLetter:
    """A dead letter of ingest."""
    return DeadLetter(
        dead_letter_id=name, stage="ingest", tool="github", source="acme", reason=DeadLetterReason.UNTRANSLATABLE,
        detail="", received_at=1, size_bytes=1, body_hash="00", body=body,
    )  # fmt: skip


def write(log: Log, values: Sequence[bytes | None]) -> None:
    """Append values to the topic."""
    log.append_and_wait([Outgoing(DEAD_LETTERS.name, 0, b"k", value) for value in values])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    """An empty log."""
    opened = LocalLog(tmp_path / "log")
    yield opened
    opened.close()


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    """A schema registry."""
    with schema_registry() as running:
        yield running


def test_letters_of_a_registry_are_read_with_it(log: LocalLog, registry: RegistryServer) -> None:
    """Letters in either framing are read by a codec that knows the registry."""
    codec = open_codec(registry.url)
    write(log, [codec.encode(letter("a")), Codec().encode(letter("b"))])

    found = read_letters(log, codec)

    assert (found.whole, found.unreadable) == ([letter("a"), letter("b")], [])


def test_what_cannot_be_read_is_said(log: LocalLog, registry: RegistryServer) -> None:
    """A letter of an unknown schema, bytes that are none and a letter with a missing part are told, each with why."""
    parts = split(letter("parts", random.Random(1).randbytes(PART_BYTES + 1)))
    write(log, [open_codec(registry.url).encode(letter("a")), b"junk", None, Codec().encode(parts[1])])

    found = read_letters(log, Codec())

    reasons = ["needs a registry and none is configured", "neither single-object encoding", "1 of its 2 parts"]
    assert (found.whole, [reason in line for reason, line in zip(reasons, found.unreadable, strict=True)]) == (
        [], [True, True, True],
    )  # fmt: skip


@pytest.mark.parametrize("configured", [True, False], ids=["with the registry", "without"])
def test_list_ends_badly_when_something_was_not_read(
    tmp_path: Path,
    log: LocalLog,
    registry: RegistryServer,
    configured: bool,  # noqa: FBT001 - a case
) -> None:
    """`vsm dead-letters list` shows what it can read; what it cannot is on stderr, and the status is 1."""
    write(log, [open_codec(registry.url).encode(letter("framed"))])

    done = subprocess.run(
        [sys.executable, "-m", "vsm", "dead-letters", "list", "--data", str(tmp_path)],
        env={**os.environ, "VSM_SCHEMA_REGISTRY": registry.url if configured else ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "framed" in done.stdout, "NOT READ" in done.stderr) == (
        (0, True, False) if configured else (1, False, True)
    )


class Hesitant(LocalLog):
    """Its consumers give nothing at first, as while a group is joined; or never."""

    def __init__(self, directory: Path, silent_polls: float) -> None:
        super().__init__(directory)
        self.silent_polls = silent_polls

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        assigned: Assigned | None = None,
        revoked: Assigned | None = None,
        from_start: bool = False,
    ) -> Consumer:
        """Return one that is silent at first."""
        consumer = super().consumer(group, topics, assigned=assigned, revoked=revoked, from_start=from_start)
        speaking, left = consumer.poll, self.silent_polls

        def poll(max_records: int, timeout_seconds: float) -> list[Record]:
            nonlocal left
            left -= 1
            return [] if left >= 0 else speaking(max_records, timeout_seconds)

        consumer.poll = poll  # type: ignore[method-assign]
        return consumer


def test_a_silence_is_no_end(tmp_path: Path) -> None:
    """A consumer that gives nothing for a while is waited for: letters are not left out for it."""
    log = Hesitant(tmp_path / "log", 5)
    write(log, [Codec().encode(letter("late"))])
    found = read_letters(log, Codec())
    log.close()

    assert found.whole == [letter("late")]


def test_an_end_that_never_comes_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that cannot be read to its end is told, never taken for empty."""
    monkeypatch.setattr("vsm.scanning._STALL_SECONDS", 0.0)
    log = Hesitant(tmp_path / "log", float("inf"))
    write(log, [Codec().encode(letter("never"))])
    with pytest.raises(LogUnavailable, match="could not be read to its end"):
        read_letters(log, Codec())
    log.close()


@pytest.mark.real
def test_letters_on_kafka(kafka: str) -> None:
    """On a real Kafka every letter is read, whatever the group takes to be joined."""
    log = KafkaLog(kafka)
    write(log, [Codec().encode(letter(f"kafka-{number}")) for number in range(20)])
    found = read_letters(log, Codec())
    log.close()

    assert {f"kafka-{number}" for number in range(20)} <= {one.dead_letter_id for one in found.whole}


def test_parts_under_two_keys_are_not_mixed(tmp_path: Path) -> None:
    """A delivery that came twice is one letter, of the parts of one of its copies: the one whose key is left."""
    log = LocalLog(tmp_path / "log")
    copies = [seal_alone(letter("twice"), random.Random(1).randbytes(PART_BYTES + 9), b"k" * 32) for _ in range(2)]
    first, second = (messages(copy) for copy in copies)
    for message in (first[1], second[0], second[1], second[2], first[2]):
        log.append_and_wait([Outgoing(message.topic, 0, message.key.encode(), Codec().encode(message.value))])
    found = read_letters(log, Codec())
    log.close()

    assert (found.unreadable, found.whole) == ([], [copies[1].letter])


def test_a_letter_that_was_deleted_is_none(tmp_path: Path) -> None:
    """After its tombstone it is neither whole nor missing; written again it is there."""
    log = LocalLog(tmp_path / "log")
    write(log, [Codec().encode(letter("gone"))])
    gone = Outgoing(DEAD_LETTERS.name, 0, b"gone", None)
    log.append_and_wait([gone])
    between = read_letters(log, Codec())
    write(log, [Codec().encode(letter("gone"))])
    after = read_letters(log, Codec())
    log.close()

    assert (between.whole, between.unreadable, len(after.whole)) == ([], [], 1)
