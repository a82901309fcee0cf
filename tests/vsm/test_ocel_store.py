"""Logs in OCEL 2.0: the same facts whatever they are written in."""

from __future__ import annotations

import gzip
import random
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.importers import json_pieces
from ingest.importers.activities import BadLog, LeftOut
from schemas.definition_file import parse
from tests.builders.event_logs import OBJECTS, ORDERS, Event, named, ocel_json, ocel_sqlite, ocel_xml, trace, xes
from vsm.cli import app
from vsm.event_logs import chunks, ocel_rows
from vsm.ocel_store import OcelStore

Facts = list[dict[str, object]]


def read(file: Path, case_type: str | None = "order", left_out: LeftOut | None = None, *people: str) -> Facts:
    """Return the facts of the cases of a log."""
    left_out = left_out or LeftOut()
    with OcelStore(UTC) as store:
        for row in ocel_rows(file):
            store.add(row, left_out)
        cases = store.case_type(case_type)
        total = store.events(cases, left_out)
        facts = [fact for case in store.cases(cases, people) for fact in case]
    assert len(facts) == total
    return facts


@pytest.fixture(params=["json", "xml", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the orders in each of the formats."""
    file = tmp_path / "log"
    if request.param == "sqlite":
        ocel_sqlite(file)
    else:
        file.write_bytes(ocel_json() if request.param == "json" else ocel_xml())
    return file


def written(folder: Path, log: bytes) -> Path:
    """Write a log and return where."""
    file = folder / "log.json"
    file.write_bytes(log)
    return file


def test_an_object_of_the_case_type_is_a_case(log: Path) -> None:
    """Its events are its facts, in the order of their times, with the lifecycle that they tell."""
    assert [(f["type"], f["subject_id"], f["occurred_at"], f["attributes"]) for f in read(log)] == [
        ("activity.finished", "activity:o1", "2026-01-01T08:00:00+00:00", {"activity": "Place"}),
        ("activity.started", "activity:o1", "2026-01-01T09:00:00+00:00", {"activity": "Pick"}),
        ("activity.finished", "activity:o1", "2026-01-01T09:30:00.250000+00:00", {"activity": "Pick"}),
        ("activity.finished", "activity:o2", "2026-01-02T08:00:00+00:00", {"activity": "Place"}),
    ]


def test_other_objects_are_links_and_people_are_none(log: Path) -> None:
    """An id that could name somebody is a digest; who acts is an account, who is served is left out."""
    facts = read(log)
    links = [link for f in facts if isinstance(f.get("links"), list) for link in f["links"]]  # type: ignore[attr-defined]
    assert (
        [f.get("actor_account") for f in facts],
        {link["kind"] for link in links},
        links[-1]["uri"],
        "Birch" in repr(facts),
        len(links),
    ) == (["planted-alder", "planted-ash", None, None], {"relates_to"}, "object:item/3", False, 6)


def test_any_object_may_be_the_case(log: Path) -> None:
    """An event that is related to two items is a fact of both, each with the other as a link."""
    picked = [f for f in read(log, "item") if f["type"] == "activity.started"]
    assert [(f["subject_id"], len(f["links"])) for f in picked] == [("activity:i1", 2), ("activity:i2", 2)]  # type: ignore[arg-type]


def test_a_case_that_is_a_person_is_a_digest(log: Path) -> None:
    """By the type's name, or because it is said."""
    told = [f["subject_id"] for f in read(log, "customer") + read(log, "order", None, "order")]
    assert (len(set(told)), "Birch" in repr(told), "activity:o1" in told) == (3, False, False)


def test_without_a_case_type_all_types_are_told(log: Path) -> None:
    """With how many objects each has."""
    told = r"which objects are the cases\? Say --case-type with one of these: item \(3\), order \(2\), "
    with pytest.raises(BadLog, match=told):
        read(log, None)


def test_a_type_that_is_not_there_is_told(log: Path) -> None:
    """The same."""
    with pytest.raises(BadLog, match=r"there are no objects of type 'parcel'. Say --case-type with one of these: item"):
        read(log, "parcel")


def test_the_only_type_is_the_case(tmp_path: Path) -> None:
    """There is nothing to ask."""
    file = written(tmp_path, ocel_json(ORDERS[3:], {"o2": "order"}))
    assert [f["subject_id"] for f in read(file, None)] == ["activity:o2"]


def test_the_order_of_the_file_changes_nothing(tmp_path: Path) -> None:
    """Events and objects shuffled, objects before or after events, ids in any order."""
    chance = random.Random(5)
    events = chance.sample(list(ORDERS), len(ORDERS))
    objects = dict(chance.sample(list(OBJECTS.items()), len(OBJECTS)))
    turned: list[Event] = [(*event[:4], tuple(reversed(event[4]))) for event in events]
    seen = [
        read(written(tmp_path, log)) for log in (ocel_json(), ocel_json(turned, objects), ocel_xml(turned, objects))
    ]
    assert (seen[1], seen[2]) == (seen[0], seen[0])


def test_of_one_time_a_place_that_is_told_is_heeded(tmp_path: Path) -> None:
    """`vsm:order`, as an export writes it."""
    events = [(name, name, "2026-01-01", {"vsm:order": place}, ("o1",)) for name, place in (("a", "12"), ("b", "2"))]
    told = [f["attributes"] for f in read(written(tmp_path, ocel_json(events)))]
    assert told == [{"activity": "b"}, {"activity": "a"}]


def test_what_belongs_to_no_case_is_counted(tmp_path: Path) -> None:
    """Events of other objects alone, relations that lead nowhere, words of a lifecycle that are no boundary."""
    events = [
        *ORDERS,
        ("e5", "Wait", "2026-01-01T08:00:00Z", {}, ("i1", "nothing")),
        ("e6", "Wait", "2026-01-01T08:00:00Z", {"lifecycle": "assign"}, ("o1",)),
        ("e7", "Wait", "", {}, ("o1",)),
    ]
    left_out = LeftOut()
    read(written(tmp_path, ocel_json(events)), "order", left_out)
    assert {what: count for what, (count, _) in left_out.found.items()} == {
        "events without an object of type 'order'": 1,
        "relations to objects that the log does not hold": 1,
        "events whose lifecycle is 'assign': neither a start nor an end": 1,
        "events without a time": 1,
    }


BAD: Event = ("e9", "Place", "yesterday", {}, ("o1",))


def far(digits: int) -> Event:
    """Return an event whose place has so many digits."""
    return "e9", "Place", "2026-01-01T08:00:00Z", {"vsm:order": "9" * digits}, ("o1",)


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (ocel_json([BAD]), "line 27: event 'e9': 'yesterday' is no ISO 8601 time"),
        (ocel_xml([BAD]), "line 18: event 'e9': 'yesterday' is no ISO 8601 time"),
        (ocel_json([far(20)]), "line 27: event 'e9': a vsm:order of more than 18 digits is not read"),
        (ocel_xml([far(5_000)]), "line .*: event 'e9': a vsm:order of more than 18 digits is not read"),
        (ocel_json([*ORDERS, ORDERS[0]]), "line .*: there are two events of the id 'e1': an id is unique in a log"),
        (b'{"events": [\n{"id": "e1", "type": "Place"}]}', "line 2: events: Object missing required field `time`"),
        (b'{"events": [\n{"id": "e1",\n "type": x}]}', "line 3: no well-formed JSON .Expecting value."),
        (ocel_json()[:-2000], "line .*: no well-formed JSON"),
        (b'{"events": [{"id": "\xff"}]}', "line 1 or later: no UTF-8; save the file as UTF-8"),
        (b'{"events": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "something nested too deep"),
        (b'{"ocel:events": {"e1": {}}}', "there is no event under 'events'"),
        (b"<log>\n<events><event id='e1' type='Place'/></events></log>", "line 2: <event> has no time"),
        (b"<!DOCTYPE log [<!ENTITY a 'aa'>]><log/>", "line 1: a document type"),
        (b"<ocel/>", "line 1: <ocel> is no OCEL log"),
        (b"SQLite format 3\0 and then nothing of it", "no log in OCEL 2.0 SQLite can be read: "),
        (b"case,activity", "no OCEL log begins like this: it is JSON, XML or a SQLite database"),
        (b"\x1f\x8b\x08\x00broken", "the archive is broken"),
    ],
)
def test_a_log_that_cannot_be_read_is_told_by_its_line(tmp_path: Path, log: bytes, message: str) -> None:
    """Where, what, and what to do."""
    with pytest.raises(BadLog, match=message):
        read(written(tmp_path, log))


def test_another_database_is_told_what_it_lacks(tmp_path: Path) -> None:
    """The tables of OCEL 2.0, by name; a view stands for none of them."""
    with sqlite3.connect(tmp_path / "log") as other:
        other.execute("CREATE TABLE event (ocel_id TEXT, ocel_type TEXT)")
        other.execute("CREATE VIEW object AS SELECT 1")
    other.close()
    with pytest.raises(BadLog, match="there is no table event_map_type and no table event_object and no table object"):
        read(tmp_path / "log")


@pytest.mark.parametrize("size", [1, 3, 64, 1 << 20])
def test_json_is_the_same_in_pieces_of_any_size(size: int) -> None:
    """Cut anywhere, inside characters too; what is no array is passed over."""
    text = '\ufeff {"a": 12.5, "b" : [ {"x": "é€\\u00e9"}, [1, 22], -3.5e2, "}]" ], "c": {"d": [1]}, "e": [], '
    log = (text + '"f": [null]} ').encode()
    pieces: Sequence[bytes] = [log[at : at + size] for at in range(0, len(log), size)]
    assert [(member, value) for member, value, _ in json_pieces.elements(pieces)] == [
        ("b", {"x": "é€é"}), ("b", [1, 22]), ("b", -350.0), ("b", "}]"), ("f", None),
    ]  # fmt: skip


def steps_printed(file: Path, *arguments: str) -> list[str]:
    """Return the steps that an import prints, and how it ended."""
    done = CliRunner().invoke(app, ["import", *arguments, str(file), "--stream", "orders", "--print-steps"])
    steps = parse(f"version: 1\nvalue_streams:\n  - name: a\n    select: ['*']\n{done.stdout}").value_streams[0].steps
    return [step.name + (", queued" if step.queue else "") + (", started" if step.start else "") for step in steps]


def test_a_log_in_ocel_prints_its_steps(log: Path) -> None:
    """One an activity, what cases begin with first; nothing is sent."""
    assert steps_printed(log, "ocel", "--case-type", "order") == ["Place, started", "Pick, started"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_log_in_xes_is_read_packed_or_not(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """By its content, whatever the file is called."""
    file = tmp_path / "log"
    file.write_bytes(pack(xes(trace("7", named("Sign", "2026-01-02", "schedule"), named("Send", "2026-01-03")))))
    assert steps_printed(file, "xes") == ["Sign, queued", "Send, queued"]


def test_an_archive_that_breaks_off_is_told(tmp_path: Path) -> None:
    """What was read of it before is not taken."""
    whole = gzip.compress(xes(*(trace(str(case), named("Sign", "2026-01-02")) for case in range(5_000))))
    with pytest.raises(BadLog, match="the archive is broken"):
        list(chunks(written(tmp_path, whole[:-100])))
