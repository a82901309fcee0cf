"""Which deployment carried which change, which one needed mending, and whose fault an incident was."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from schemas.event import FlowEvent, LinkKind, Outcome
from tests.builders import engine_events as say
from tests.builders.engine_rows import derived, hours

FIRST = (say.opened(9, -9, branch="work"), say.merged(9, -8, "m9"), say.deployed("d0", -7, "m9"))
"""An earlier change and the first deployment that the log has, so that later ones are not censored."""


def merge(number: int, at: float, branch: str = "work", reverts: str = "") -> tuple[FlowEvent, ...]:
    """A change opened an hour before it was merged."""
    return say.opened(number, at - 1, branch=branch, reverts=reverts), say.merged(number, at, f"m{number}")


def test_a_deployment_carries_the_merges_since_the_last_successful_one() -> None:
    """All up to its commit that none before it carried."""
    told = derived(*FIRST, *merge(1, 1), *merge(2, 2), *merge(3, 3), say.deployed("d1", 4, "m2"))
    assert told.deployment("d1").change_ids == (say.change(1), say.change(2))


def test_a_failed_deployment_carries_nothing() -> None:
    """What it brought is carried by the next one that succeeds."""
    told = derived(
        *FIRST, *merge(1, 1), say.deployed("d1", 2, "m1", outcome=Outcome.FAILURE), say.deployed("d2", 3, "m1")
    )
    assert (told.deployment("d1").change_ids, told.deployment("d2").change_ids) == ((), (say.change(1),))


def test_a_change_is_live_once_with_the_first_deployment_that_contains_it() -> None:
    """Later deployments do not deliver it again."""
    told = derived(*FIRST, *merge(1, 1), say.deployed("d1", 3, "m1"), *merge(2, 4), say.deployed("d2", 5, "m2"))
    row = told.change(say.change(1))
    assert (row.deployment_id, hours(row.deployed_at), row.service, row.left_censored) == (
        "deployment:cd/d1",
        3,
        "shop",
        False,
    )


def test_the_first_deployment_of_a_service_is_left_censored() -> None:
    """Nothing before it is known: it lists its changes, which enter no lead time."""
    told = derived(*merge(1, 1), say.deployed("d1", 2, "m1"), *merge(2, 3), say.deployed("d2", 4, "m2"))
    flags = [
        (told.deployment(d).left_censored, told.change(say.change(n)).left_censored) for d, n in (("d1", 1), ("d2", 2))
    ]
    assert flags == [(True, True), (False, False)]


def test_what_the_first_readable_deployment_carries_is_left_censored_too() -> None:
    """The one before brought a commit that nobody told of: what it carried cannot be known."""
    told = derived(
        say.deployed("d1", 1, "unheard of"), *merge(1, 2), say.deployed("d2", 3, "m1"), *merge(2, 4),
        say.deployed("d3", 5, "m2"),
    )  # fmt: skip
    assert [told.change(say.change(n)).left_censored for n in (1, 2)] == [True, False]


def test_a_deployment_is_known_by_all_that_it_brought() -> None:
    """Beside an image that never changes, the one that does tells versions apart: nothing was rolled back."""
    told = derived(
        *(_release(f"d{n}", n, f"artifact:sha256:{digest}", "artifact:sha256:5")
          for n, digest in enumerate(("9", "1", "8", "2"), 1)),
    )  # fmt: skip
    assert [told.deployment(f"d{n}").attribution for n in range(1, 5)] == ["", "", "", ""]


def test_a_service_that_can_be_reached_ends_no_deployment() -> None:
    """It failed, whatever is told later of an address that answers."""
    reachable = replace(say.deployed("d1", 2, "m9"), type="service.published", event_id="reachable", outcome=None)
    told = derived(*FIRST, say.deployed("d1", 1, "m9", outcome=Outcome.FAILURE), reachable)
    assert (told.deployment("d1").outcome, hours(told.deployment("d1").finished_at)) == (Outcome.FAILURE, 1)


def test_an_incident_may_name_any_of_the_artifacts_that_a_deployment_brought() -> None:
    """Not only the one that stands for them."""
    told = derived(
        _release("d1", 1, "artifact:sha256:9", "artifact:sha256:5"),
        say.incident("detected", "i1", 40, say.link(LinkKind.CAUSED_BY, "artifact:sha256:9")),
    )
    assert (told.incident("i1").attribution, told.deployment("d1").caused_incident) == ("explicit", True)


def _release(name: str, hours_: float, *artifacts: str) -> FlowEvent:
    links = [say.link(LinkKind.DEPLOYS, artifact) for artifact in artifacts]
    uri = f"deployment:cd/{name}"
    return say.fact(
        "service.deployed", uri, hours_, *links, outcome=Outcome.SUCCESS, environment="production", service="shop"
    )


def test_a_late_deployment_takes_over_what_it_was_the_first_to_carry() -> None:
    """A deployment that arrives after its successor still comes before it."""
    told = derived(*FIRST, *merge(1, 1), *merge(2, 3), say.deployed("d2", 4, "m2"), say.deployed("d1", 2, "m1"))
    assert (told.deployment("d1").change_ids, told.deployment("d2").change_ids) == (
        (say.change(1),),
        (say.change(2),),
    )


def test_a_late_merge_is_found_in_the_deployment_that_carried_it() -> None:
    """A merge that arrives after its deployment is carried all the same."""
    told = derived(*FIRST, say.deployed("d1", 4, "m2"), *merge(2, 3), *merge(1, 1))
    assert told.deployment("d1").change_ids == (say.change(1), say.change(2))


def test_a_deployment_by_digest_carries_the_commit_that_the_artifact_was_built_from() -> None:
    """A GitOps revision is no application commit: the digest leads to it."""
    told = derived(*FIRST, *merge(1, 1), say.built("a1", 2, "m1"), say.deployed("d1", 3, "artifact:sha256:a1"))
    assert told.deployment("d1").change_ids == (say.change(1),)


def test_each_service_carries_a_change_for_itself() -> None:
    """A change in a repository of two services goes live twice."""
    told = derived(
        *merge(1, 1), say.deployed("d1", 2, "m1", service="web"), say.deployed("d2", 3, "m1", service="worker")
    )
    rows = [r for r in told.rows if getattr(r, "change_id", None) == say.change(1)]
    assert sorted(r.service for r in rows if hasattr(r, "service")) == ["web", "worker"]


def test_a_commit_pushed_to_the_main_branch_is_carried_like_a_merge() -> None:
    """Work without changes gets to production too, and its item is done then."""
    told = derived(
        say.committed("c1", 1, branch="main"), say.committed("c2", 2, branch="main"), say.deployed("d1", 3, "c2")
    )
    assert [hours(told.item(say.commit(c)).finished_at) for c in ("c1", "c2")] == [3, 3]


def test_notifications_of_one_attempt_are_one_deployment() -> None:
    """A success told again a month later does not move it."""
    told = derived(*merge(1, 1), say.began("d1", 2, "m1"), say.deployed("d1", 3, "m1"), say.deployed("d1", 700, "m1"))
    row = told.deployment("d1")
    assert (hours(row.started_at), hours(row.finished_at), told.stays("Deploy")) == (2, 3, [(2, 2, 3)])


def test_a_corrected_outcome_takes_its_changes_back() -> None:
    """A success that turned out a failure carried nothing."""
    told = derived(
        *FIRST, *merge(1, 1), say.deployed("d1", 2, "m1"), say.deployed("d1", 3, "m1", outcome=Outcome.FAILURE)
    )
    assert (told.deployment("d1").change_ids, told.change(say.change(1)).deployed_at) == ((), None)


def test_deploying_an_old_version_again_marks_the_first_one_after_its_earlier_life() -> None:
    """V1 V2 V3 V1 marks V2, and the second V1 is rework."""
    told = derived(
        *merge(1, 1), *merge(2, 2), *merge(3, 3),
        say.deployed("d1", 4, "m1"), say.deployed("d2", 40, "m2"),
        say.deployed("d3", 80, "m3"), say.deployed("d4", 120, "m1"),
    )  # fmt: skip
    rows = [told.deployment(d) for d in ("d1", "d2", "d3", "d4")]
    assert [(r.caused_incident, r.attribution, r.is_rework) for r in rows] == [
        (False, "", False),
        (True, "rollback", False),
        (False, "", False),
        (False, "", True),
    ]


def test_a_rollback_ends_the_trouble() -> None:
    """The marked deployment recovers at the finish of the rollback."""
    told = derived(
        *merge(1, 1),
        *merge(2, 2),
        say.deployed("d1", 4, "m1"),
        say.deployed("d2", 8, "m2"),
        say.deployed("d3", 9, "m1"),
    )
    assert hours(told.deployment("d2").recovered_at) == 9


def test_a_rollback_is_of_what_got_there_not_of_a_try_before_it() -> None:
    """V1, V2 tried in vain, V2, V1: the second V2 was rolled back; the first failed by itself."""
    told = derived(
        *merge(1, 1),
        *merge(2, 2),
        say.deployed("d1", 4, "m1"),
        say.deployed("d2", 8, "m2", outcome=Outcome.FAILURE),
        say.deployed("d3", 9, "m2"),
        say.deployed("d4", 10, "m1"),
    )
    assert [told.deployment(d).attribution for d in ("d2", "d3", "d4")] == ["failed", "rollback", ""]


def test_where_nothing_else_got_there_a_rollback_is_of_the_first_try() -> None:
    """V1, V2 tried in vain, V1 again: that was made to mend."""
    told = derived(
        *merge(1, 1),
        *merge(2, 2),
        say.deployed("d1", 4, "m1"),
        say.deployed("d2", 8, "m2", outcome=Outcome.FAILURE),
        say.deployed("d3", 9, "m1"),
    )
    assert (told.deployment("d3").is_rework, hours(told.deployment("d2").recovered_at)) == (True, 9)


def test_a_tool_that_says_it_went_back_went_back_from_what_was_tried_in_vain() -> None:
    """V1, V2 tried in vain, gone back to what is not told: V1 did nothing wrong; without V2 it is what was left."""
    back = replace(say.deployed("d3", 9, ""), type="service.rolledback", links=(), event_id="back")
    tried = say.deployed("d2", 8, "m2", outcome=Outcome.FAILURE)
    told, alone = (derived(*merge(1, 1), say.deployed("d1", 4, "m1"), *facts, back) for facts in ((tried,), ()))
    blamed = [row.attribution for row in (told.deployment("d1"), told.deployment("d2"), alone.deployment("d1"))]
    assert (blamed, told.deployment("d3").is_rework) == (["", "failed", "rollback"], True)


def test_a_failed_deployment_counts_and_recovers_with_the_next_success() -> None:
    """A failure needs no incident to count."""
    told = derived(
        *FIRST, *merge(1, 1), say.deployed("d1", 2, "m1", outcome=Outcome.FAILURE), say.deployed("d2", 5, "m1")
    )
    row = told.deployment("d1")
    assert (row.caused_incident, row.attribution, row.confidence, hours(row.recovered_at)) == (True, "failed", 1.0, 5)


def test_a_failed_pipeline_is_no_incident() -> None:
    """A build that failed says nothing against a deployment."""
    told = derived(*FIRST, *merge(1, 1), say.run("finished", 1, 2, "m1", Outcome.FAILURE), say.deployed("d1", 3, "m1"))
    assert told.deployment("d1").caused_incident is False


def test_an_explicit_link_lays_an_incident_to_its_deployment() -> None:
    """Whatever was deployed in between."""
    told = derived(
        *FIRST,
        *merge(1, 1),
        say.deployed("d1", 2, "m1"),
        *merge(2, 3),
        say.deployed("d2", 4, "m2"),
        say.incident("detected", "i1", 5, say.link(LinkKind.CAUSED_BY, "deployment:cd/d1")),
        say.incident("resolved", "i1", 7),
    )
    row = told.deployment("d1")
    assert (row.attribution, row.confidence, hours(row.recovered_at), told.deployment("d2").caused_incident) == (
        "explicit",
        1.0,
        7,
        False,
    )


def test_an_incident_soon_after_a_deployment_of_its_service_is_laid_to_it() -> None:
    """By time and service, with half the confidence."""
    told = derived(*FIRST, *merge(1, 1), say.deployed("d1", 2, "m1"), say.incident("detected", "i1", 5))
    row = told.incident("i1")
    assert (row.deployment_id, row.attribution, row.confidence) == ("deployment:cd/d1", "time_and_service", 0.5)


@pytest.mark.parametrize(("at", "service"), [(27.5, "shop"), (5, "till")])
def test_an_incident_long_after_or_of_another_service_is_unattributed(at: float, service: str) -> None:
    """It is bound to no deployment, however lonely."""
    told = derived(
        *FIRST, *merge(1, 1), say.deployed("d1", 2, "m1"), say.incident("detected", "i1", at, service=service)
    )
    row = told.incident("i1")
    assert (row.deployment_id, row.attribution, told.deployment("d1").caused_incident) == (None, "unattributed", False)


def test_a_revert_that_went_live_speaks_against_the_deployment_of_what_it_took_back() -> None:
    """The revert says which change it takes back."""
    told = derived(
        *FIRST,
        *merge(1, 1),
        say.deployed("d1", 2, "m1"),
        *merge(2, 30, reverts=say.change(1)),
        say.deployed("d2", 31, "m2"),
    )
    rows = (told.deployment("d1"), told.deployment("d2"))
    assert [(r.attribution, hours(r.recovered_at), r.is_rework) for r in rows] == [
        ("revert", 31, False),
        ("", None, True),
    ]


def test_a_hot_fix_soon_after_speaks_against_the_deployment_before_it() -> None:
    """A change from a hot-fix branch in the next deployment within a day."""
    told = derived(
        *FIRST, *merge(1, 1), say.deployed("d1", 2, "m1"), *merge(2, 5, "hotfix/pay"), say.deployed("d2", 6, "m2")
    )
    rows = (told.deployment("d1"), told.deployment("d2"))
    assert [(r.attribution, r.confidence, r.is_rework) for r in rows] == [("hot_fix", 0.5, False), ("", 0.0, True)]


def test_what_reaches_staging_after_production_is_done() -> None:
    """A fix that went live at once is not verified any more when staging catches up: the item stays done."""
    told = derived(
        *FIRST, *merge(1, 2, branch="hotfix/x"), say.deployed("p1", 3, "m1"),
        say.deployed("s1", 5, "m1", environment="staging"), say.deployed("p2", 6, "m1"),
    )  # fmt: skip
    done = told.item(say.change(1)).finished_at
    assert (hours(done), told.visits("Verify", say.change(1))) == (3, [])


def test_a_corrected_cause_takes_the_place_of_the_one_before() -> None:
    """What was written down last is the cause; the deployment that was blamed first is not any more."""
    blame = [say.link(LinkKind.CAUSED_BY, f"deployment:cd/{name}") for name in ("d1", "d2")]
    told = derived(
        say.deployed("d1", 1, "one"), say.deployed("d2", 2, "two"), say.incident("detected", "i1", 3),
        say.incident("updated", "i1", 4, blame[0]), say.incident("updated", "i1", 5, blame[1]),
    )  # fmt: skip
    caused = [told.deployment(name).caused_incident for name in ("d1", "d2")]
    assert (told.incident("i1").deployment_id, caused) == ("deployment:cd/d2", [False, True])


def test_a_cause_that_was_taken_back_blames_nobody() -> None:
    """Whoever wrote it down emptied it: the incident is laid by time and service again, as if none was ever named."""
    told = derived(
        say.deployed("d1", 1, "one"), say.deployed("d2", 2, "two"), say.incident("detected", "i1", 3),
        say.incident("updated", "i1", 4, say.link(LinkKind.CAUSED_BY, "deployment:cd/d1")),
        say.fact("incident.updated", "incident:pager/i1", 5, cause="none"), say.incident("updated", "i1", 6),
    )  # fmt: skip
    caused = [told.deployment(name).caused_incident for name in ("d1", "d2")]
    assert (told.incident("i1").attribution, caused) == ("time_and_service", [False, True])


def test_a_corrected_service_outlives_what_the_tool_says_at_every_turn() -> None:
    """The tool's own service comes with each event, the one that somebody wrote down only once."""
    told = derived(
        say.deployed("d1", 1, "one"), say.incident("detected", "i1", 2, service="front-door"),
        say.incident("updated", "i1", 3), say.incident("resolved", "i1", 4, service="front-door"),
    )  # fmt: skip
    row = told.incident("i1")
    assert (row.service, row.deployment_id, row.attribution) == ("shop", "deployment:cd/d1", "time_and_service")


def test_an_incident_reported_again_is_open_again() -> None:
    """A resolution counts until the incident comes back."""
    told = derived(
        say.incident("detected", "i1", 1), say.incident("resolved", "i1", 2), say.incident("detected", "i1", 3)
    )
    assert (hours(told.incident("i1").detected_at), told.incident("i1").resolved_at) == (1, None)


def test_a_change_knows_its_way_to_production() -> None:
    """First commit, ready for review, first human review, merge and deployment."""
    told = derived(
        *FIRST,
        say.committed("c1", 1),
        say.opened(1, 2, say.contains("c1"), state="draft"),
        say.readied(1, 3),
        say.reviewed(1, 4),
        say.merged(1, 5, "m1"),
        say.deployed("d1", 6, "m1"),
    )
    row = told.change(say.change(1))
    times = (row.first_commit_at, row.opened_at, row.first_reviewed_at, row.merged_at, row.deployed_at)
    assert [hours(t) for t in times] == [1, 3, 4, 5, 6]
