"""The metrics page: what a parser reads from it, and what is absent."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from metrics import METRICS
from metrics.reading import Basis, Metric, StepTally
from schemas.measurement import Measurement
from sinks.prometheus.families import FAMILIES, lines
from sinks.prometheus.page import FRESH_MICROS, Page
from tests.builders.derived_rows import SECOND, T0, measured

CONTRACT = {
    "vsm_step_process_seconds", "vsm_step_wait_seconds", "vsm_step_lead_seconds", "vsm_step_work_in_progress",
    "vsm_step_oldest_age_seconds", "vsm_step_arrivals", "vsm_step_completions", "vsm_step_complete_accurate_ratio",
    "vsm_flow_time_seconds", "vsm_flow_velocity", "vsm_flow_load", "vsm_flow_efficiency_ratio",
    "vsm_flow_distribution_ratio", "vsm_rolled_complete_accurate_ratio", "vsm_activity_ratio",
    "vsm_deployment_frequency_per_day", "vsm_change_lead_time_seconds", "vsm_change_fail_ratio",
    "vsm_failed_deployment_recovery_seconds", "vsm_deployment_rework_ratio", "vsm_data_age_seconds",
    "vsm_completeness_ratio", "vsm_constraint_score", "vsm_constraint_ratio", "vsm_constraint_age_seconds",
    "vsm_littles_law_ratio", "vsm_littles_law_departures_ratio", "vsm_littles_law_endings_ratio",
    "vsm_littles_law_load_ratio", "vsm_littles_law_age_ratio", "vsm_littles_law_identity_ratio",
    "vsm_step_blocked_seconds", "vsm_step_process_working_seconds", "vsm_step_wait_working_seconds",
    "vsm_step_lead_working_seconds", "vsm_step_takt_seconds", "vsm_step_wait_met_ratio", "vsm_step_process_met_ratio",
    "vsm_step_lead_met_ratio", "vsm_step_age_seconds", "vsm_flow_time_working_seconds", "vsm_flow_time_met_ratio",
    "vsm_flow_arrivals", "vsm_takt_seconds", "vsm_flow_handoffs", "vsm_flow_effort_seconds", "vsm_flow_age_seconds",
    "vsm_deployment_days_ratio", "vsm_deployment_batch_size", "vsm_change_coding_seconds", "vsm_change_pickup_seconds",
    "vsm_change_review_seconds", "vsm_change_deploy_seconds", "vsm_change_unaccounted_seconds",
}  # fmt: skip


_BASIS = Basis(
    now=T0,
    seconds=7 * 86_400,
    steps=(StepTally(step="Review", counts={}),),
    targets=dict.fromkeys(("flow_time", "wait", "process", "lead"), ("p85",)),
)


def page_of(*measurements: Measurement, max_series: int = 1000) -> Page:
    """Return a page of partition 0 that took the measurements, each a series of its own."""
    page = Page(max_series)
    for measurement in measurements:
        page.put(0, key(measurement), measurement)
    return page


def key(measurement: Measurement) -> bytes:
    """Return the series of a measurement as a key."""
    m = measurement
    return repr((m.value_stream, m.step, m.metric, m.window, m.statistic, m.kind, m.environment, m.service)).encode()


def text(page: Page, now: int = T0) -> str:
    """Return the page at a time."""
    return b"".join(page.render(now)).decode()


def samples(page_text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what a Prometheus parser reads."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page_text)
        for sample in family.samples
    }


def value(page_text: str, name: str) -> float | None:
    """Return the value of the only series of that name, None if it is absent."""
    return next((found for (found_name, _), found in samples(page_text).items() if found_name == name), None)


def test_a_quantile_carries_its_label() -> None:
    """A p85 is the series with quantile 0.85, its closed labels beside it."""
    found = samples(text(page_of(measured(2.5, statistic="p85"))))
    labels = frozenset({("value_stream", "checkout"), ("step", "Review"), ("window", "7d"), ("quantile", "0.85")})
    assert found == {("vsm_step_wait_seconds", labels): 2.5}


def test_n_stands_behind_a_value() -> None:
    """vsm_measurement_items says how many observations stand behind a metric."""
    found = samples(text(page_of(measured(2.5, n=12))))
    labels = {"value_stream": "checkout", "step": "Review", "window": "7d", "metric": "step_wait_seconds"}
    assert found["vsm_measurement_items", frozenset(labels.items())] == 12


def test_unknown_is_absent() -> None:
    """A measurement without a value makes no series of its name, not a 0."""
    assert value(text(page_of(measured(None))), "vsm_step_wait_seconds") is None


def test_stale_is_absent() -> None:
    """A series that was not measured for more than 180 seconds is gone; at 180 it still stands."""
    page = page_of(measured(1.0))
    shown = [value(text(page, T0 + age), "vsm_step_wait_seconds") for age in (FRESH_MICROS, FRESH_MICROS + 1)]
    assert shown == [1.0, None]


def test_a_series_comes_back_when_it_is_measured_again() -> None:
    """After it was stale, a new measurement makes the series appear again."""
    page = page_of(measured(1.0))
    text(page, T0 + FRESH_MICROS + 1)
    again = measured(4.0, measured_at=T0 + 2 * FRESH_MICROS)
    page.put(0, key(again), again)
    assert value(text(page, T0 + 2 * FRESH_MICROS), "vsm_step_wait_seconds") == 4.0


def test_an_older_measurement_changes_nothing() -> None:
    """Read again from the start, the log's older values do not hide the newer one."""
    page = page_of(measured(2.0, measured_at=T0 + SECOND), measured(1.0))
    assert value(text(page), "vsm_step_wait_seconds") == 2.0


