"""The batch definition of every metric says what the rolling measures say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import METRICS
from metrics.reading import Metric
from metrics.recompute import NOT_FROM_ROWS, Asked, NotFromRows, recompute
from schemas.derived import Derived
from schemas.measurement import Measurement
from tests.builders.measured import DEFINITION, NOW, STREAM, fed
from tests.builders.random_rows import rows

FROM_ROWS = [metric for metric in METRICS if metric.scope not in NOT_FROM_ROWS]
BY_NAME = {metric.name: metric for metric in METRICS}
LATER = st.sampled_from([0, 1, 59_999_999, 7 * 3_600_000_001, 3 * 86_400_000_000])


def asked(metric: Metric, said: Measurement, now: int) -> Asked:
    """Return the question that a measurement answers."""
    stream = DEFINITION.stream(STREAM)
    assert stream is not None
    by_kind = metric.by_kind
    return Asked(
        stream=stream,
        metric=metric,
        now=now,
        window=said.window,
        step=said.step,
        kind=said.kind if by_kind else "",
        environment=said.environment,
        service=said.service,
    )


def again(drawn: list[Derived], said: Measurement, now: int) -> list[tuple[object, ...]]:
    """Return what recomputing gives for a measurement's own series."""
    metric = BY_NAME[said.metric]
    return [
        (r.value, r.n, r.lower, r.upper)
        for r in recompute(drawn, asked(metric, said, now))
        if r.statistic == said.statistic
        and (not r.step or r.step == said.step)
        and (metric.by_kind or r.kind == said.kind)
    ]


@given(rows(), LATER)
@settings(max_examples=15, deadline=None)
def test_recomputing_gives_what_was_measured(drawn: list[Derived], later: int) -> None:
    """Every series of every metric: value, n and interval, whatever the rows are and wherever the clock stands."""
    now = NOW + later
    own = [row for row in drawn if row.value_stream == STREAM]
    wrong = [
        (said, found)
        for said in fed(drawn, now).measure_all(now, {})
        if said.value_stream == STREAM and BY_NAME[said.metric].scope not in NOT_FROM_ROWS
        if (found := again(own, said, now)) != [(said.value, said.n, said.lower, said.upper)]
    ]
    assert wrong == []


@pytest.mark.parametrize("metric", [m for m in METRICS if m.scope in NOT_FROM_ROWS], ids=lambda metric: metric.name)
def test_what_is_measured_of_facts_says_so(metric: Metric) -> None:
    """No rows give the age or the completeness of facts: asking for it is an error that names the metric."""
    stream = DEFINITION.stream(STREAM)
    assert stream is not None
    with pytest.raises(NotFromRows, match=metric.name):
        recompute([], Asked(stream=stream, metric=metric, now=NOW, window="30d"))
