from __future__ import annotations

from pathlib import Path

import pytest

from lab.ledger import EVIDENCE
from lab.organisation import STREAMS
from lab.score import entities, read
from lab.simulate import DEFAULT_END, write
from lab.truth import TrueItem, Truth

END = DEFAULT_END * 1_000_000
SECOND = 1_000_000


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """One run's known answers."""
    return write(9, 400, tmp_path_factory.mktemp("lab"), END)


def test_the_parts_of_every_flow_time_sum_to_it(truth: Truth) -> None:
    """Nothing of an item's time is lost or charged twice."""
    finished = [item for item in truth.items if item.finished_at is not None]

    off = [item.item_id for item in finished if _parts(item) != _flow_time(item)]

    assert (off, len(finished) > 300) == ([], True)


def test_no_visit_ends_before_it_began(truth: Truth) -> None:
    """Boundaries come in their order."""
    visits = [visit for item in truth.items for visit in item.visits]
    times = [[t for t in (v.queued_at, v.started_at, v.finished_at) if t is not None] for v in visits]

    assert [at for at in times if at != sorted(at)] == []


def test_visits_are_numbered_without_holes(truth: Truth) -> None:
    """Each stay in a step counts on from the one before."""
    for item in truth.items:
        for step in {visit.step for visit in item.visits}:
            numbers = [visit.visit for visit in item.visits if visit.step == step]
            if numbers != list(range(1, len(numbers) + 1)):
                pytest.fail(f"{item.item_id} {step}: {numbers}")


def test_every_change_that_was_deployed_is_carried_by_the_deployment_it_names(truth: Truth) -> None:
    """Changes and deployments tell the same story."""
    carried = {(d.deployment_id, change) for d in truth.deployments for change in d.change_ids}

    assert {(c.deployment_id, c.change_id) for c in truth.changes if c.deployed_at is not None} <= carried


def test_the_planted_constraint_limits_its_stream(truth: Truth) -> None:
    """Each stream is slow where it was meant to be."""
    found = {name: stream.constraint for name, stream in truth.streams.items()}

    assert found == {stream.name: stream.constraint for stream in STREAMS}


def test_the_planted_quality_shows_in_the_step_before_review(truth: Truth) -> None:
    """The chance that a review sends back is what %C&A of development shows, within chance."""
    off = [
        name
        for name, stream in truth.streams.items()
        if abs(1 - (stream.steps["Develop"].complete_accurate_ratio or 0) - stream.planted_rework) > 0.1
    ]

    assert off == []


def test_every_kind_of_evidence_speaks_against_some_step(truth: Truth) -> None:
    """Tests left aside: the organisation has no runs of tests that are told of."""
    found = {name for stream in truth.streams.values() for step in stream.steps.values() for name in step.evidence}

    assert found == set(EVIDENCE) - {"failed_test"}


def test_every_kind_of_trouble_happens(truth: Truth) -> None:
    """Rollbacks, hot fixes, failed deployments, incidents mended otherwise; incidents of every attribution."""
    why = {d.why for d in truth.deployments if d.environment == "production"}

    attributions = {incident.attribution for incident in truth.incidents}

    assert (why, attributions) == (
        {"", "deployment_failed", "rollback", "hotfix", "incident", "revert"},
        {"explicit", "time_and_service", "unattributed"},
    )


def test_some_work_is_still_under_way_at_the_end(truth: Truth) -> None:
    """An organisation never stops: there is work in progress to be measured."""
    loads = [stream.flow_load for stream in truth.streams.values()]

    assert min(loads) > 0


def test_what_is_pushed_and_named_by_nothing_is_an_item_of_its_own(tmp_path: Path) -> None:
    """At the end some branch without a ticket's key has no pull request yet: its work is in Develop all the same."""
    items = [item for item in write(6, 400, tmp_path, END).items if item.item_id.startswith("commit:")]

    assert {(item.finished_at, item.changes, item.visits[-1].step, item.visits[-1].finished_at) for item in items} == {
        (None, (), "Develop", None)
    }


def test_a_change_of_two_tickets_is_counted_once(truth: Truth) -> None:
    """The item with the smallest id counts the shared visits; the other shows them uncounted."""
    meant = {origin.change_id for origin in truth.origins if not origin.mistaken}
    shared = [change.item_ids for change in truth.changes if len(change.item_ids) == 2 and change.change_id in meant]
    items = {item.item_id: item for item in truth.items}
    alone = [pair for pair in shared if all(len(items[one].changes) == 1 for one in pair)]

    uncounted = {pair: [any(not v.counted for v in items[one].visits) for one in sorted(pair)] for pair in alone}

    assert set(map(tuple, uncounted.values())) == {(False, True)}


def test_people_and_chance_mislead_now_and_then(truth: Truth) -> None:
    """Some changes name a ticket that they were not made for, some incidents follow an innocent deployment."""
    mistaken = sum(bool(origin.mistaken) for origin in truth.origins)
    innocent = sum(incident.innocent for incident in truth.incidents)

    assert (0 < mistaken < len(truth.origins) / 5, 0 < innocent < len(truth.incidents)) == (True, True)


def test_the_truth_can_be_read_back(tmp_path: Path) -> None:
    """What is written is what is read, entities beside the file included."""
    written = write(3, 250, tmp_path, END, in_one_file=200)

    again = read(tmp_path / "truth.json")

    assert (again.streams, len([e for e in entities(again) if isinstance(e, TrueItem)])) == (
        written.streams,
        sum(stream.items for stream in written.streams.values()),
    )


def test_progress_reaches_what_was_asked(tmp_path: Path) -> None:
    """A progress bar can be drawn: it rises and ends full."""
    seen: list[tuple[int, int]] = []

    write(1, 60, tmp_path, END, lambda done, of: seen.append((done, of)))

    assert (seen == sorted(seen), seen[-1]) == (True, (60, 60))


def _parts(item: TrueItem) -> int:
    return sum(part or 0 for part in (item.process_seconds, item.wait_seconds, item.unaccounted_seconds))


def _flow_time(item: TrueItem) -> int:
    return ((item.finished_at or 0) - (item.started_at or 0)) // SECOND
