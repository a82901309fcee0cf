"""The measures: a function of the rows and the clock, whatever happened on the way."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.engine import StreamSigns
from processors.measures import Measures
from schemas.definition import Definition
from schemas.derived import Derived, Update
from schemas.measurement import Measurement
from tests.builders.measured import (
    DAY,
    DEFINITION,
    HOUR,
    MICROS,
    MINUTE,
    NOW,
    OFFICE_HOURS,
    SOME_FACTS,
    STREAM,
    Said,
    Series,
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
from tests.builders.plain_measures import answers
from tests.builders.random_rows import rows

FEED = {"data_age_seconds", "completeness_ratio"}
OF_THE_CLOCK = {
    "step_oldest_age_seconds", "step_age_seconds", "flow_age_seconds", "constraint_score", "constraint_ratio",
    "constraint_age_seconds", "data_age_seconds",
}  # fmt: skip
"""Metrics that move with every second; between rows they are said once a minute."""

OF_SLICES = ("constraint_ratio", "constraint_age_seconds", "littles_law_")
"""Metrics whose sums are compared with plain lists in the tests of the metrics."""


def everything(measures: Measures, now: int = NOW) -> dict[Series, object]:
    """All that is said at a clock."""
    return dict(by_series(measures.measure_all(now, {})))


EVERYTHING = defined(
    calendar=OFFICE_HOURS,
    targets={
        "flow_time_p85": "3d", "flow_time_p50": "1h", "Review.wait_p85": "2h", "Review.process_p95": "1d",
        "Deploy.lead_p50": "3h",
    },
)  # fmt: skip
"""A stream that has every metric."""


@given(rows(), st.sampled_from([DEFINITION, EVERYTHING, defined(dialect="dora-2021"), defined(dialect="dora-2023")]))
@settings(max_examples=40, deadline=None)
def test_streaming_equals_the_definitions(drawn: list[Derived], definition: Definition) -> None:
    """Every series is what its definition gives over a plain list of the rows, quantiles within the sketch's error."""
    said = {
        (m.step, m.metric, m.window, m.statistic, m.kind, m.environment, m.service): (m.value, m.n)
        for m in fed(drawn, NOW, definition).measure_all(NOW, {})
        if m.value_stream == STREAM and m.metric not in FEED and not m.metric.startswith(OF_SLICES)
    }
    plain = answers(drawn, NOW, definition)
    expected = {
        key: (None if value is None else pytest.approx(value, rel=0.0101, abs=1e-9), n)
        for key, (value, n) in plain.items()
        if key in said
    }
    silent = [key for key, (_, n) in plain.items() if n and key not in said]
    assert (said, silent) == (expected, [])


@given(rows(), st.randoms(use_true_random=False))
@settings(max_examples=12, deadline=None)
def test_order_does_not_matter(drawn: list[Derived], random: Random) -> None:
    """The same rows in another order say the same."""
    shuffled = list(drawn)
    random.shuffle(shuffled)
    assert everything(fed(shuffled)) == everything(fed(drawn))


@given(rows(), rows())
@settings(max_examples=12, deadline=None)
def test_rows_taken_back_leave_no_trace(kept: list[Derived], taken: list[Derived]) -> None:
    """Rows that come and go leave what is said as if they had never been, but for services that were named."""
    measures = fed([*taken, *kept])
    for row in taken:
        measures.observe(gone(row))
    fresh = everything(fed(kept))
    live = {key: said for key, said in everything(measures).items() if key in fresh}
    assert live == fresh


