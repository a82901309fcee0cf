"""Records of facts: the same bytes for any order and number of copies, bounded, and nothing lost on the way."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.engine import StepFailed
from processors.facts import MOST_FACTS, Fact, attributes_of_rules, from_event, unpacked, with_fact
from processors.partition import Partition
from schemas.derived import Change
from schemas.event import ActorClass, FlowEvent
from schemas.forgetting import forget_fact
from schemas.state import EntityRecord
from tests.builders import engine_events as say
from tests.builders.engine_rows import folded, one_stream

KEPT = attributes_of_rules(one_stream())


def record(events: list[FlowEvent]) -> bytes:
    """The record that these facts of one entity make."""
    packed: bytes | None = None
    for event in events:
        packed = with_fact(packed, from_event(event, KEPT))
    return packed or b""


EVENTS = st.builds(
    lambda hours, told, received, delivery: say.fact(
        "ticket.updated", "ticket:jira/A-1", hours, told=told, received=received, delivery=delivery
    ),
    st.integers(min_value=0, max_value=3).map(float),
    st.sampled_from(("", "a", "b")),
    st.integers(min_value=0, max_value=2).map(float),
    st.sampled_from((str(uuid.UUID(int=7)), "ab" * 8, "plain text")),
)


@given(st.lists(EVENTS, min_size=1, max_size=8).flatmap(lambda es: st.tuples(st.just(es), st.permutations(es))))
@settings(max_examples=60, deadline=None)
def test_a_record_is_the_same_for_any_order(both: tuple[list[FlowEvent], list[FlowEvent]]) -> None:
    """Facts in any order, copies among them, make the same bytes."""
    assert record(both[0]) == record(both[1])


def test_of_two_copies_the_first_to_arrive_stands() -> None:
    """The smaller arrival, then the smaller delivery id."""
    early = say.fact("ticket.created", "ticket:jira/A-1", 0, received=1, delivery="b")
    late = replace(early, received_at=early.received_at + 1, delivery_id="a")
    twin = replace(early, delivery_id="a")
    assert record([late, early, twin]) == record([twin])


def test_an_entity_keeps_its_smallest_facts_and_says_that_it_had_more() -> None:
    """Beyond the most facts the latest are squeezed out, in any order the same."""
    events = [say.fact("ticket.updated", "ticket:jira/A-1", hours) for hours in range(MOST_FACTS + 2)]
    facts = [from_event(e, KEPT) for e in events]
    packed = _packed(facts[2:])
    for fact in facts[:2]:
        packed = with_fact(packed, fact)
    kept, squeezed = unpacked(packed)
    assert (len(kept), kept[0].occurred_at, kept[-1].occurred_at, squeezed) == (
        MOST_FACTS,
        say.at(0),
        say.at(MOST_FACTS - 1),
        True,
    )


def test_a_correction_is_not_squeezed_out() -> None:
    """It is later than what it corrects, and holds of an entity with however many facts."""
    events = [say.fact("ticket.updated", "ticket:jira/A-1", hours) for hours in range(MOST_FACTS)]
    packed = _packed([from_event(event, KEPT) for event in events])
    denied = from_event(say.fact("link.denied", "ticket:jira/A-1", MOST_FACTS + 9), KEPT)
    kept, _ = unpacked(with_fact(packed, denied))
    assert (len(kept), kept[-1].type) == (MOST_FACTS, "link.denied")


def _packed(facts: list[Fact]) -> bytes:
    """A record of many facts, put together at once."""
    import msgspec

    return msgspec.msgpack.encode([facts, False])


@pytest.mark.parametrize(
    "wrong", [{"occurred_at": -1}, {"occurred_at": 2**62}, {"subject_id": ""}, {"order": 2**70}, {"state": "\ud800"}]
)
def test_a_fact_that_cannot_be_kept_fails_and_leaves_no_trace(wrong: dict[str, int | str]) -> None:
    """The step fails, and the next drain has nothing of it."""
    partition = folded(say.created("CHK-1", 0))
    partition.drain(1)
    with pytest.raises(StepFailed):
        partition.fold(replace(say.moved("CHK-1", "Doing", 1), **wrong))
    assert partition.drain(2).records == ()


def test_a_fact_seen_before_emits_its_rows_again() -> None:
    """A crash may have eaten them: the same rows at the new revision, and the record."""
    partition = folded(say.created("CHK-1", 0))
    first = partition.drain(1)
    partition.fold(say.created("CHK-1", 0))
    again = partition.drain(2)
    assert (again.records, [u.before == u.after for u in again.updates]) == (first.records, [True] * len(first.updates))


def test_signs_say_how_fresh_and_whole_a_stream_is() -> None:
    """Facts are counted once, the newest times kept."""
    partition = folded(say.created("CHK-1", 0), say.created("CHK-1", 0), say.moved("CHK-1", "Doing", 2))
    signs = partition.signs()[say.STREAM]
    assert (signs.facts, signs.newest_occurred_at, signs.newest_received_at) == (2, say.at(2), say.at(3))


@pytest.mark.parametrize("encoding", [1, 99])
def test_a_record_of_another_packing_is_refused(encoding: int) -> None:
    """An older release does not guess, nor does this one at what an older one packed."""
    odd = EntityRecord(value_stream=say.STREAM, entity="ticket:jira/A-1", encoding=encoding, facts=b"")
    with pytest.raises(ValueError, match=f"encoding {encoding},"):
        Partition(one_stream(), 1).restore(odd)


def test_rows_carry_when_they_were_known() -> None:
    """The revision is of the drain, `known_at` the newest arrival folded in."""
    partition = folded(say.created("CHK-1", 0))
    rows = [u.after for u in partition.drain(7).updates if u.after is not None]
    assert {(r.revision, r.known_at) for r in rows} == {((1 << 40) + 7, say.at(1))}


def test_a_bare_ticket_key_is_no_subject() -> None:
    """It names tickets of any tracker; nothing can happen to a name."""
    with pytest.raises(StepFailed):
        folded(say.fact("ticket.created", "ticket:*/CHK-1", 0))


@pytest.mark.parametrize(
    ("by", "known"),
    [(ActorClass.HUMAN, True), (ActorClass.AGENT, True), (ActorClass.BOT, False), (ActorClass.UNKNOWN, False)],
)
def test_a_fact_knows_accounts_of_people_and_agents_apart(by: ActorClass, *, known: bool) -> None:
    """By 32 bits of the hash; of what runs by itself none are kept."""
    first, second = (
        from_event(replace(say.created("A-1", 0), actor=a, actor_class=by), KEPT) for a in ("3f2a", "b00c")
    )
    assert (0 < first.who < 2**32 and first.who != second.who) is known


def test_a_copy_without_its_account_stands_before_the_one_with_it() -> None:
    """What was forgotten of somebody is sent again under the same arrival: the record no longer knows the account."""
    told = from_event(replace(say.created("A-1", 0), actor="3f2a"), KEPT)
    nameless = from_event(say.created("A-1", 0), KEPT)
    assert (
        with_fact(with_fact(None, told), nameless)
        == with_fact(with_fact(None, nameless), told)
        == with_fact(None, nameless)
    )


def test_rows_that_name_what_lost_a_fact_are_told_again() -> None:
    """A ticket told twice loses one of its facts: the change below it is what it was, and its row is sent whole."""
    first, second = say.created("CHK-1", 0), say.moved("CHK-1", "Doing", 1)
    partition = folded(first, second, say.opened(1, 2, say.named("CHK-1")))
    partition.drain(3)
    partition.fold(forget_fact(second, say.at(9)))
    told = [u for u in partition.drain(4).updates if isinstance(u.after, Change)]
    assert [(u.erased, u.after is not None and u.after.withdrawn, u.before == u.after) for u in told] == [
        (False, False, True)
    ]
