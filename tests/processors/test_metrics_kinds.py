"""Series of one kind of work, of one environment, and what the clock alone moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from metrics.feed import told
from processors.ages import AllBegins, Begins
from processors.engine import StreamSigns
from schemas.event import WorkKind
from tests.builders.measured import (
    DAY,
    HOUR,
    MICROS,
    MINUTE,
    NOW,
    OFFICE_HOURS,
    SOME_FACTS,
    STREAM,
    by_series,
    defined,
    deployment,
    fed,
    gone,
    item,
    measured,
    new,
    visit,
)

INSTANTS = st.lists(st.integers(min_value=0, max_value=1 << 50), min_size=1)


def test_a_kind_counts_its_own_work() -> None:
    """Two defects and a feature started: two of the kind."""
    items = [item(f"ticket:{i}", started=NOW - HOUR, kind=WorkKind.DEFECT) for i in range(2)]
    said = measured("flow_arrivals", [*items, item("ticket:9", started=NOW - HOUR)], kind="defect")
    assert said.value == 2


def test_work_of_no_known_kind_counts_for_all_alone() -> None:
    """A visit whose kind nobody told is in no kind's series."""
    said = fed([visit(queued=NOW - HOUR)]).measure_all(NOW, {})
    kinds = {m.kind for m in said if m.metric == "step_arrivals"}
    assert kinds == {""}


def test_a_kind_that_is_corrected_leaves_no_trace() -> None:
    """A visit that turns out to be a defect's is as if it had always been."""
    wrong = visit(queued=NOW - HOUR, kind=WorkKind.FEATURE)
    right = replace(wrong, kind=WorkKind.DEFECT)
    measures = fed([wrong])
    measures.observe(gone(wrong))
    measures.observe(new(right))
    assert by_series(measures.measure_all(NOW, {})) == by_series(fed([right]).measure_all(NOW, {}))


def test_an_environment_before_production_is_measured_for_all_services_together() -> None:
    """Two services' deployments to staging are four a day, and in no series of production."""
    rows = [deployment(f"d:{i}", finished=NOW - HOUR, environment="staging", service=f"s{i % 2}") for i in range(4)]
    said = [m for m in fed(rows).measure_all(NOW, {}) if m.metric == "deployment_frequency_per_day" and m.n]
    assert {(m.environment, m.service, m.value) for m in said if m.window == "24h"} == {("staging", "", 4.0)}


def test_an_environment_that_is_not_on_the_route_to_live_is_in_no_number() -> None:
    """A preview environment is none of the stream's."""
    said = fed([deployment(finished=NOW - HOUR, environment="preview")]).measure_all(NOW, {})
    assert {m.environment for m in said} == {"", "production"}


def test_lead_time_is_of_production_alone() -> None:
    """Staging has deployments but neither lead times nor rework."""
    said = fed([deployment(finished=NOW - HOUR, environment="staging")]).measure_all(NOW, {})
    names = {m.metric for m in said if m.environment == "staging"}
    assert [name for name in names if name.startswith("change_") or "rework" in name] == ["change_fail_ratio"]


def test_takt_by_a_calendar_moves_with_the_clock() -> None:
    """On Saturday nothing arrives, but Friday's hours leave the day: said within a minute of it."""
    office = defined(calendar=OFFICE_HOURS)
    friday = NOW - 2 * DAY + 18 * HOUR
    measures = fed([visit(queued=friday - HOUR)], friday, office)
    series = (STREAM, "Review", "step_takt_seconds", "24h", "mean", "", "", "")
    heard = [by_series(measures.measure(friday + minute * MINUTE, {})) for minute in range(18 * 60 + 1)]
    values = [said[series][0] for said in heard if series in said]
    assert (values[0], values[-1]) == (8 * 3_600, 5 * 3_600)


