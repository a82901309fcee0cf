"""Little's law: a monitor that warns where averages should not be trusted, and only there."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from metrics import codes
from metrics.littles_law import CONDITIONS, holds, littles_law_departures_ratio, littles_law_ratio
from metrics.reading import Basis, Reading
from schemas.derived import Derived, WorkItem
from schemas.measurement import Measurement
from tests.builders.measured import DAY, HOUR, NOW, STREAM, fed, item
from tests.builders.queues import balanced, simulate, with_load

NAMES = ("departures", "endings", "load", "age", "identity")


def said(rows: list[Derived], window: str = "30d", now: int = NOW) -> dict[str, Measurement]:
    """What is said of the law and of its conditions, by their short names."""
    return {
        m.metric.removeprefix("littles_law_").removesuffix("_ratio"): m
        for m in fed(rows, now).measure_all(now, {})
        if m.metric.startswith("littles_law_") and (m.window, m.value_stream) == (window, STREAM)
    }


def failing(rows: list[Derived], window: str = "30d") -> set[str]:
    """The conditions that fail."""
    return {name for name, m in said(rows, window).items() if name in NAMES and not holds(_reading(m))}


def _reading(m: Measurement) -> Reading:
    return Reading(statistic="ratio", value=m.value, n=m.n, lower=m.lower, upper=m.upper)


def steady(number: int = 180) -> list[Derived]:
    """An item every twelve hours that takes a day and a half."""
    starts = [NOW - 12 * HOUR * i for i in range(1, number)]
    return [item(f"t:{i}", started=s, finished=_ended(s + 36 * HOUR)) for i, s in enumerate(starts)]


def _ended(at: int) -> int | None:
    return at if at <= NOW else None


def opened(number: int, ago: int, apart: int = 0) -> list[Derived]:
    """Items that never end."""
    return [item(f"open:{i}", started=NOW - ago - i * apart) for i in range(number)]


def test_a_steady_stream_holds_it() -> None:
    """As many leave as arrive, and nothing grows or ages."""
    assert (said(steady())["ratio"].value, failing(steady())) == (1.0, set())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (opened(100, HOUR, 6 * HOUR), {"departures", "load"}),
        (opened(20, 40 * DAY), {"endings", "identity"}),
        (opened(60, 31 * DAY), {"endings", "identity", "age"}),
    ],
    ids=["more arrives than leaves", "some never end", "what is open grows old"],
)
def test_each_condition_fails_where_it_should(rows: list[Derived], expected: set[str]) -> None:
    """Beside a steady flow, what is planted fails at least its own conditions."""
    assert failing([*steady(), *rows]) >= expected


def test_a_stream_that_stops_is_told() -> None:
    """Nothing leaves at all: the first condition is a known 0, not unknown."""
    stopped = said(opened(40, HOUR, 12 * HOUR))
    assert (stopped["departures"].value, "departures" in failing(opened(40, HOUR, 12 * HOUR))) == (0.0, True)


def test_little_says_nothing() -> None:
    """Nineteen items are no average."""
    few = [replace(each, item_id=f"few:{i}") for i, each in enumerate(steady(20)) if isinstance(each, WorkItem)]
    assert {m.value for m in said(list(few)).values()} == {None}


def _window(left: int, arrived: int, opened: int) -> Basis:
    """A window of an hour in which items came and went, and so many are open at its end."""
    cell = {codes.DONE: left, codes.ARRIVED: arrived, codes.STANDING: arrived - left}
    return Basis(now=NOW, window_start=NOW - HOUR, cell=cell, open=opened)


def test_bounds_stay_numbers_however_many_items_are_open() -> None:
    """One item came, twenty left, and so many lie about that chance moves any ratio anywhere."""
    (found,) = littles_law_departures_ratio(_window(20, 1, 140_000))
    assert (holds(found), isfinite(found.upper or 0)) == (True, True)


@given(st.integers(1, 10_000))
def test_no_departure_is_judged_as_hardly_any_is(opened: int) -> None:
    """Where one item that left is surely too few, none is; beside many open items neither is."""
    none, one = (littles_law_departures_ratio(_window(left, 20, opened + 20))[0] for left in (0, 1))
    assert (none.value, holds(none) <= holds(one), 0 < (none.upper or 0) < (one.upper or 0)) == (0.0, True, True)


def test_what_never_arrived_does_not_depart() -> None:
    """Items that were closed without a visit, as many as the others, change nothing."""
    unknown = [item(f"u:{i}", started=None, finished=NOW - 12 * HOUR * i) for i in range(1, 60)]
    alone, beside = (said(rows)["departures"].value for rows in (steady(), [*steady(), *unknown]))
    assert (beside, failing([*steady(), *unknown])) == (alone, set())


def test_nothing_at_all_is_unknown() -> None:
    """Each condition by itself and all of them."""
    basis = Basis(now=NOW)
    assert {r.value for each in (littles_law_ratio, *CONDITIONS) for r in each(basis)} == {None}


def test_the_age_is_exact() -> None:
    """Thirty items that began together 31 days ago: a day old when the thirty days began, and 31 now."""
    rows: list[Derived] = [
        *opened(30, 31 * DAY),
        *(item(f"t:{i}", started=NOW - 9 * DAY, finished=NOW) for i in range(30)),
    ]
    assert said(rows)["age"].value == pytest.approx(31)


def test_the_law_is_exact_over_whole_lives() -> None:
    """Where every item began and ended inside the window, throughput x flow time is the work in progress."""
    rows: list[Derived] = [
        item(f"t:{i}", started=NOW - 20 * DAY + i * HOUR, finished=NOW - 20 * DAY + i * HOUR + (1 + i % 7) * DAY)
        for i in range(60)
    ]
    assert said(rows)["identity"].value == pytest.approx(1)


@pytest.mark.parametrize(
    ("rows", "at_most", "at_least"),
    [("steady", 2, 0), ("abandoned", 20, 19), ("overloaded", 20, 15)],
)
def test_simulated_queues_are_warned_of(rows: str, at_most: int, at_least: int) -> None:
    """Of twenty runs: nearly none that is stable, nearly all of those where items are left lying, most that pile up."""
    lines = {
        "steady": balanced(),
        "abandoned": replace(balanced(), abandoned=0.1),
        "overloaded": with_load(balanced(every=6), "Verify", 1.3),
    }
    warned = sum((said([*simulate(lines[rows], seed)], "90d")["ratio"].value or 1) < 1 for seed in range(20))
    assert at_least <= warned <= at_most
