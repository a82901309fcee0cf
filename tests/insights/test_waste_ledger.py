"""The waste ledger: every rule on a small item, and what holds for all."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from insights.waste.case import Case, Charge, Failure, Run, Span
from insights.waste.ledger import ledger
from insights.waste.rules import RULES, WASTES, Category
from insights.waste.sums import By, Price, Sums
from processors.items import flow_parts
from processors.steps import Visit, bridge
from processors.visits import visit_row
from schemas.derived import BRIDGED, SENT_BACK, Change, StepVisit
from schemas.event import ActorClass
from tests.builders.waste_cases import HOUR, at, case, cases, stay, told

FIRST, SECOND = "run:ci/acme/1/1", "run:ci/acme/2/1"
MERGED = Change(value_stream="checkout", change_id="change:a/1", repository="a", merged_at=at(4))
REVIEWED = stay("Review", 0, 2, 4)
EXAMPLES = {
    "value": (
        case(REVIEWED, over=4),
        [(2, "waiting", "Review", "queued"), (2, "value_adding", "Review", "value")],
    ),
    "a step without value": (
        case(stay("Backlog", 0, 0, 4), over=4),
        [(4, "extra_processing", "Backlog", "no_value")],
    ),
    "nothing known": (
        case(over=4),
        [(4, "unaccounted", "", "")],
    ),
    "a stay without a start": (
        case(stay("Review", 0, None, 3), over=4),
        [(3, "unaccounted", "Review", ""), (1, "unaccounted", "", "")],
    ),
    "blocked": (
        case(stay("Review", 0, 1, 6, blocked=[2, 4]), over=6),
        [
            (1, "waiting", "Review", "queued"), (1, "value_adding", "Review", "value"),
            (2, "waiting", "Review", "blocked"), (2, "value_adding", "Review", "value"),
        ],
    ),
    "between steps": (
        case(stay("Develop", 0, 0, 2), stay("Review", 3, 3, 4, gap=1), over=4),
        [
            (2, "value_adding", "Develop", "value"), (1, "waiting", "Review", "between_steps"),
            (1, "value_adding", "Review", "value"),
        ],
    ),
    "handed over": (
        case(stay("Review", 0, 0, 2), stay("Verify", 3, 5, 6, gap=1), over=6),
        [
            (2, "value_adding", "Review", "value"), (3, "transportation", "Verify", "handed_over"),
            (1, "value_adding", "Verify", "value"),
        ],
    ),
    "crowded": (
        case(stay("Verify", 0, 4, 5), over=5, crowded={"Verify": [Span(at(1), at(3))], "Review": [Span(at(0), at(9))]}),
        [
            (1, "waiting", "Verify", "queued"), (2, "inventory", "Verify", "crowded"),
            (1, "waiting", "Verify", "queued"), (1, "value_adding", "Verify", "value"),
        ],
    ),
    "by hand": (
        case(stay("Deploy", 0, 1, 3, started_by=ActorClass.HUMAN), over=3),
        [(1, "waiting", "Deploy", "queued"), (2, "non_used_talent", "Deploy", "manual")],
    ),
    "by machine": (
        case(stay("Deploy", 0, 1, 3, started_by=ActorClass.BOT), over=3),
        [(1, "waiting", "Deploy", "queued"), (2, "value_adding", "Deploy", "value")],
    ),
    "elsewhere": (
        case(stay("Develop", 0, 0, 6), over=6, elsewhere=[Span(at(2), at(3))]),
        [
            (2, "value_adding", "Develop", "value"), (1, "motion", "Develop", "elsewhere"),
            (3, "value_adding", "Develop", "value"),
        ],
    ),
    "a machine is nowhere else": (
        case(stay("Build", 0, 0, 6, subject=FIRST), over=6, elsewhere=[Span(at(2), at(3))]),
        [(6, "value_adding", "Build", "value")],
    ),
    "sent back": (
        case(
            stay("Develop", 0, 0, 2, subject="commit:ab", returned=True),
            stay("Review", 2, 3, 4, outcome=SENT_BACK),
            stay("Develop", 4, 4, 6, number=2),
            stay("Review", 6, 7, 8, number=2),
            over=8,
        ),
        [
            (2, "value_adding", "Develop", "value"), (1, "waiting", "Review", "queued"),
            (1, "value_adding", "Review", "value"), (2, "defects", "Develop", "rework"),
            (1, "defects", "Review", "rework"), (1, "defects", "Review", "rework"),
        ],
    ),
    "another change is no rework": (
        case(
            stay("Review", 0, 0, 2, returned=True), stay("Review", 2, 2, 4, number=2, subject="change:a/2"), over=4
        ),
        [(4, "value_adding", "Review", "value")],
    ),
    "a failed build is mended": (
        case(
            stay("Build", 0, 0, 1, subject=FIRST, outcome="failure"),
            stay("Build", 3, 3, 4, number=2, subject=SECOND),
            over=4,
        ),
        [
            (1, "value_adding", "Build", "value"), (2, "defects", "", "repair"), (1, "defects", "Build", "rework"),
        ],
    ),
    "another attempt": (
        case(
            stay("Build", 0, 0, 1, subject=FIRST, outcome="failure"),
            stay("Build", 1, 1, 4, number=2, subject="run:ci/acme/1/2"),
            over=4,
        ),
        [(1, "value_adding", "Build", "value"), (3, "extra_processing", "Build", "rerun")],
    ),
    "the same pipeline on the same commit": (
        case(
            stay("Build", 0, 0, 1, subject=FIRST), stay("Build", 1, 1, 4, number=2, subject=SECOND), over=4,
            runs={FIRST: Run("main", ("commit:ab",)), SECOND: Run("main", ("commit:ab",))},
        ),
        [(1, "value_adding", "Build", "value"), (3, "extra_processing", "Build", "rerun")],
    ),
    "another pipeline on the same commit": (
        case(
            stay("Build", 0, 0, 1, subject=FIRST), stay("Build", 1, 1, 4, number=2, subject=SECOND), over=4,
            runs={FIRST: Run("main", ("commit:ab",)), SECOND: Run("lint", ("commit:ab",))},
        ),
        [(4, "value_adding", "Build", "value")],
    ),
    "a failed deployment": (
        case(REVIEWED, over=8, failures=[Failure("change:a/1", at(3), at(6))]),
        [
            (2, "waiting", "Review", "queued"), (1, "value_adding", "Review", "value"),
            (1, "defects", "Review", "failed_deployment"), (2, "defects", "", "failed_deployment"),
            (2, "unaccounted", "", ""),
        ],
    ),
    "never recovered": (
        case(REVIEWED, over=8, failures=[Failure("change:a/1", at(4), None)]),
        [
            (2, "waiting", "Review", "queued"), (2, "value_adding", "Review", "value"),
            (4, "defects", "", "failed_deployment"),
        ],
    ),
    "an abandoned item": (
        case(REVIEWED, over=5, state="abandoned"),
        [
            (2, "waiting", "Review", "queued"), (2, "overproduction", "Review", "abandoned"),
            (1, "unaccounted", "", ""),
        ],
    ),
    "an abandoned change of an item": (
        case(
            stay("Review", 0, 0, 2, outcome="abandoned"), stay("Review", 2, 2, 4, number=2, subject="change:a/2"),
            over=4,
        ),
        [(2, "overproduction", "Review", "abandoned"), (2, "value_adding", "Review", "value")],
    ),
    "merged and passed over by a release": (
        case(REVIEWED, over=8, changes=[MERGED], released={"a": at(5)}),
        [
            (2, "waiting", "Review", "queued"), (2, "overproduction", "Review", "unreleased"),
            (4, "overproduction", "", "unreleased"),
        ],
    ),
    "merged and perhaps on its way": (
        case(REVIEWED, over=8, changes=[MERGED], released={"a": at(4)}),
        [
            (2, "waiting", "Review", "queued"), (2, "value_adding", "Review", "value"), (4, "unaccounted", "", ""),
        ],
    ),
    "value beside rework": (
        case(
            stay("Develop", 0, 0, 1, returned=True), stay("Develop", 1, 1, 4, number=2), stay("Review", 2, 2, 3), over=4
        ),
        [
            (1, "value_adding", "Develop", "value"), (1, "defects", "Develop", "rework"),
            (1, "value_adding", "Review", "value"), (1, "defects", "Develop", "rework"),
        ],
    ),
    "an end that nobody told": (
        case(stay("Review", 0, 1, 4, outcome=BRIDGED), over=4),
        [(1, "waiting", "Review", "queued"), (3, "unaccounted", "Review", "")],
    ),
    "not over": (case(REVIEWED, over=None), []),
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_a_piece_goes_to_the_first_rule_that_claims_it(example: tuple[Case, list[object]]) -> None:
    """Hours, category, step and evidence, in the order of time."""
    assert told(example[0]) == example[1]


def test_every_rule_has_an_example() -> None:
    """And so has every waste."""
    found = {(category, rule) for of, _ in EXAMPLES.values() for _, category, _, rule in told(of)}
    assert found == {(rule.category.value, rule.name) for rule in RULES} | {("unaccounted", "")}
    assert {rule.category for rule in RULES} == {*WASTES, Category.VALUE_ADDING}


@given(cases())
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_and_nothing_counts_twice(drawn: Case) -> None:
    """The pieces follow on one another without a hole from start to finish: in whole microseconds they sum to it."""
    pieces = ledger(drawn)
    ends = [drawn.item.started_at, *(piece.until for piece in pieces)]
    begins = [*(piece.begin for piece in pieces), drawn.item.finished_at]
    assert ends == begins or (not pieces and drawn.item.started_at == drawn.item.finished_at)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_a_piece_is_charged_as_the_items_own_parts_are(drawn: Case) -> None:
    """Process, blocked, wait and unaccounted of the rows come to what the engine says of the visits behind them."""
    started, finished = drawn.item.started_at or 0, drawn.item.finished_at or 0
    behind = [_visit(row) for row in drawn.visits]
    parts = flow_parts(behind, started, finished)
    bridge(behind, finished)
    charged = Counter[Charge]()
    for piece in ledger(Case(item=drawn.item, visits=[_row(visit) for visit in behind])):
        charged[piece.charge] += piece.micros
    assert tuple(charged[c] for c in Charge) == parts


def _visit(row: StepVisit) -> Visit:
    """Return a visit as the engine holds it: blocked within its stay, and no more so when the item was over."""
    end, flat = row.finished_at, row.blocked_spans
    told = zip(flat[::2], flat[1::2], strict=False)
    blocks: list[tuple[int, int | None]] = [
        (a, b if end is None else min(b, end)) for a, b in told if end is None or a < end
    ]
    explicit = row.gap_micros is not None and row.queued_at is not None
    return Visit(
        step=row.step, number=row.visit, subject=row.subject_id, explicit=explicit,
        outcome=None if row.outcome == BRIDGED and end is None else row.outcome,
        before=(row.queued_at or 0) - (row.gap_micros or 0) if explicit else None,
        queued=row.queued_at, started=row.started_at, finished=end, blocks=blocks,
    )  # fmt: skip


def _row(visit: Visit) -> StepVisit:
    """Return the row that the engine writes of a visit."""
    return visit_row(visit, stream="checkout", item="i", kind=None, counted=True, calendar=None, version="v1")


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_what_is_known_changes_nothing(drawn: Case, chance: Random) -> None:
    """Whatever order failures, changes and spans come in, the ledger is the same."""
    mixed = {name: list(getattr(drawn, name)) for name in ("changes", "failures", "elsewhere")}
    for each in mixed.values():
        chance.shuffle(each)
    other = Case(
        item=drawn.item, visits=drawn.visits, steps=drawn.steps, crowded=drawn.crowded, runs=drawn.runs,
        released=drawn.released, **mixed,
    )  # fmt: skip
    assert ledger(other) == ledger(drawn)


@given(st.lists(cases(), max_size=5), st.sampled_from(By))
@settings(max_examples=40, deadline=None)
def test_sums_of_groups_are_the_streams(drawn: list[Case], by: By) -> None:
    """By step, kind or item: whole microseconds, category for category, and all together the flow times."""
    sums = Sums(by)
    for each in drawn:
        sums.add(each.item, ledger(each))
    names = [group.name for group in sums.report("checkout", (0, 1), None, "").groups]
    groups = [sums.micros(name) for name in names] if by is not By.CATEGORY else [sums.micros()]
    flow = sum((each.item.finished_at or 0) - (each.item.started_at or 0) for each in drawn)
    added = {category: sum(group[category] for group in groups) for category in Category}
    assert (added, sum(added.values())) == (sums.micros(), flow)


@given(st.lists(cases(), max_size=5), st.sampled_from(By), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_most_wasteful_groups_are_the_first_of_all(drawn: list[Case], by: By, most: int) -> None:
    """However few are asked for, and whatever else is said stays as it is."""
    sums = Sums(by)
    for each in drawn:
        sums.add(each.item, ledger(each))
    few, whole = (sums.report("checkout", (0, 1), None, "", limit) for limit in (most, None))
    wasted = [sum(group.categories[c].seconds for c in WASTES) for group in whole.groups]
    assert (few, wasted) == (replace(whole, groups=whole.groups[:most]), sorted(wasted, reverse=True))


def test_time_is_priced_by_the_hour() -> None:
    """Four hours at 95 a hour, half of them waste; what has no price costs nothing known."""
    sums = Sums(By.CATEGORY)
    each = case(REVIEWED, over=4)
    sums.add(each.item, ledger(each))
    priced = sums.report("checkout", (0, HOUR), Price(95.0, "EUR"), "v1")
    plain = sums.report("checkout", (0, HOUR), None, "v1")
    assert (priced.flow.cost, priced.waste.cost, priced.waste.share, plain.waste.cost) == (380.0, 190.0, 0.5, None)
