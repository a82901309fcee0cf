"""What facts presuppose: what counts as lost, what does not, and that the order of arrival changes nothing."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.feed import told as share_told
from processors.facts import Fact, from_event
from processors.presupposed import DAY_MICROS, Presupposed
from schemas.event import FlowEvent

DAY = 20_000


def told(uri: str, *types: str, day: int = DAY, delivery: str = "") -> tuple[str, list[Fact]]:
    """Return an entity with facts of these types, a minute apart, each of its own delivery unless one is given."""
    at = day * DAY_MICROS
    return uri, [
        from_event(
            FlowEvent(
                event_id=f"{n:02x}", type=kind, occurred_at=at + n * 60_000_000, received_at=at + n * 60_000_000,
                tool="github", source="acme", delivery_id=delivery or f"{n}", subject_id=uri, value_stream="checkout",
            ),
            frozenset(),
        )
        for n, kind in enumerate(types)
    ]  # fmt: skip


def counted(*entities: tuple[str, list[Fact]]) -> Presupposed:
    """Return the count over some entities."""
    found = Presupposed()
    for uri, facts in entities:
        found.move(uri, (), facts)
    return found


WHOLE = [told(f"run:github/acme/{n}/1", "pipelinerun.started", "pipelinerun.finished") for n in range(3)]


def test_a_run_that_finished_without_a_start_lost_one() -> None:
    """Beside three that are whole."""
    found = counted(*WHOLE, told("run:github/acme/9/1", "pipelinerun.finished"))
    assert found.told().days == {DAY: (4, 3)}


def test_what_a_tool_never_tells_is_not_lost() -> None:
    """Another tool's runs have no start at all."""
    found = counted(*WHOLE, *(told(f"run:circleci/acme/{n}/1", "pipelinerun.finished") for n in range(9)))
    assert found.told().days == {DAY: (3, 3)}


def test_what_one_delivery_told_together_says_nothing() -> None:
    """It would arrive or be lost as one."""
    run = told("run:github/acme/9/1", "pipelinerun.started", "pipelinerun.finished", delivery="d")
    assert counted(run).told().days == {}


def test_a_ticket_from_before_anybody_listened_is_not_lost() -> None:
    """Its number is below the least that was seen to be created; one above it that nobody saw created is."""
    old, lost = told("ticket:jira/CHK-3", "ticket.updated"), told("ticket:jira/CHK-12", "ticket.updated")
    seen = [told(f"ticket:jira/CHK-{n}", "ticket.created", "ticket.closed") for n in (10, 11, 13)]
    assert counted(old, lost, *seen).told().days == {DAY: (4, 3)}


def test_a_ticket_of_which_only_the_creation_is_known_presupposes_nothing() -> None:
    """Nothing later says that it should have been told."""
    assert counted(told("ticket:jira/CHK-3", "ticket.created")).told().days == {}


def test_an_incident_may_have_been_detected_or_reported() -> None:
    """Either is its begin."""
    detected = told("incident:pagerduty/A", "incident.detected", "incident.resolved")
    reported = told("incident:pagerduty/B", "incident.reported", "incident.resolved")
    assert counted(detected, reported).told().days == {DAY: (2, 2)}


@given(
    st.permutations(
        [told("ticket:jira/CHK-7", "ticket.updated"), told("ticket:jira/CHK-07", "ticket.closed", day=DAY + 9)]
    )
)
def test_two_tickets_of_one_number_are_two(lost: list[tuple[str, list[Fact]]]) -> None:
    """A name with a leading zero is another ticket's: each was lost, whichever was told of first."""
    born = [told(f"ticket:jira/CHK-{n}", "ticket.created", "ticket.updated") for n in (1, 2, 3)]
    assert counted(*born, *lost).told().days == {DAY: (4, 3), DAY + 9: (1, 0)}


def test_a_clock_that_is_a_century_ahead_hides_no_loss() -> None:
    """What is told of the other days is told as before."""
    lost = told("run:github/acme/9/1", "pipelinerun.finished")
    ahead = told("run:github/acme/8/1", "pipelinerun.started", "pipelinerun.finished", day=DAY + 36_500)
    assert counted(*WHOLE, lost, ahead).told().days == {DAY: (4, 3), DAY + 36_500: (1, 1)}


def test_the_least_number_taken_back_asks_for_a_new_count() -> None:
    """What is lost depends on it."""
    uri, facts = told("ticket:jira/CHK-10", "ticket.created", "ticket.closed")
    found = counted((uri, facts))
    found.move(uri, facts, facts[1:])
    assert found.stale


