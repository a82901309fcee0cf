"""Logs in XES: what they become, and what becomes of dirty ones."""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest

from ingest.importers.activities import BadLog, LeftOut, Outline, steps_yaml
from ingest.importers.xes import Keys, facts
from ingest.importers.xml_pieces import pieces
from ingest.imports import Imported, imported
from schemas.definition_file import parse
from schemas.identity import short_digest
from tests.builders.event_logs import named, trace, xes

SIGN = named("Sign", "2026-01-02T08:00:00Z")


def read(log: bytes, left_out: LeftOut | None = None, piece: int = 7, **keys: str) -> list[dict[str, object]]:
    """Return the facts of a log that is read in small pieces."""
    cut = (log[at : at + piece] for at in range(0, len(log), piece))
    return list(itertools.chain.from_iterable(facts(cut, Keys(**keys), left_out or LeftOut())))


def short(found: list[dict[str, object]]) -> list[tuple[object, object, object]]:
    """Return type, subject and time of facts."""
    return [(f["type"], f["subject_id"], f["occurred_at"]) for f in found]


def test_every_event_of_a_trace_is_a_fact_of_its_case() -> None:
    """The lifecycle in any case says which; none is an end; a zone is heeded."""
    log = xes(
        trace(
            "7",
            named("Sign", "2026-01-02T07:00:00Z", "schedule"),
            named("Sign", "2026-01-02T09:00:00+01:00", "START"),
            named("Sign", "2026-01-02T08:10:00Z", "suspend"),
            named("Sign", "2026-01-02T08:20:00Z", "resume"),
            named("Sign", "2026-01-02T08:30:00.500Z", "COMPLETE"),
            named("Send", "2026-01-03T08:00:00Z"),
        )
    )
    assert short(read(log)) == [
        ("activity.queued", "activity:7", "2026-01-02T07:00:00+00:00"),
        ("activity.started", "activity:7", "2026-01-02T08:00:00+00:00"),
        ("activity.suspended", "activity:7", "2026-01-02T08:10:00+00:00"),
        ("activity.resumed", "activity:7", "2026-01-02T08:20:00+00:00"),
        ("activity.finished", "activity:7", "2026-01-02T08:30:00.500000+00:00"),
        ("activity.finished", "activity:7", "2026-01-03T08:00:00+00:00"),
    ]


def test_an_aborted_activity_is_finished_and_cancelled() -> None:
    """Withdrawn, or aborted by whatever."""
    log = xes(trace("7", named("Sign", "2026-01-02T08:00:00Z", "ate_abort"), SIGN))
    assert [f.get("outcome") for f in read(log)] == ["cancelled", None]


def test_a_zone_is_taken_for_times_that_name_none() -> None:
    """08:00 in Berlin's winter is 07:00 UTC."""
    log = xes(trace("7", named("Sign", "2026-01-02T08:00:00.000")))
    assert short(read(log, zone="Europe/Berlin"))[0][2] == "2026-01-02T07:00:00+00:00"


def test_what_is_nested_and_what_is_global_is_of_no_event() -> None:
    """An attribute inside an attribute, a list's values, an attribute of the log, a global."""
    event = (
        '<event><string key="concept:name" value="Sign"><string key="concept:name" value="nested"/>'
        '<date key="time:timestamp" value="never"/></string>'
        '<list key="x"><values><string key="concept:name" value="of a list"/></values></list>'
        '<date key="time:timestamp" value="2026-01-02T08:00:00Z"/></event>'
    )
    log = xes(
        '<string key="concept:name" value="the log"/>',
        f'<trace><string key="note" value="x"><string key="concept:name" value="nested"/></string>'
        f'<string key="concept:name" value="7"/>{event}</trace>',
    )
    assert [(f["subject_id"], f["attributes"]) for f in read(log)] == [("activity:7", {"activity": "Sign"})]