def test_a_revoked_partition_is_gone_at_once() -> None:
    """The series of a partition that is no longer ours vanish with it; the others stay."""
    page = page_of(measured(1.0))
    other = measured(3.0, value_stream="billing")
    page.put(1, key(other), other)
    page.drop([0])
    assert {dict(labels)["value_stream"] for _, labels in samples(text(page))} == {"billing"}


def test_a_tombstone_takes_a_series_away() -> None:
    """A series removed on the log is absent, its n too."""
    page = page_of(measured(1.0))
    page.remove(0, key(measured(1.0)))
    assert text(page) == ""


def test_a_generation_is_shown_when_it_is_active() -> None:
    """What a new generation measures is held unseen until the swap, and then the old one's series are gone."""
    page = Page(1000, active=1)
    old, dropped = measured(1.0, generation=1), measured(1.0, step="Dropped", generation=1)
    new = measured(2.0, generation=2, measured_at=T0 + SECOND)
    for measurement in (old, dropped, new):
        page.put(0, key(measurement), measurement)
    before = text(page)
    page.show(2)
    page.put(0, key(old), msgspec.structs.replace(old, measured_at=T0 + 2 * SECOND))
    after = text(page)
    found = [(value(said, "vsm_step_wait_seconds"), "Dropped" in said) for said in (before, after)]
    assert (found, page.series) == ([(1.0, True), (2.0, False)], 1)


def test_the_newest_generation_is_shown_while_the_active_one_is_not_known() -> None:
    """A page that nobody has told of a generation shows what was built last, each series once."""
    page = page_of(measured(1.0, generation=1), measured(2.0, step="Build", generation=2))
    assert [dict(labels)["step"] for _, labels in samples(text(page))] == ["Build", "Build"]


def test_a_swap_before_the_new_generation_is_measured_leaves_no_gap() -> None:
    """What was shown stays until the active generation has something to show."""
    page = Page(1000, active=1)
    page.put(0, key(measured()), measured(1.0, generation=1))
    page.show(2)
    before = value(text(page), "vsm_step_wait_seconds")
    page.put(0, key(measured()), measured(2.0, generation=2))
    assert (before, value(text(page), "vsm_step_wait_seconds"), page.series) == (1.0, 2.0, 1)


