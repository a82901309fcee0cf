"""What `vsm forget` does to the log, whatever interrupts it, and how it refuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from schemas import topics
from schemas.codec import Codec
from schemas.event import FlowEvent
from schemas.forgetting import FORGETS, ORDERS, leave_fact
from schemas.log import Log, LogUnavailable, Outgoing
from schemas.log_local import LocalLog
from schemas.sealing import seal
from tests.builders.derived_rows import fact, letter
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.erasure.forgetting import EVENTS, Forgetting, NotObeyed, look_for_actor, look_for_source
from vsm.erasure.forgetting_letters import destroy, mentions, of_source
from vsm.erasure.letters import read_letters
from vsm.scanning import scanned

CODEC = Codec()
GROUPS = ("vsm-processors", "vsm-sink-clickhouse")


def mine(event: str, **fields: object) -> FlowEvent:
    """A fact that GitHub told."""
    return replace(fact(event), **{"tool": "github", "source": "acme", **fields})


def others(event: str, **fields: object) -> FlowEvent:
    """A fact that Jira told."""
    return mine(event, tool="jira", **fields)


class Obedient(threading.Thread):
    """Commits whatever is appended, as processors and sinks do that have nothing else to do."""

    def __init__(self, log: Log) -> None:
        super().__init__(daemon=True)
        self._log = log
        self._enough = threading.Event()

    def run(self) -> None:
        """Read and commit."""
        known = [topic.name for topic in topics.TOPICS if topic not in (topics.STATE, topics.LETTER_KEYS)]
        members = [self._log.consumer(group, known) for group in GROUPS]
        while not self._enough.is_set():
            for member in members:
                records = member.poll(100, 0.02)
                member.commit([(r.topic, r.partition, r.offset + 1) for r in records])
        for member in members:
            member.close()

    def end(self) -> None:
        """Stop."""
        self._enough.set()
        self.join(10)


class Interrupted(LocalLog):
    """A log that goes away when the first records are to be deleted."""

    broken = True

    def delete_before(self, topic: str, offsets: Sequence[int]) -> None:
        """Delete, but not at the first time."""
        if self.broken:
            self.broken = False
            raise LogUnavailable("told to be away")
        super().delete_before(topic, offsets)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Interrupted]:
    """A log with facts of two sources, one fact told by both, and processors and sinks that have read it."""
    log = Interrupted(tmp_path / "log", 2)
    log.broken = False
    put(log, mine("e1", actor="hash"), others("e2", actor="another"), mine("both"))
    put(log, others("both", received_at=9), mine("e3", value_stream="another"))
    yield log
    log.close()


@pytest.fixture
def obeyed(log: Interrupted) -> Iterator[Interrupted]:
    """The log with somebody who reads it."""
    reading = Obedient(log)
    reading.start()
    yield log
    reading.end()


def put(log: Log, *events: FlowEvent) -> None:
    """Append events to their streams."""
    log.append_and_wait(
        [
            Outgoing(
                EVENTS, topics.partition_of(e.value_stream, log.partitions(EVENTS)), e.value_stream.encode(),
                CODEC.encode(e),
            )
            for e in events
        ]
    )  # fmt: skip


def held(log: Log) -> list[tuple[str, str]]:
    """Return (event id, tool) of every record, sorted; an order's is its type."""
    events = [CODEC.decode(record.value, FlowEvent) for record in scanned(log, EVENTS)]
    return sorted((e.type if e.type in ORDERS else e.event_id, e.tool) for e in events)


def forget(log: Log, seconds: float = 10.0) -> list[str]:
    """Forget the source of GitHub; return what was said."""
    said: list[str] = []
    work = Forgetting(log, CODEC, now=1, seconds=seconds, say=said.append)
    work.facts(look_for_source(log, CODEC, "github", "acme", 1))
    work.scrub()
    return said


def test_only_the_others_facts_are_left(obeyed: Interrupted) -> None:
    """Of a fact that two sources told, the other one's copy; no order stays."""
    forget(obeyed)

    assert held(obeyed) == [("both", "jira"), ("e2", "jira")]