def test_what_cannot_be_read_as_a_fact_is_left_out_and_counted() -> None:
    """No time, no activity, no case, no trace, no boundary: with the line of the first."""
    left_out = LeftOut()
    log = xes(
        trace("7", [("string", "concept:name", "Sign")], named("", "2026-01-02T08:00:00Z"), SIGN),
        trace("", SIGN),
        '<event><string key="concept:name" value="Sign"/></event>\n',
        trace("8", named("Sign", "2026-01-02T08:00:00Z", "assign"), named("Sign", "2026-01-02T08:00:00Z", "assign")),
    )
    found = read(log, left_out)
    assert (len(found), left_out.found) == (
        1,
        {
            "events without time:timestamp": (1, 9),
            "events without concept:name": (1, 10),
            "traces without concept:name": (1, 13),
            "events outside a trace": (1, 16),
            "events whose lifecycle:transition is 'assign': neither a start nor an end": (2, 18),
        },
    )


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (xes(trace("7", named("Sign", "yesterday"))), "line 9: time:timestamp: 'yesterday' is no ISO 8601 time"),
        (xes(trace("7", named("Sign", "0001-01-01T00:00:00+14:00"))), "line 9: time:timestamp: .* is no ISO 8601 time"),
        (b"<log>\n<trace>\n</log>", "line 3: no well-formed XML .mismatched tag."),
        (xes(trace("7", SIGN))[:-30], "line 9: no well-formed XML .unclosed token."),
        (b"", "line 1: no well-formed XML .no element found."),
        (b"case;activity\n7;Sign\n", "line 1: no well-formed XML"),
        (b"<ocel/>", "line 1: <ocel> is no XES log, which begins with <log>"),
        (b'<?xml version="1.0" encoding="klingon"?><log/>', "line 1: "),
        (b"<log>" + b"<a>" * 100, "line 1: <a> is nested deeper than 64 elements"),
    ],
)
def test_a_log_that_cannot_be_read_is_told_by_its_line(log: bytes, message: str) -> None:
    """Where, what, and why."""
    with pytest.raises(BadLog, match=message):
        read(log)


@pytest.mark.parametrize(
    "kind",
    [
        '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE log SYSTEM "http://localhost:1/log.dtd">',
    ],
)
def test_no_entity_is_ever_defined(kind: str) -> None:
    """Neither a bomb nor a file nor an address: a document type is refused before it is read."""
    with pytest.raises(BadLog, match=r"line 2: a document type .* is not read"):
        read(f'<?xml version="1.0"?>\n{kind}\n<log/>'.encode())


def test_a_tag_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    """Sixteen megabytes of one tag are enough."""
    endless = itertools.chain([b"<log a='"], itertools.repeat(b"a" * (1 << 20), 4_000))
    with pytest.raises(BadLog, match="a tag or text of more than 16 MiB is not read"):
        list(facts(endless, Keys(), LeftOut()))


@pytest.mark.parametrize(
    ("case", "uri"),
    [
        ("7", "activity:7"),
        ("A 12/3 of\t2026", "activity:A%2012%2F3%20of%092026"),
        ("50%", "activity:50%25"),
        ("Ärger", "activity:Ärger"),
        ("planted@people.invalid", f"activity:{short_digest('planted@people.invalid')}"),
    ],
)
def test_a_case_is_a_uri_whatever_it_is_called(case: str, uri: str) -> None:
    """Blanks and slashes are escaped; a mail address is a digest."""
    assert read(xes(trace(case, SIGN)))[0]["subject_id"] == uri


def test_a_case_of_any_length_comes_in() -> None:
    """A longer uri than the log's keys hold is a digest, and two of them are two."""
    found = read(xes(trace("x" * 5_000, SIGN), trace("x" * 5_001, SIGN)))
    assert (len({f["subject_id"] for f in found}), max(len(str(f["subject_id"])) for f in found) < 50) == (2, True)


