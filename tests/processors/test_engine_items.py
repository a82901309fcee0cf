"""What belongs to which item, when an item is done, and what happens when that turns out to be otherwise."""

from __future__ import annotations

import pytest

from processors.trace import MOST_PUSHES
from schemas.derived import Update, WorkItem
from schemas.event import EARLIEST_MICROS, IMPLAUSIBLE_TIME, LinkKind, Outcome, WorkKind
from tests.builders import engine_events as say
from tests.builders.engine_rows import derived, folded, hours, one_stream

TICKET = say.ticket("CHK-1")
OTHER = say.ticket("CHK-2")
CHANGE = say.change(1)


def items_of(updates: tuple[Update, ...]) -> dict[str, WorkItem]:
    """The item rows of a drain by name, as written."""
    return {u.after.item_id: u.after for u in updates if isinstance(u.after, WorkItem)}


def test_the_chain_from_run_to_ticket_is_one_item() -> None:
    """Run, commit and change are members of the ticket's item."""
    told = derived(
        say.created("CHK-1", 0),
        say.committed("c1", 1),
        say.opened(1, 2, say.named("CHK-1"), say.contains("c1")),
        say.run("queued", 1, 3, "c1"),
    )
    assert (told.items, told.item(TICKET).links) == ([TICKET], (CHANGE, say.commit("c1"), "run:ci/acme/1/1"))


def test_a_name_in_a_text_is_inert_without_a_ticket() -> None:
    """`UTF-8` looks like a key; the change stands for itself."""
    assert derived(say.opened(1, 0, say.named("UTF-8"))).items == [CHANGE]


def test_a_change_without_a_ticket_is_an_item_of_its_own() -> None:
    """Nothing disappears for want of a ticket."""
    assert derived(say.opened(1, 0, say.contains("c1")), say.committed("c1", 0)).items == [CHANGE]


def test_commits_of_one_push_without_a_change_are_one_item() -> None:
    """They lead up to the head of the push."""
    told = derived(say.committed("c1", 0, say.part_of(say.commit("c2"))), say.committed("c2", 1))
    assert told.items == [say.commit("c2")]


def test_a_link_that_is_told_by_itself_joins() -> None:
    """Some tools say only what belongs to what, and say it late."""
    told = say.fact("link.told", CHANGE, 9, say.part_of(TICKET))
    assert derived(say.created("CHK-1", 0), say.opened(1, 2), say.merged(1, 5), told).items == [TICKET]


def test_a_commit_that_a_change_claims_does_not_follow_its_push() -> None:
    """A merge from the main branch pushes other changes' commits along: they stay with their own change."""
    told = derived(
        say.opened(1, 0, say.contains("c1")),
        say.opened(2, 0, say.contains("c2")),
        say.committed("c1", 1, say.part_of(say.commit("c2"))),
    )
    assert told.item(say.change(2)).links == ()


def test_a_run_without_a_commit_is_no_item() -> None:
    """A nightly job is no unit of flow."""
    assert derived(say.fact("pipelinerun.started", "run:ci/acme/9/1", 0)).rows == []


def test_an_imported_activity_is_its_own_item() -> None:
    """A case of an event log has no ticket, change or commit."""
    assert derived(say.fact("activity.started", "activity:log/7", 0, activity="Check")).items == ["activity:log/7"]


def test_a_late_ticket_takes_the_change_in() -> None:
    """The synthetic item is withdrawn and says where it went; its visits are derived anew under the ticket."""
    partition = folded(say.opened(1, 1, say.named("CHK-1")), say.reviewed(1, 2))
    partition.drain(2)
    partition.fold(say.created("CHK-1", 0))
    rows = items_of(partition.drain(3).updates)
    assert (rows[CHANGE].withdrawn, rows[CHANGE].moved_to, rows[TICKET].links) == (True, TICKET, (CHANGE,))


def test_every_row_of_an_item_that_moved_is_withdrawn() -> None:
    """The visits of the synthetic item are withdrawn with it, at the new revision."""
    partition = folded(say.opened(1, 1, say.named("CHK-1")), say.reviewed(1, 2))
    before = partition.drain(2).updates
    partition.fold(say.created("CHK-1", 0))
    gone = [u.after for u in partition.drain(3).updates if u.after is not None and u.after.withdrawn]
    expected = [u.after for u in before if u.after is not None and getattr(u.after, "item_id", "") == CHANGE]
    assert (len(gone), {r.revision for r in gone}) == (len(expected), {(1 << 40) + 3})


def test_a_squash_merge_belongs_to_its_change() -> None:
    """The commit that a change became, and what was built of it, are part of the change's item."""
    told = derived(
        say.opened(1, 0, say.contains("c1")),
        say.merged(1, 2, "squashed"),
        say.committed("squashed", 2, branch="main"),
        say.run("queued", 1, 3, "squashed"),
    )
    assert told.items == [CHANGE]