def test_what_a_stream_left_stays_left(obeyed: Interrupted) -> None:
    """The order by which a stream left another's fact stays with it; that of a forgotten one goes."""
    put(obeyed, leave_fact(others("e2"), 3), leave_fact(mine("e1"), 3), leave_fact(mine("both"), 3))
    forget(obeyed)

    assert held(obeyed) == [("both", "jira"), ("e2", "jira"), ("fact.rerouted", "jira")]


def test_what_is_found_is_counted_by_stream(log: Interrupted) -> None:
    """Facts once, however often they came."""
    put(log, mine("e1", received_at=5))
    found = look_for_source(log, CODEC, "github", "acme", 1)

    assert (found.facts, found.copies) == ({"checkout": 2, "another": 1}, 4)


def test_each_subject_of_an_event_id_gets_its_order(log: Interrupted) -> None:
    """State is kept by subject: one order would leave the other subject's fact there."""
    put(log, mine("e1", subject_id="change:github.com/acme/app/2"))
    found = look_for_source(log, CODEC, "github", "acme", 1)

    told = [order.subject_id for order in found.orders if order.attributes[FORGETS] == "e1"]
    assert told == ["change:github.com/acme/app/1", "change:github.com/acme/app/2"]


def test_what_was_interrupted_is_finished_by_asking_again(obeyed: Interrupted) -> None:
    """The log goes away between copying and deleting: copies stay behind once, nothing forgotten comes back."""
    obeyed.broken = True
    with pytest.raises(LogUnavailable):
        forget(obeyed)
    between = held(obeyed)
    forget(obeyed)

    assert (("fact.forgotten", "github") in between, set(held(obeyed))) == (True, {("both", "jira"), ("e2", "jira")})


def forget_letters(log: Log, seconds: float) -> None:
    """Destroy the letters of GitHub's source."""
    found = read_letters(log, CODEC)
    work = Forgetting(log, CODEC, now=1, seconds=seconds, say=lambda _: None)
    destroy(log, of_source(found, "github", "acme"), found, work, lambda _: None)


def test_letters_whose_deletion_was_interrupted_are_gone_after_asking_again(
    obeyed: Interrupted, tmp_path: Path
) -> None:
    """One of an older release, under no key of its own, is in no file after the second time."""
    old = replace(letter("ancient"), tool="github", source="acme", body=seal(b"of old", b"o" * 32))
    obeyed.append_and_wait([Outgoing(topics.DEAD_LETTERS.name, 0, b"ancient", CODEC.encode(old))])
    obeyed.broken = True
    with pytest.raises(LogUnavailable):
        forget_letters(obeyed, 10)
    forget_letters(obeyed, 10)

    files = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert (old.body in files, list(scanned(obeyed, topics.DEAD_LETTERS.name))) == (False, [])


def test_what_comes_after_the_order_is_new(obeyed: Interrupted) -> None:
    """A source that sends on after an interrupted removal keeps what it sent since."""
    obeyed.broken = True
    with pytest.raises(LogUnavailable):
        forget(obeyed)
    put(obeyed, mine("e1", received_at=7))
    Forgetting(obeyed, CODEC, now=1, seconds=10, say=lambda _: None).facts(
        look_for_source(obeyed, CODEC, "jira", "nobody", 1)
    )

    assert set(held(obeyed)) == {("both", "jira"), ("e2", "jira"), ("e1", "github")}


def test_nothing_is_deleted_while_nobody_obeys(log: Interrupted) -> None:
    """It is said who does not read, and every fact is still there."""
    before = held(log)
    with pytest.raises(NotObeyed, match="the processors have not read"):
        forget(log, seconds=0.1)

    assert [one for one in held(log) if one[0] not in ORDERS] == before


def test_an_actors_events_stay_without_him(obeyed: Interrupted) -> None:
    """What others did is theirs as before."""
    found = look_for_actor(obeyed, CODEC, "github", "hash", 1)
    Forgetting(obeyed, CODEC, now=1, seconds=10, say=lambda _: None).facts(found)

    events = [CODEC.decode(record.value, FlowEvent) for record in scanned(obeyed, EVENTS)]
    assert sorted((e.event_id, e.tool, e.actor) for e in events if e.event_id in {"e1", "e2"}) == [
        ("e1", "github", None), ("e2", "jira", "another"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "held_in_it"),
    [
        (b'{"sender": {"id": 583231}}', True),
        (b'{"ids": ["583231"]}', True),
        (b'{"583231": true}', True),
        (b'{"id": 5832310, "text": "a 583231 b"}', False),
        (b"user=583231&x=1", True),
        (b"user=5832311", False),
        (b"[" * 100_000, False),
    ],
)
def test_an_account_is_found_whole(body: bytes, held_in_it: bool) -> None:  # noqa: FBT001
    """As a string, a number or a name of JSON; in anything else as a word."""
    assert mentions(body, "583231") is held_in_it