@given(
    rows(),
    rows(),
    st.lists(st.integers(min_value=0, max_value=3 * DAY), min_size=1, max_size=5),
    st.sampled_from([NOW - 2 * DAY, None]),
)
@settings(max_examples=25, deadline=None)
def test_what_was_said_on_the_way_adds_up(
    before: list[Derived], after: list[Derived], steps: list[int], clock: int | None
) -> None:
    """Any mix of rows that come, change and go, and of measuring at a moving clock, ends at what fresh measures say."""
    now = NOW - 2 * DAY
    measures = Measures(DEFINITION, clock)
    heard: dict[Series, Said] = {}
    pairs = [Update(before=None, after=row) for row in before]
    pairs += [Update(before=old, after=row) for old, row in zip(before, after, strict=False)]
    pairs += [Update(before=row, after=None) for row in before[len(after) :]]
    pairs += [Update(before=None, after=row) for row in after[len(before) :]]
    for index, update in enumerate(pairs):
        measures.observe(update)
        if index % 5 == 0 and steps:
            now += steps.pop()
            heard.update(by_series(measures.measure(now, {})))
    for _ in range(2):
        now += 61 * MICROS
        heard.update(by_series(measures.measure(now, {})))
    fresh = Measures(DEFINITION, now)
    for row in after:
        fresh.observe(new(row))
    whole = by_series(fresh.measure_all(now, {}))
    live = {key: said for key, said in whole.items() if key[2] not in OF_THE_CLOCK and said[1]}
    assert {key: heard.get(key) for key in live} == live
    unknown = {key: said for key, said in whole.items() if not said[1] and key in heard}
    assert {key: heard[key][:4] for key in unknown} == {key: said[:4] for key, said in unknown.items()}
    assert by_series(measures.measure_all(now, {})).items() >= whole.items()


@given(rows(), st.sampled_from([DAY, -400 * DAY, 3_000 * DAY]))
@settings(max_examples=12, deadline=None)
def test_shifting_time_by_whole_days_changes_nothing(drawn: list[Derived], shift: int) -> None:
    """A history of another year says the same under a clock of that year."""
    moved = [_shifted(row, shift) for row in drawn]
    assert everything(fed(moved, NOW + shift), NOW + shift) == everything(fed(drawn))


def _shifted(row: Derived, by: int) -> Derived:
    times = {f: v + by for f in row.__struct_fields__ if f.endswith("_at") and isinstance(v := getattr(row, f), int)}
    return msgspec.structs.replace(row, **{f: v for f, v in times.items() if f != "known_at"})


@given(rows())
@settings(max_examples=12, deadline=None)
def test_bounds_hold_their_value(drawn: list[Derived]) -> None:
    """An interval contains its value, a share lies in [0, 1], and what is below the minimum is unknown."""
    wrong = [
        m
        for m in fed(drawn).measure_all(NOW, {})
        if (m.value is None and (m.lower, m.upper) != (None, None))
        or (m.value is not None and m.n < (5 if m.statistic in {"p50", "p85", "p95", "ratio"} else 1))
        or (m.value is not None and not (m.lower or m.value) <= m.value <= (m.value if m.upper is None else m.upper))
        or (m.statistic == "ratio" and m.value is not None and not 0 <= m.value <= 1)
        or (m.completeness is not None and not 0 <= m.completeness <= 1)
    ]
    assert wrong == []


def test_nothing_is_said_before_the_first_row() -> None:
    """A definition alone has no measurements."""
    assert Measures(DEFINITION).measure(NOW, {}) == []


def test_an_empty_window_is_unknown_not_zero() -> None:
    """A visit that finished two days ago leaves the last day unknown."""
    said = measured("step_completions", [visit(queued=NOW - 3 * DAY, finished=NOW - 2 * DAY)], step="Review")
    assert (said.value, said.n) == (None, 0)


def test_an_empty_step_that_had_visits_has_a_known_zero() -> None:
    """Work in progress of a step that had visits is 0 when none is open."""
    said = measured("step_work_in_progress", [visit(queued=NOW - DAY, finished=NOW)], step="Review", window="")
    assert (said.value, said.n) == (0.0, 1)


def test_an_event_ahead_of_the_clock_is_not_in_yet() -> None:
    """What lies a microsecond ahead counts only when the clock reaches it."""
    measures = fed([visit(queued=NOW + 1)])
    values = [by_series(measures.measure_all(now, {}))[_wip()][0] for now in (NOW, NOW + 1)]
    assert values == [None, 1.0]


def test_the_clock_matures_what_lay_ahead_by_itself() -> None:
    """No row needs to come for a future visit to be said when its time is there."""
    measures = fed([visit(queued=NOW + 5 * MICROS)])
    measures.measure(NOW, {})
    early, then = measures.measure(NOW + 4 * MICROS, {}), measures.measure(NOW + 5 * MICROS, {})
    assert (_wip() in by_series(early), by_series(then)[_wip()][0]) == (False, 1.0)