def test_a_generation_gone_back_to_has_gauges_until_it_is_measured_anew() -> None:
    """The page of a generation that nobody measures any more shows the next one's, and not one that is being built."""
    page = Page(1000, active=2)
    page.put(0, key(measured()), measured(2.0, generation=2))
    page.show(1)
    page.put(0, key(measured()), measured(3.0, generation=3))
    meanwhile = value(text(page), "vsm_step_wait_seconds")
    page.show(3)
    assert (meanwhile, value(text(page), "vsm_step_wait_seconds"), page.series) == (2.0, 3.0, 1)


def test_a_measurement_without_a_generation_is_of_the_one_shown() -> None:
    """What a writer of an earlier release says updates the series it is of, and makes no second one."""
    page = Page(1000, active=3)
    page.put(0, key(measured()), measured(1.0, generation=3))
    page.put(0, key(measured()), measured(2.0, measured_at=T0 + SECOND))
    assert (page.series, value(text(page), "vsm_step_wait_seconds")) == (1, 2.0)


def test_what_said_no_generation_stays_when_the_active_one_becomes_known() -> None:
    """Read before anybody told which generation is active, an earlier release's measurements are of that one."""
    page = page_of(measured(1.0))
    page.show(3)
    assert value(text(page), "vsm_step_wait_seconds") == 1.0


def test_series_beyond_the_bound_are_counted() -> None:
    """A page that is full takes updates of what it holds, refuses new series and counts them."""
    page = page_of(measured(1.0), measured(1.0, step="Build"), measured(2.0), max_series=1)
    assert (page.series, page.refused, value(text(page), "vsm_step_wait_seconds")) == (1, 1, 2.0)


def test_services_and_means_of_durations_are_not_shown() -> None:
    """Services are no closed set, and a mean is no quantile: both stay in the tables."""
    assert lines(measured(1.0, service="shop")) + lines(measured(1.0, statistic="mean")) == ()


def test_every_name_of_the_contract_is_a_family() -> None:
    """The page knows the contract's gauges and no others."""
    assert {family.name for family in FAMILIES} == CONTRACT


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_what_the_processors_measure_is_shown(metric: Metric) -> None:
    """Whatever statistic a metric of the contract is measured by, the page shows its value under one name."""
    shown = {
        line.family
        for reading in metric.compute(_BASIS)
        for line in lines(measured(1.0, metric=metric.name, statistic=reading.statistic))
    }
    items = set() if metric.name.endswith("_met_ratio") else {"vsm_measurement_items"}
    wanted = {f"vsm_{metric.name}", *items} if f"vsm_{metric.name}" in CONTRACT else set()
    assert shown == wanted


def test_a_family_stands_in_one_piece() -> None:
    """HELP and TYPE stand once before all series of a name, however many blocks and partitions hold them."""
    page = Page(10_000)
    for number in range(1200):
        series = measured(float(number), value_stream=f"s{number}")
        page.put(number % 3, key(series), series)
    assert text(page).count("# TYPE vsm_step_wait_seconds summary") == 1


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
            st.floats(allow_nan=False) | st.just(math.inf),
        ),
        unique_by=lambda pair: pair[0],
        max_size=20,
    )
)
def test_a_parser_reads_what_the_library_would_have_written(pairs: list[tuple[str, float]]) -> None:
    """Any stream name and any number come out of a parser as they do from prometheus_client's own page."""
    now: dict[str, object] = {"statistic": "now", "step": "", "window": ""}
    page = page_of(*(measured(number, metric="flow_load", value_stream=stream, **now) for stream, number in pairs))
    ours = {at: found for at, found in samples(text(page)).items() if at[0] == "vsm_flow_load"}
    assert ours == samples(library_page(pairs))


def library_page(pairs: Iterable[tuple[str, float]]) -> str:
    """Return the page prometheus_client makes of the same gauges."""
    registry = CollectorRegistry()
    gauge = Gauge("vsm_flow_load", "Items active or waiting now.", ["value_stream"], registry=registry)
    for stream, number in pairs:
        gauge.labels(stream).set(number)
    return generate_latest(registry).decode()
