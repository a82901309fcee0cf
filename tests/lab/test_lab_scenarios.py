from __future__ import annotations

from functools import lru_cache

import msgspec
import pytest
from msgspec.structs import replace

from lab.announced import Announcement, false_ratio, found_ratio, worst_false_ratio
from lab.completeness import BIAS, Kept, mean_error, score_bias, score_completeness
from lab.organisation import STREAMS, definition
from lab.scenarios import SCENARIOS, Scenario, arriving, happened
from lab.score import markdown, unmet
from lab.score_measurements import WITHOUT_TRUTH
from lab.simulate import DEFAULT_END
from metrics import METRICS
from vsm.truth.runs import Ran, run

END = DEFAULT_END * 1_000_000
NAMED = {scenario.name: scenario for scenario in SCENARIOS}
SEED = 31


@lru_cache(maxsize=16)
def ran(name: str) -> Ran:
    """A smaller run of a scenario, in process."""
    scenario = NAMED[name]
    return run(replace(scenario, items=scenario.items // 2), SEED, in_process=True)


@pytest.mark.parametrize("name", list(NAMED))
def test_every_scenario_is_measured_as_it_truly_was(name: str) -> None:
    """Rows, links and numbers are what the organisation knows; what was lost is what the completeness reads."""
    assert markdown(unmet(ran(name).rows)) == markdown([])


@pytest.mark.parametrize("name", list(NAMED))
def test_no_step_is_announced_that_does_not_limit_its_stream(name: str) -> None:
    """Neither another one than the planted, nor any in a stream in balance."""
    assert [one for one in ran(name).announcements if one.is_false] == []


def test_every_metric_has_a_true_value_or_a_reason_why_not() -> None:
    """A new metric is not believed before the lab knows what it should be."""
    scored = {metric for name in ("base", "calendars") for metric in ran(name).errors}

    assert {metric.name for metric in METRICS} - scored == set(WITHOUT_TRUTH)


def test_a_loss_takes_deliveries_at_random_and_all_of_an_outage() -> None:
    """About a twentieth is lost anywhere else, everything in those hours."""
    scenario = replace(NAMED["lost webhooks"], items=200)
    loss = scenario.loss
    assert loss is not None
    every = list(happened(scenario, SEED, END))
    kept = list(arriving(loss, every, SEED, END))
    begins = END - loss.outage_before_end * 1_000_000
    ends = begins + loss.outage_lasts * 1_000_000

    inside = [one for one in kept if begins <= one.at < ends]

    assert (inside, 0.93 < len(kept) / len(every) < 0.97) == ([], True)


def test_without_a_loss_everything_arrives() -> None:
    """The empty case of losing."""
    every = list(happened(replace(SCENARIOS[0], items=30), SEED, END))

    assert list(arriving(None, every, SEED, END)) == every


def test_pushes_to_the_main_branch_of_a_repository_of_several_services_follow_on_one_another() -> None:
    """Each says that the head before it was the one that the push before it left, whichever service pushed."""
    every = happened(replace(NAMED["monorepo"], items=60), SEED, END)
    bodies = [msgspec.json.decode(one.body) for one in every if one.headers.get("X-GitHub-Event") == "push"]
    pushes = {body["after"]: body["before"] for body in bodies if body["ref"] == "refs/heads/main"}

    roots = {before for before in pushes.values() if before not in pushes}

    assert (len(roots), len(set(pushes.values())), len(pushes) > 20) == (1, len(pushes), True)


def test_a_shift_changes_the_paces_on_its_day_and_what_limits_the_stream() -> None:
    """Before the day as planted, from it on as it is later."""
    stream = NAMED["shifted constraint"].streams[0]
    later = stream.later
    assert later is not None

    paces = [stream.at_day(day).develop for day in (later.from_day - 1, later.from_day)]

    assert (paces, stream.limits_at_the_end) == ([stream.develop, later.develop], later.constraint)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_stream_of_every_scenario_has_a_definition(scenario: Scenario) -> None:
    """Its calendar, its services and its targets are those of the organisation."""
    streams = definition(scenario.streams).value_streams

    assert [(s.name, s.calendar is None, bool(s.services)) for s in streams] == [
        (s.name, s.hours is None, bool(s.repository)) for s in scenario.streams
    ]


def test_a_base_of_one_change_at_a_time() -> None:
    """The base comes first and is the organisation that the demo shows."""
    assert SCENARIOS[0].streams == STREAMS


def announcement(planted: str, announced: str) -> Announcement:
    """What was planted in some stream, and what was announced."""
    return Announcement(value_stream="checkout", planted=planted, announced=announced)


def test_found_counts_what_was_planted_and_false_each_population_for_itself() -> None:
    """Silence is neither found nor false; in balance anything announced is false, and counts among those in balance."""
    several = [announcement("Review", "Review"), announcement("Review", ""), announcement("Review", "Build"),
               announcement("", "Build"), announcement("", "")]  # fmt: skip

    ratios = (found_ratio(several), false_ratio(several, planted=True), false_ratio(several, planted=False))

    assert ratios == (1 / 3, 1 / 3, 1 / 2)


def test_many_streams_with_a_constraint_do_not_hide_false_announcements_in_balance() -> None:
    """The greater of the two shares counts, however few the runs of its population."""
    several = [*[announcement("Review", "Review")] * 98, announcement("", "Build"), announcement("", "")]

    assert worst_false_ratio(several) == 1 / 2


def test_of_no_runs_nothing_is_known_of_announcements() -> None:
    """The empty case: unknown, not 0."""
    assert (found_ratio([]), false_ratio([], planted=True), worst_false_ratio([])) == (None, None, None)


@pytest.mark.parametrize(("measured", "met"), [(0.95, True), (0.93, True), (0.90, False), (None, False)])
def test_completeness_that_reads_something_else_is_noticed(measured: float | None, met: bool) -> None:  # noqa: FBT001 - a case
    """Within what is allowed it holds, beyond it does not, and unknown is no answer."""
    assert [row.met for row in score_completeness([arrived(0.95, measured)])] == [met]


@pytest.mark.parametrize(("off", "met"), [(BIAS - 0.001, [True]), (BIAS + 0.001, [False]), (-BIAS - 0.001, [False])])
def test_completeness_that_is_always_off_to_one_side_is_noticed(off: float, met: list[bool]) -> None:
    """Each error alone is allowed; their mean is not."""
    several = [arrived(0.95, 0.95 + off) for _ in range(9)]

    assert [row.met for row in score_bias(several)] == met


def test_an_outage_and_few_runs_say_nothing_of_a_bias() -> None:
    """What an outage took whole is known to be missed; the mean of few errors is chance."""
    several = [*[arrived(0.95, 0.98, "lost webhooks")] * 20, *[arrived(0.95, 0.98)] * 8]

    assert list(score_bias(several)) == []


def test_errors_of_both_signs_cancel() -> None:
    """The mean keeps the signs; of nothing known it is unknown."""
    assert (mean_error([arrived(0.5, 0.75), arrived(0.5, 0.25)]), mean_error([arrived(0.5, None)])) == (0, None)


@pytest.mark.parametrize(("name", "outage"), [("lost webhooks", True), ("lost one by one", False)])
def test_what_was_lost_is_told_apart_by_what_took_it(name: str, outage: bool) -> None:  # noqa: FBT001 - a case
    """By chance or by the outage: together with what arrived it is everything."""
    kept = ran(name).kept
    whole = {round(one.true + one.by_chance + one.in_outage, 9) for one in kept}

    assert (whole, any(one.in_outage for one in kept)) == ({1.0}, outage)


def test_enough_is_under_way_at_the_end_that_its_ages_are_compared() -> None:
    """Quantiles of the ages of open stays are known to the truth and to the product alike."""
    ages = ran("much under way").errors["step_age_seconds"]

    assert (len(ages.relative) > 0, ages.unlike) == (True, 0)


def arrived(true: float, measured: float | None, scenario: str = "lost one by one") -> Kept:
    """What arrived of some stream's facts, and what was measured of it."""
    return Kept(
        scenario=scenario, value_stream="checkout", true=true, by_chance=1 - true, in_outage=0.0,
        measured=measured, allowed=0.03, n=100,
    )  # fmt: skip