def test_a_change_of_two_tickets_belongs_to_both_and_is_counted_once() -> None:
    """Its review is a visit of either item, counted for the smaller one."""
    told = derived(
        say.created("CHK-1", 0), say.created("CHK-2", 0), say.opened(1, 1, say.named("CHK-1"), say.named("CHK-2"))
    )
    counted = {(v.item_id, v.counted) for v in told.visits("Review")}
    assert counted == {(TICKET, True), (OTHER, False)}


def test_an_epic_does_not_merge_its_stories() -> None:
    """Relations between tickets join nothing."""
    told = derived(
        say.fact("ticket.created", TICKET, 0, say.link(LinkKind.RELATES_TO, say.ticket("CHK-9"))),
        say.fact("ticket.created", OTHER, 0, say.part_of(say.ticket("CHK-9"))),
        say.created("CHK-9", 0),
    )
    assert told.items == [TICKET, OTHER, say.ticket("CHK-9")]


def test_links_in_a_circle_end() -> None:
    """Commits that name each other as the head of their push are one item."""
    told = derived(
        say.committed("c1", 0, say.part_of(say.commit("c2"))), say.committed("c2", 1, say.part_of(say.commit("c1")))
    )
    assert told.items == [min(say.commit("c1"), say.commit("c2"))]


def test_an_item_is_done_when_its_change_is_in_production() -> None:
    """The finish of the last step's latest visit."""
    told = derived(say.opened(1, 0), say.merged(1, 1, "m1"), say.began("p1", 5, "m1"), say.deployed("p1", 6, "m1"))
    assert hours(told.item(CHANGE).finished_at) == 6


def test_an_item_without_a_deployment_is_done_when_its_ticket_is_closed() -> None:
    """The ticket's closing stands where the last step was never reached."""
    told = derived(
        say.created("CHK-1", 0), say.opened(1, 1, say.named("CHK-1")), say.merged(1, 2), say.closed("CHK-1", 4)
    )
    assert hours(told.item(TICKET).finished_at) == 4


def test_a_reopened_ticket_is_not_done() -> None:
    """An update that gives a closed ticket another state opens the item again."""
    told = derived(
        say.created("CHK-1", 0),
        say.committed("c1", 1, say.named("CHK-1")),
        say.closed("CHK-1", 4),
        say.moved("CHK-1", "To Do", 5),
    )
    assert told.item(TICKET).finished_at is None


def test_a_ticket_closed_again_is_done_at_the_second_closing() -> None:
    """What was done in between belongs to the item's time."""
    told = derived(
        say.created("CHK-1", 0),
        say.committed("c1", 1, say.named("CHK-1")),
        say.closed("CHK-1", 4),
        say.moved("CHK-1", "To Do", 5),
        say.closed("CHK-1", 9),
    )
    assert hours(told.item(TICKET).finished_at) == 9


def test_an_abandoned_change_is_over() -> None:
    """It is no longer work in progress, and its state says why."""
    item = derived(say.opened(1, 0), say.abandoned(1, 3)).item(CHANGE)
    assert (item.state, hours(item.finished_at)) == ("abandoned", 3)


def test_the_item_of_a_deleted_ticket_is_withdrawn_and_its_change_stands_for_itself() -> None:
    """A deleted ticket does not stay; the work that was done for it does."""
    partition = folded(say.created("CHK-1", 0), say.opened(1, 1, say.named("CHK-1")))
    partition.drain(2)
    partition.fold(say.closed("CHK-1", 2, "deleted"))
    rows = items_of(partition.drain(3).updates)
    assert (rows[TICKET].withdrawn, rows[TICKET].moved_to, rows[CHANGE].withdrawn) == (True, None, False)


def test_an_epic_is_no_item_and_a_change_that_names_it_stands_for_itself() -> None:
    """A story and its epic are not both counted."""
    told = derived(
        say.fact("ticket.created", TICKET, 0, state="To Do", container="true"),
        say.created("CHK-2", 1),
        say.opened(1, 2, say.named("CHK-1")),
    )
    assert told.items == [CHANGE, say.ticket("CHK-2")]


def test_a_ticket_that_becomes_an_epic_lets_its_changes_go() -> None:
    """What it is called last decides; its item says nothing of where it went."""
    partition = folded(say.created("CHK-1", 0), say.opened(1, 1, say.named("CHK-1")))
    partition.drain(2)
    partition.fold(say.fact("ticket.updated", TICKET, 2, container="true"))
    rows = items_of(partition.drain(3).updates)
    assert (rows[TICKET].withdrawn, rows[CHANGE].withdrawn) == (True, False)