def _wip(step: str = "Review") -> Series:
    return (STREAM, step, "step_work_in_progress", "", "now", "", "", "")


def test_what_did_not_change_is_not_said_again_within_the_minute() -> None:
    """A second measuring at once says nothing; within the minute everything live is repeated, nothing else."""
    measures = fed([visit(queued=NOW - HOUR // 2)])
    first = measures.measure(NOW, {})
    quiet = measures.measure(NOW, {})
    repeated = [m for second in range(1, 61) for m in measures.measure(NOW + second * MICROS, {})]
    live = {series for series, said in by_series(first).items() if said[1]}
    assert (quiet, {series for series, said in by_series(repeated).items() if said[1]}) == ([], live)


def test_a_repeat_comes_at_most_a_minute_after() -> None:
    """A live series is never silent for more than sixty seconds."""
    measures = fed([visit(queued=NOW - HOUR)])
    measures.measure(NOW, {})
    heard = [second for second in range(1, 200) if _wip() in by_series(measures.measure(NOW + second * MICROS, {}))]
    gaps = [b - a for a, b in zip([0, *heard], heard, strict=False)]
    assert max(gaps) <= 60


def test_only_the_touched_step_is_said() -> None:
    """A row of one step says nothing new of the other steps, nor of another stream."""
    measures = fed(
        [visit(queued=NOW - HOUR), visit(queued=NOW - HOUR, step="Build"), visit(queued=NOW, stream="search")]
    )
    measures.measure(NOW, {})
    measures.observe(new(visit("ticket:2", queued=NOW - HOUR)))
    said = {(m.value_stream, m.step) for m in measures.measure(NOW, {}) if m.metric != "constraint_score"}
    assert said == {(STREAM, "Review")}


def test_windows_decay_without_events() -> None:
    """The last hour's completions become unknown by the clock alone, as soon as their bucket leaves."""
    measures = fed([visit(queued=NOW - HOUR, finished=NOW)])
    series = (STREAM, "Review", "step_completions", "1h", "count", "", "", "")
    measures.measure(NOW, {})
    changes = []
    for minute in range(1, 63):
        heard = by_series(measures.measure(NOW + minute * MINUTE, {}))
        changes += [(minute, heard[series][0])] if series in heard and not heard[series][0] else []
    assert changes == [(61, None)]


def test_the_clock_never_goes_back() -> None:
    """A wall clock that steps back for a moment changes nothing that was said."""
    measures = fed([visit(queued=NOW - HOUR)])
    before = everything(measures)
    assert everything(measures, NOW - DAY) == before


def test_observation_begins_at_the_first_row() -> None:
    """A stream of twelve hours has seen half a day of the last day, and all of the last hour."""
    rows_ = [visit(queued=NOW - 12 * HOUR)]
    shares = [measured("step_arrivals", rows_, step="Review", window=w).completeness for w in ("1h", "24h")]
    assert shares == [1.0, pytest.approx(0.5, abs=0.02)]


def test_completeness_says_how_many_facts_are_lost() -> None:
    """One fact in ten that could not be used leaves nine tenths."""
    signs = {STREAM: StreamSigns(newest_occurred_at=NOW - MINUTE, newest_received_at=NOW, facts=10, implausible=1)}
    said = measured("completeness_ratio", [visit(queued=NOW - 91 * DAY)], signs=signs, window="90d")
    assert (said.value, said.n) == (0.9, 10)


def test_a_lost_fact_does_not_make_every_fact_loud() -> None:
    """With a fact lost, another fact changes only what speaks of facts."""
    measures = fed([visit(queued=NOW - 91 * DAY), visit("ticket:2", queued=NOW - DAY)])
    lost = [StreamSigns(newest_occurred_at=NOW, facts=facts, squeezed=1) for facts in (10_000, 10_001)]
    measures.measure(NOW, {STREAM: lost[0]})
    assert {m.metric for m in measures.measure(NOW, {STREAM: lost[1]})} == FEED


def test_facts_without_rows_have_an_age() -> None:
    """A stream that has facts but no rows yet says how old they are."""
    signs = {STREAM: StreamSigns(newest_occurred_at=NOW - MINUTE, facts=1)}
    heard = by_series(Measures(DEFINITION, NOW).measure(NOW, signs))
    assert heard[STREAM, "", "data_age_seconds", "", "now", "", "", ""][0] == 60.0


def test_unknown_times_lower_the_completeness() -> None:
    """Where half of the completed visits have no start, half of the waits are known."""
    started = [visit(f"t:{i}", queued=NOW - DAY, started=NOW - HOUR, finished=NOW) for i in range(5)]
    bare = [visit(f"u:{i}", queued=NOW - DAY, finished=NOW) for i in range(5)]
    said = measured(
        "step_wait_seconds", [*started, *bare, visit(queued=NOW - 99 * DAY)], step="Review", statistic="p50"
    )
    assert (said.n, said.completeness) == (5, 0.5)


def test_uncounted_visits_enter_no_total() -> None:
    """A visit that another item counts is in no number."""
    assert everything(fed([visit(queued=NOW - HOUR, counted=False), visit(queued=NOW)])) == everything(
        fed([visit(queued=NOW)])
    )


def test_withdrawn_rows_enter_no_total() -> None:
    """A row that is no longer derived is in no number."""
    row = item(started=NOW - DAY)
    assert everything(fed([visit(queued=NOW), msgspec.structs.replace(row, withdrawn=True)])) == everything(
        fed([visit(queued=NOW)])
    )


def test_services_are_bounded() -> None:
    """A thousand services in payloads make a hundred series of their own; all count for the stream."""
    measures = fed([deployment(f"d:{i}", finished=NOW - HOUR, service=f"s{i:04}") for i in range(1_000)])
    said = measures.measure(NOW, {})
    names = {m.service for m in said}
    total = by_series(said)[STREAM, "", "deployment_frequency_per_day", "24h", "mean", "", "production", ""]
    assert (len(names), total[0]) == (101, 1_000.0)


def test_a_service_that_fell_silent_is_forgotten_with_a_last_word() -> None:
    """When no window holds a service any more, its series are said to be unknown once and then never again."""
    measures = fed([deployment(finished=NOW - HOUR), visit(queued=NOW)])
    measures.measure(NOW, {})
    last = _of_web(measures.measure(NOW + 92 * DAY, {}))
    then = _of_web(measures.measure_all(NOW + 92 * DAY, {}))
    assert ({(m.value, m.n) for m in last}, then) == ({(None, 0)}, [])


def _of_web(said: list[Measurement]) -> list[Measurement]:
    return [m for m in said if m.service == "web"]


def test_a_forgotten_stream_is_silent() -> None:
    """After forget nothing is said of a stream."""
    measures = fed([visit(queued=NOW)])
    measures.forget(STREAM)
    assert measures.measure_all(NOW, {}) == []


def test_rows_of_unknown_streams_are_left_out() -> None:
    """A row of a stream that the definition does not know is in no number."""
    assert fed([visit(queued=NOW, stream="unrouted")]).measure_all(NOW, {}) == []


def test_every_measurement_says_the_generation_of_its_rows() -> None:
    """Series, the map and the feed alike, and what is retracted: all of it is of the rows' generation."""
    measures = Measures(DEFINITION, NOW, generation=7)
    row = deployment(finished=NOW - HOUR)
    measures.observe(new(row))
    said = measures.measure_all(NOW, SOME_FACTS)
    measures.observe(gone(row))
    said += measures.measure(NOW, SOME_FACTS)
    assert {m.generation for m in said} == {7}


def test_measured_at_is_a_whole_second() -> None:
    """Times of measurements are whole seconds, not after the clock."""
    assert {m.measured_at for m in fed([visit(queued=NOW)]).measure(NOW + 999_999, {})} == {NOW}


def test_history_older_than_any_window_costs_no_memory() -> None:
    """Rows of 2010 under today's clock leave no buckets, and are still in the load."""
    then = NOW - 16 * 365 * DAY
    measures = fed([visit(f"t:{i}", queued=then + i * HOUR, finished=then + i * DAY) for i in range(2_000)])
    board = measures._boards[STREAM]
    assert all(series.windows.is_empty() for series in board._series.by_name.values())


def test_other_environments_are_not_in_dora() -> None:
    """A staging deployment is in no DORA number."""
    said = measured("deployment_frequency_per_day", [deployment(finished=NOW - HOUR, environment="staging")])
    assert (said.value, said.environment) == (None, "production")