@pytest.mark.parametrize(
    "arguments",
    [[], ["--source", "github"], ["--actor", "github"], ["--source", "github/acme", "--actor", "github:1"]],
)
@pytest.mark.usefixtures("log")
def test_whom_to_forget_must_be_said(arguments: list[str], tmp_path: Path) -> None:
    """One of the two, in its form; else it is wrong use."""
    assert CliRunner().invoke(app, ["forget", *arguments, "--data", str(tmp_path)]).exit_code == 2


def test_a_stack_must_run(log: Interrupted, tmp_path: Path) -> None:
    """Nobody would obey: nothing is begun."""
    before = held(log)
    done = CliRunner().invoke(app, ["forget", "--source", "github/acme", "--yes", "--data", str(tmp_path)])

    assert (done.exit_code, held(log)) == (1, before)


def test_it_is_said_that_no_sink_has_obeyed(log: Interrupted, tmp_path: Path) -> None:
    """Whoever has tables must know that they hold the rows still."""
    DataDir(tmp_path).make()
    DataDir(tmp_path).announce(tmp_path / "value-streams.yaml", {}, "")
    sent = letter("l1", tool="github", source="planted")
    log.append_and_wait([Outgoing(topics.DEAD_LETTERS.name, 0, b"l1", CODEC.encode(sent))])
    done = CliRunner().invoke(app, ["forget", "--source", "github/planted", "--yes", "--data", str(tmp_path)])

    assert (done.exit_code, "no ClickHouse sink reads this log" in done.output) == (0, True)


def test_a_second_one_at_the_same_time_is_refused(log: Interrupted, tmp_path: Path) -> None:
    """Two would bring back what one of them removes."""
    folder = DataDir(tmp_path)
    folder.make()
    folder.announce(tmp_path / "value-streams.yaml", {}, "")
    before = held(log)
    with folder.rewriting():
        done = CliRunner().invoke(app, ["forget", "--source", "github/acme", "--yes", "--data", str(tmp_path)])

    assert (done.exit_code, "another `vsm forget`" in done.output, held(log)) == (1, True, before)


def test_off_a_terminal_it_must_be_confirmed_beforehand(log: Interrupted, tmp_path: Path) -> None:
    """Nobody can be asked there; nothing is removed."""
    DataDir(tmp_path).make()
    DataDir(tmp_path).announce(tmp_path / "value-streams.yaml", {}, "")
    before = held(log)
    done = CliRunner().invoke(app, ["forget", "--source", "github/acme", "--data", str(tmp_path)])

    assert (done.exit_code, held(log)) == (2, before)


@pytest.mark.usefixtures("log")
def test_of_an_unknown_source_nothing_is_kept(tmp_path: Path) -> None:
    """That is said, and is no failure."""
    DataDir(tmp_path).make()
    DataDir(tmp_path).announce(tmp_path / "value-streams.yaml", {}, "")
    done = CliRunner().invoke(app, ["forget", "--source", "github/nobody", "--data", str(tmp_path)])

    assert (done.exit_code, "0 facts" in done.output) == (0, True)


def test_replaced_records_are_taken_away_where_nothing_is_found(log: Interrupted, tmp_path: Path) -> None:
    """A run that was stopped right before it had taken everything else away."""
    DataDir(tmp_path).make()
    DataDir(tmp_path).announce(tmp_path / "value-streams.yaml", {}, "")
    for value in (b"planted-seal", None):
        log.append_and_wait([Outgoing(topics.LETTER_KEYS.name, 0, b"k", value)])
    CliRunner().invoke(app, ["forget", "--source", "github/nobody", "--data", str(tmp_path)])

    assert b"planted-seal" not in b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