def test_ages_grow_with_the_clock() -> None:
    """A minute later everything open is a minute older, though nothing happened."""
    measures = fed([item(f"ticket:{h}", started=NOW - h * HOUR) for h in range(1, 6)])
    measures.measure(NOW, {})
    later = by_series(measures.measure(NOW + MINUTE, {}))
    assert later[STREAM, "", "flow_age_seconds", "", "p50", "", "", ""][0] == 3 * 3_600 + 60


def test_what_is_counted_whole_is_bounded_by_itself() -> None:
    """Work in progress is no estimate."""
    said = measured("step_work_in_progress", [visit(queued=NOW - HOUR)], step="Review", window="")
    assert (said.lower, said.upper) == (said.value, said.value)


@pytest.mark.parametrize(("window", "share"), [("24h", 0.5), ("7d", 0.75)])
def test_completeness_says_what_was_not_told(window: str, share: float) -> None:
    """Half of what today's facts presuppose is lost, and none of what last week's do."""
    signs = {STREAM: replace(SOME_FACTS[STREAM], days={NOW // DAY: (10, 5), NOW // DAY - 4: (10, 10)})}
    old = visit(queued=NOW - 91 * DAY)
    said = measured("step_arrivals", [old, visit("ticket:2", queued=NOW)], step="Review", window=window, signs=signs)
    assert said.completeness == share


@pytest.mark.parametrize(("days_ago", "share"), [(91, 0.5), (92, 1.0)])
def test_completeness_of_now_looks_a_quarter_back_from_the_newest_day(days_ago: int, share: float) -> None:
    """What the longest window can hold, and nothing that a clock puts ahead."""
    days = {NOW // DAY: (1, 1), NOW // DAY - days_ago: (3, 1), NOW // DAY + 9_000: (50, 0)}
    signs = {STREAM: replace(SOME_FACTS[STREAM], days=days)}
    said = measured("step_work_in_progress", [visit(queued=NOW - 91 * DAY)], step="Review", window="", signs=signs)
    assert said.completeness == share


def test_only_the_windows_that_lost_facts_are_said_anew() -> None:
    """A fact of last month that turns out lost says nothing new of the last day."""
    measures = fed([visit(queued=NOW - 91 * DAY), visit("ticket:2", queued=NOW - 30 * MINUTE)])
    measures.measure(NOW, {STREAM: StreamSigns(newest_occurred_at=NOW, facts=5)})
    lost = StreamSigns(newest_occurred_at=NOW, facts=5, squeezed=0, days={NOW // DAY - 20: (4, 3)})
    said = measures.measure(NOW + MICROS, {STREAM: replace(lost, facts=6)})
    assert {m.window for m in said if m.metric == "step_arrivals"} == {"30d", "90d"}


@given(st.dictionaries(st.integers(0, 9), st.tuples(st.integers(0, 50), st.integers(0, 50))), st.floats(0, 1))
def test_what_was_told_is_a_share(pairs: dict[int, tuple[int, int]], twice: float) -> None:
    """Between 0 and 1, 1 only where nothing is missing."""
    days = {day: (known + lost, known) for day, (known, lost) in pairs.items()}
    share = told(days, 2, 7, twice)
    whole = all(lost == 0 for day, (_, lost) in pairs.items() if 2 <= day <= 7)
    assert (0 <= share <= 1, share == 1) == (True, whole)


@given(INSTANTS, INSTANTS, st.integers(min_value=0, max_value=1 << 50))
@settings(max_examples=50)
def test_begins_of_several_kinds_read_as_one(some: list[int], others: list[int], instant: int) -> None:
    """Every rank, the earliest and how many are earlier than an instant are those of one sorted list."""
    parts = (Begins(), Begins())
    for part, instants in zip(parts, (some, others), strict=True):
        for each in instants:
            part.add(each)
    together, whole = AllBegins(*parts), sorted(some + others)
    read = together.at(range(len(whole))), together.earliest(), together.earlier_than(instant)
    assert read == (whole, whole[0], sum(each < instant for each in whole))
