"""`vsm export` as people run it: where it writes, and what it says when it cannot."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from insights.stream_facts import Window
from tests.builders.command import vsm
from tests.builders.ocel_schema import broken
from tests.vsm.conftest import Ran
from vsm.exporting import window, write_cdevents, write_ocel
from vsm.store import Store, open_store

pytestmark = pytest.mark.timeout(180)


def test_it_writes_to_the_standard_output(ran: Ran) -> None:
    """One CDEvent a line and nothing else; what it says of itself goes elsewhere."""
    done = vsm("export", "checkout", "--format", "cdevents", "--data", ran.data)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, f"exported {len(events)} events of checkout" in done.stderr, len(events) > 100) == (
        0, True, True,
    )  # fmt: skip


def test_a_window_goes_by_when_events_occurred(ran: Ran) -> None:
    """From its begin on, to before its end: the halves make the whole, and none is in both."""
    whole = lines(ran)
    middle = json.loads(whole[len(whole) // 2])["context"]["timestamp"]
    assert lines(ran, "--until", middle) + lines(ran, "--since", middle) == whole


def lines(ran: Ran, *options: str) -> list[str]:
    """Return the exported events of a stream."""
    return vsm("export", "checkout", "--format", "cdevents", "--data", ran.data, *options).stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("nowhere", "--format", "ocel"), 1, "value stream 'nowhere' has no events; streams that have: checkout, plat"),
        (("checkout", "--format", "ocel", "--since", "soon"), 2, "--since: 'soon' is no time such as 2026-01-31"),
        (
            ("checkout", "--format", "ocel", "--since", "2026-01-02", "--until", "2026-01-02"),
            2, "--since is not before --until",
        ),
        (("checkout", "--format", "ocel", "-o", "/nowhere/at/all.json"), 1, "/nowhere/at/all.json: No such file"),
    ],
)  # fmt: skip
def test_what_it_cannot_do_is_told_in_one_line(ran: Ran, arguments: tuple[str, ...], status: int, told: str) -> None:
    """With the status of whose fault it is."""
    done = vsm("export", *arguments, "--data", ran.data)
    assert (done.returncode, done.stdout, told in done.stderr, len(done.stderr.splitlines())) == (status, "", True, 1)


def test_no_file_is_left_where_an_export_ends_badly(ran: Ran, tmp_path: Path) -> None:
    """Neither a half one nor an old one in its place is touched."""
    (tmp_path / "out.json").write_text("before")
    vsm("export", "nowhere", "--format", "ocel", "--data", ran.data, "-o", tmp_path / "out.json")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.json", "before")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("xes", "log.xes"), "log.xes: line 1: no well-formed XML"),
        (("ocel", "log.xes"), "log.xes: no OCEL log begins like this: it is JSON, XML or a SQLite database"),
        (("xes", "nothing.xes"), "nothing.xes: No such file or directory"),
        (("xes", "log.xes", "--zone", "Mars/Olympus"), "'Mars/Olympus' is no time zone"),
    ],
)
def test_a_log_that_cannot_be_imported_is_told_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    """The file, where in it, and what to do; nothing is sent."""
    (tmp_path / "log.xes").write_text("case;activity\n")
    done = vsm("import", *arguments, "--stream", "checkout", cwd=tmp_path)
    said = [line for line in done.stderr.splitlines() if not line.startswith("reading")]
    assert (done.returncode, [told in line for line in said]) == (1, [True]), done.stderr


@pytest.mark.parametrize("write", [write_cdevents, write_ocel])
def test_a_page_of_any_size_gives_the_same(ran: Ran, write: Callable[..., int]) -> None:
    """Nothing is lost or told twice where a page ends."""
    with open_store(ran.data) as store:
        asked = window(store, "checkout", 0, 1 << 62)
        files = [io.BytesIO() for _ in range(2)]
        for file, page in zip(files, (asked.page, 37), strict=True):
            write(store, msgspec.structs.replace(asked, page=page), file, lambda: None)
    assert (len(files[0].getvalue()) > 50_000, files[1].getvalue()) == (True, files[0].getvalue())


def test_whatever_a_window_relates_to_is_in_it(ran: Ran) -> None:
    """Also where a text names the key of a ticket whose own facts are older or newer."""
    with open_store(ran.data) as store:
        whole = window(store, "checkout", 0, 1 << 62)
        rows = store.query(TIMES, {"stream": "checkout"})
        ends = [int(str(row["at"])) for row in rows]
        logs = [ocel_of(store, msgspec.structs.replace(whole, since=a, until=b)) for a, b in itertools.pairwise(ends)]
    assert (len(logs) > 5, [wrong for log in logs for wrong in broken(log)]) == (True, [])


TIMES = """
SELECT DISTINCT toInt64(arrayJoin(quantiles(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)(
    toUnixTimestamp64Micro(occurred_at)))) AS at
FROM vsm.flow_events_current WHERE value_stream = {stream:String} ORDER BY at
"""


def ocel_of(store: Store, asked: Window) -> dict[str, Any]:
    """Return a window of a stream as a log in OCEL."""
    file = io.BytesIO()
    write_ocel(store, asked, file, lambda: None)
    found: dict[str, Any] = json.loads(file.getvalue())
    return found