def test_the_share_reads_what_was_lost() -> None:
    """Of 3,000 runs each delivery is lost with one chance in ten: the share is near nine tenths."""
    chance = random.Random(7)
    runs = [told(f"run:github/acme/{n}/1", "pipelinerun.started", "pipelinerun.finished") for n in range(3_000)]
    kept = [(uri, [fact for fact in facts if chance.random() > 0.1]) for uri, facts in runs]
    presupposed, known = counted(*kept).told().days[DAY]
    assert abs(known / presupposed - 0.9) < 0.02


def queued(number: int, *, retold: bool = False) -> tuple[str, list[Fact]]:
    """Return a run that was queued and started, each of its own delivery, or both told by that of the start."""
    delivery = "start" if retold else ""
    return told(f"run:jenkins/acme/{number}/1", "pipelinerun.queued", "pipelinerun.started", delivery=delivery)


def test_what_later_deliveries_tell_again_says_nothing_of_losses() -> None:
    """Of five queued runs one was told only by its start: nothing of them is seen lost, and all have two tellers."""
    found = counted(*WHOLE, *(queued(n) for n in range(4)), queued(4, retold=True)).told()
    assert (found.days, found.twice) == ({DAY: (3, 3)}, 5)


def test_where_everything_is_told_again_that_is_all_there_is() -> None:
    """A stream of nothing but such runs is judged by them."""
    found = counted(*(queued(n) for n in range(4)), queued(4, retold=True)).told()
    assert (found.days, found.twice) == ({DAY: (4, 4)}, 0)


def test_what_is_mostly_told_together_has_one_teller() -> None:
    """Most starts tell the queueing, few queueings tell themselves: nothing of it counts."""
    found = counted(*WHOLE, queued(0), *(queued(n, retold=True) for n in range(1, 9))).told()
    assert (found.days, found.twice) == ({DAY: (3, 3)}, 0)


def test_the_share_counts_what_arrives_by_a_second_delivery() -> None:
    """Each delivery is lost with one chance in ten; those of starts tell the queueing too."""
    chance = random.Random(11)
    kept: list[tuple[str, list[Fact]]] = []
    for n in range(4_000):
        uri, (queue, start) = queued(n)
        retelling = queued(n, retold=True)[1]
        came, started = chance.random() > 0.1, chance.random() > 0.1
        kept.append((uri, [queue, start] if came and started else retelling if started else [queue] if came else []))
    for n in range(2_000):
        uri, facts = told(f"run:github/acme/{n}/1", "pipelinerun.started", "pipelinerun.finished")
        kept.append((uri, [fact for fact in facts if chance.random() > 0.1]))
    arrived = sum(len(facts) for _, facts in kept)
    found = counted(*kept).told()
    assert abs(share_told(found.days, DAY, DAY, found.twice / arrived) - arrived / 12_000) < 0.01


History = list[tuple[str, list[list[Fact]]]]

KINDS = {
    "run:github/acme/{}/1": ("pipelinerun.queued", "pipelinerun.started", "pipelinerun.finished"),
    "ticket:jira/CHK-{}": ("ticket.created", "ticket.updated", "ticket.closed"),
    "deployment:argocd/{}": ("deployment.started", "service.deployed"),
}


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw entities, each with the growing sets of facts that are known of it."""
    drawn = []
    for number in range(draw(st.integers(1, 6))):
        name, types = draw(st.sampled_from(list(KINDS.items())))
        day, delivery = DAY + draw(st.integers(0, 2)), draw(st.sampled_from(["", "one"]))
        uri, facts = told(name.format(number), *types, day=day, delivery=delivery)
        order = draw(st.permutations(facts))
        kept = order[: draw(st.integers(0, len(order)))]
        grown = [sorted(kept[: n + 1], key=Fact.place) for n in range(len(kept))]
        drawn.append((uri, grown))
    return drawn


@settings(deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_count_is_a_function_of_the_facts(
    history: list[tuple[str, list[list[Fact]]]], chance: random.Random
) -> None:
    """However the facts of several entities arrived, the count is that of the facts that are there."""
    moves = [(uri, n) for uri, grown in history for n in range(len(grown))]
    chance.shuffle(moves)
    states: dict[str, list[list[Fact]]] = dict(history)
    found, known = Presupposed(), dict.fromkeys(states, 0)
    for uri, _ in moves:
        n = known[uri]
        found.move(uri, states[uri][n - 1] if n else (), states[uri][n])
        known[uri] += 1
    at_once = counted(*((uri, grown[-1]) for uri, grown in history if grown))
    assert found.told() == at_once.told()
