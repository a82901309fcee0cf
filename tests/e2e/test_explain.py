"""Every number of a small organisation is explained, here and over HTTP, and says why it has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct

from insights.explain.answer import Explanation
from insights.explain.naming import Wanted
from lab.sending import SentDelivery
from lab.simulate import deliveries
from tests.builders.command import vsm
from tests.builders.one_machine import CLOCK, END_MICROS, organisation, settle
from vsm.data_dir import DataDir
from vsm.explaining import explain
from vsm.generation import definition_in_use
from vsm.one_machine.organisation import send
from vsm.one_machine.stack import Stack
from vsm.store import Store, open_store

pytestmark = pytest.mark.timeout(400)
SEED = 5
ITEMS = 60
LATE = 40
HOUR = 3_600_000_000
LATER = "2026-01-01T02:00:00+00:00"
BETWEEN = END_MICROS + HOUR
OF_FACTS = ("data_age_seconds", "completeness_ratio")
SERIES = "DISTINCT value_stream, metric, step, window, statistic, kind, environment, service, value"


class Ran(Struct):
    """A running stack and its directory."""

    stack: Stack
    root: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """A stack that was told the last deliveries two hours after the others."""
    root = tmp_path_factory.mktemp("explained")
    hooks: list[SentDelivery] = list(deliveries(SEED, ITEMS, END_MICROS))
    with organisation(root, CLOCK) as stack:
        send(stack, hooks[:-LATE])
        settle(stack)
    with organisation(root, LATER) as stack:
        send(stack, hooks[-LATE:])
        settle(stack)
        yield Ran(stack, root)


@pytest.fixture(scope="module")
def store(ran: Ran) -> Iterator[Store]:
    """The running stack's tables."""
    with open_store(ran.root) as opened:
        yield opened


def explained(store: Store, root: Path, said: dict[str, Any], as_of: int | None = None) -> Explanation:
    """Explain the series of a row of the measurements."""
    named = {("stream" if name == "value_stream" else name): said[name] for name in said if name != "value"}
    named["window"] = named["window"] or "30d"
    return explain(store, definition_in_use(DataDir(root)), Wanted(**named), as_of=as_of)


def test_every_metric_comes_to_the_same_again(ran: Ran, store: Store) -> None:
    """Each series of every metric, now and in two windows, one service or kind: its items give what was measured."""
    every = store.query(
        f"SELECT {SERIES} FROM measurements_current WHERE metric NOT IN {OF_FACTS} AND value_stream = 'checkout'"  # noqa: S608
        " AND window IN ('', '7d', '90d') AND kind IN ('', 'defect') ORDER BY ALL"
    )
    once = {
        (row["metric"], row["window"], row["step"] == "Review", row["kind"], bool(row["service"])): row for row in every
    }
    wrong = [
        (row, found.recomputed)
        for row in once.values()
        if not (found := explained(store, ran.root, row)).recomputed.equal or found.value != row["value"]
    ]
    assert (len(once) > 100, wrong) == (True, [])


def test_a_past_number_is_what_the_board_showed(ran: Ran, store: Store) -> None:
    """The measurements as of between are those of before the late deliveries, and an explanation says the same."""
    (then,) = store.query(
        "SELECT value, n FROM measurements_as_of(at = '2026-01-01 01:00:00') WHERE value_stream = 'checkout'"
        " AND metric = 'flow_velocity' AND window = '90d' AND kind = ''"
    )
    row = {"value_stream": "checkout", "metric": "flow_velocity", "window": "90d"}
    past = explained(store, ran.root, row, BETWEEN).as_of
    assert past is not None
    assert (past["value"], past["n"], past["recomputed"]) == (then["value"], then["n"], True)


def test_what_came_late_is_the_difference(ran: Ran, store: Store) -> None:
    """Of a count the items that came, less those that went, are exactly what it changed by, and they came late."""
    row = {"value_stream": "checkout", "metric": "step_arrivals", "step": "Review", "window": "90d"}
    past = explained(store, ran.root, row, BETWEEN).as_of
    assert past is not None
    late = {change["why"].split(":")[0] for change in past["changes"] if change["change"] == "came"}
    assert (past["difference"] == past["came"] - past["went"] > 0, late) == (True, {"arrived late"})


def test_the_command_and_the_board_say_the_same(ran: Ran) -> None:
    """`vsm explain --format json` and GET /api/v1/explain answer alike."""
    done = vsm("explain", "checkout", "change_lead_time", "--window", "90d", "--data", ran.root, "--format", "json")
    said = httpx.get(
        f"{ran.stack.addresses['board']}/api/v1/explain",
        params={"stream": "checkout", "metric": "change_lead_time", "window": "90d"},
        timeout=60,
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, said.json()), done.stderr


def test_the_board_shows_the_map(ran: Ran) -> None:
    """GET /api/v1/map/STREAM is `vsm map --format json`."""
    done = vsm("map", "checkout", "--data", ran.root, "--format", "json")
    said = httpx.get(f"{ran.stack.addresses['board']}/api/v1/map/checkout", timeout=60)
    assert (said.status_code, said.json()["steps"]) == (200, json.loads(done.stdout)["steps"])


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/api/v1/explain?stream=chekout&metric=flow_load", 404, "known: checkout"),
        ("/api/v1/explain?stream=checkout&metric=flow_laod", 400, "did you mean flow_load"),
        ("/api/v1/explain?stream=checkout", 400, "'metric' is missing"),
        ("/api/v1/explain?stream=checkout&metric=flow_load&windw=7d", 400, "known: stream, metric"),
        ("/api/v1/explain?stream=checkout&metric=data_age_seconds", 400, "no items stand behind it"),
        ("/api/v1/explain?stream=checkout&metric=flow_load&limit=x", 400, "no limit"),
        ("/api/v1/explain?stream=checkout&metric=flow_load&as_of=tuesday", 400, "no time"),
        ("/api/v1/map/checkout?window=3d", 400, "known: 1h"),
        ("/api/v1/nothing", 404, "nothing at this path"),
    ],
)
def test_the_board_says_what_to_ask(ran: Ran, path: str, status: int, word: str) -> None:
    """What cannot be answered is a JSON error that says what can."""
    said = httpx.get(ran.stack.addresses["board"] + path, timeout=60)
    assert (said.status_code, word in said.json()["error"]) == (status, True), said.text


def test_the_board_describes_itself(ran: Ran) -> None:
    """Its OpenAPI document has every route."""
    said = httpx.get(f"{ran.stack.addresses['board']}/openapi.json", timeout=60).json()
    assert set(said["paths"]) >= {"/api/v1/explain", "/api/v1/map/{stream}"}