def test_the_order_of_the_file_changes_nothing() -> None:
    """Traces and events shuffled: the same facts, each with the same place among those of its case."""
    chance = random.Random(7)
    cases = {
        str(case): [named(f"Step {step}", f"2026-01-02T{step:02}:00:00Z", "start") for step in range(12)]
        for case in range(9)
    }
    shuffled = {case: chance.sample(events, 12) for case, events in chance.sample(list(cases.items()), 9)}
    logs = [xes(*(trace(case, *events) for case, events in log.items())) for log in (cases, shuffled)]
    seen = [sorted(map(repr, read(log))) for log in logs]
    assert (logs[0] != logs[1], seen[0]) == (True, seen[1])


def test_of_one_time_the_log_tells_the_order() -> None:
    """A log that knows only days."""
    log = xes(trace("7", *(named(name, "2026-01-02") for name in "CAB")))
    assert [(f["attributes"], f["order"]) for f in read(log)] == [
        ({"activity": "C"}, 1), ({"activity": "A"}, 2), ({"activity": "B"}, 3),
    ]  # fmt: skip


def test_equal_events_are_told_apart() -> None:
    """Two equal events are two facts, the same two at every import."""
    found = [event_ids(xes(trace("7", SIGN, SIGN, named("Send", "2026-01-02T08:00:00Z")))) for _ in range(2)]
    assert (len(set(found[0])), found[0]) == (3, found[1])


def test_a_resource_is_hashed_and_not_kept() -> None:
    """Who did it is an account; what comes out of the ingester holds the hash alone."""
    found = read(xes(trace("7", named("Sign", "2026-01-02T08:00:00Z", resource="Planted Alder"))))
    events = imported("claims", encode(found), 1, lambda tool, name: f"{tool}-{len(name)}", 10)
    assert isinstance(events, tuple)
    assert (events[0].actor, "Planted" in repr(events)) == ("import-13", False)


def test_the_steps_of_a_log_are_in_the_order_of_its_cases() -> None:
    """What cases begin with comes first, with the rules that the log has facts for."""
    outline = Outline()
    log = xes(
        trace("1", named("B", "2026-01-02", "schedule"), named("C", "2026-01-03")),
        trace("2", named("A", "2026-01-02", "start"), named("B", "2026-01-03"), named("C", "2026-01-04", "suspend")),
    )
    for case in facts([log], Keys(), LeftOut()):
        outline.add(case)
    text = "version: 1\nvalue_streams:\n  - name: a\n    select: ['*']\n"
    steps = parse(text + steps_yaml(outline.activities(), outline.kinds)).value_streams[0].steps
    assert ([step.name for step in steps], steps[0].queue is not None, steps[0].blocked is not None) == (
        ["A", "B", "C"], True, True,
    )  # fmt: skip


def test_a_large_log_is_read_in_flat_memory() -> None:
    """Three megabytes of traces take a tenth of that."""
    tracemalloc.start()
    try:
        count = sum(len(case) for case in facts(large(), Keys(), LeftOut()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count, peak < 300_000) == (15_000, True), peak


def test_blanks_between_elements_do_not_gather() -> None:
    """Two megabytes of them, between traces that are read as they come, take a tenth of that."""
    blanks = b"\n" + b" " * 999
    tracemalloc.start()
    try:
        log = itertools.chain([b"<log>"], itertools.repeat(blanks + b"<trace/>", 2_000), [b"</log>"])
        count = sum(piece.begins for piece in pieces(log))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count, peak < 200_000) == (2_001, True), peak


def large() -> Iterator[bytes]:
    """Yield a log of 500 traces of 30 events each."""
    yield b"<log>"
    events = [named(f"Step {step}", f"2026-01-02T08:00:{step:02}Z", "complete", "planted") for step in range(30)]
    for case in range(500):
        yield trace(f"case {case}", *events).encode()
    yield b"</log>"


def encode(found: list[dict[str, object]]) -> bytes:
    """Return facts as they are posted."""
    assert msgspec.convert(found, list[Imported])
    return msgspec.json.encode(found)


def event_ids(log: bytes) -> list[str]:
    """Return the ids that the ingester gives a log's events."""
    events = imported("claims", encode(read(log)), 1, lambda tool, name: tool + name, 10)
    assert isinstance(events, tuple)
    return [event.event_id for event in events]