def test_an_item_has_the_kind_and_state_of_its_ticket() -> None:
    """The latest told of it, whatever the change says."""
    told = derived(
        say.fact("ticket.created", TICKET, 0, state="To Do", kind=WorkKind.FEATURE),
        say.fact("ticket.updated", TICKET, 2, state="Doing", kind=WorkKind.DEFECT),
        say.opened(1, 3, say.named("CHK-1")),
    )
    item = told.item(TICKET)
    assert (item.kind, item.state) == (WorkKind.DEFECT, "Doing")


def test_an_implausible_time_derives_nothing_and_is_counted() -> None:
    """A fact of before 1990 is kept and seen in the stream's signs."""
    event = say.fact("ticket.created", TICKET, 0, received=0)
    odd = type(event)(
        **{f: getattr(event, f) for f in event.__struct_fields__}
        | {"occurred_at": EARLIEST_MICROS, "attributes": {IMPLAUSIBLE_TIME: "0001-01-01"}}
    )
    partition = folded(odd)
    signs = partition.signs()[say.STREAM]
    assert (partition.drain(1).updates, signs.facts, signs.implausible, signs.newest_occurred_at) == ((), 1, 1, None)


def test_failed_builds_tell_how_they_came_out() -> None:
    """A visit's outcome is its finish's."""
    told = derived(say.run("started", 1, 0, "c1"), say.run("finished", 1, 1, "c1", Outcome.FAILURE))
    assert told.visits("Build")[0].outcome == "failure"


def test_streams_do_not_meet() -> None:
    """A stream that is not defined derives nothing."""
    assert derived(say.created("CHK-1", 0), definition=one_stream(())).items == [TICKET]


def test_what_was_pushed_before_a_change_was_opened_is_part_of_it() -> None:
    """The head that the change contains follows on an earlier push, and that on an earlier one."""
    told = derived(
        say.committed("c1", 0),
        say.committed("c2", 1, say.contains("c1")),
        say.committed("c3", 2, say.contains("c2")),
        say.opened(1, 3, say.contains("c3")),
    )
    assert told.item(CHANGE).links == (say.commit("c1"), say.commit("c2"), say.commit("c3"))


def test_pushes_that_no_change_follows_are_items_of_their_own() -> None:
    """A branch that lives on is no endless item."""
    told = derived(say.committed("c1", 0), say.committed("c2", 1, say.contains("c1")))
    assert told.items == [say.commit("c1"), say.commit("c2")]


def test_a_push_on_what_a_change_already_claims_is_not_part_of_that_change() -> None:
    """The branch went on after the change was merged."""
    told = derived(
        say.committed("c1", 0),
        say.opened(1, 1, say.contains("c1")),
        say.committed("c2", 2, say.contains("c1")),
        say.opened(2, 3, say.contains("c2")),
    )
    assert [told.item(say.change(n)).links for n in (1, 2)] == [(say.commit("c1"),), (say.commit("c2"),)]


def test_a_branch_begun_at_a_commit_of_the_trunk_does_not_take_it() -> None:
    """A branch made without a commit of its own begins where main stands: its first push follows on that."""
    told = derived(
        say.committed("m0", 0, branch="main"),
        say.committed("c1", 1, say.contains("m0")),
        say.opened(1, 2, say.contains("c1")),
    )
    assert (told.item(CHANGE).links, told.items) == ((say.commit("c1"),), [CHANGE, say.commit("m0")])


def test_what_landed_with_its_merge_commit_still_belongs_to_its_change() -> None:
    """A merge brings the branch's own commits to the trunk: they are part of the merge commit, and so of the change."""
    told = derived(
        say.committed("c1", 0),
        say.committed("c2", 1, say.contains("c1")),
        say.opened(1, 2, say.contains("c2")),
        say.merged(1, 3, "m1"),
        say.committed("c1", 0, say.part_of(say.commit("m1")), branch="main"),
    )
    assert told.items == [CHANGE]


@pytest.mark.parametrize(("pushes", "belongs"), [(MOST_PUSHES, True), (MOST_PUSHES + 1, False)])
def test_pushes_before_a_change_belong_to_it_up_to_a_bound(pushes: int, *, belongs: bool) -> None:
    """Work is bounded: what was pushed very long before is not gone through."""
    told = derived(
        say.committed("c0", 0),
        *(say.committed(f"c{n}", n, say.contains(f"c{n - 1}")) for n in range(1, pushes + 1)),
        say.opened(1, pushes + 1, say.contains(f"c{pushes}")),
    )
    assert (say.commit("c0") in told.item(CHANGE).links) is belongs
