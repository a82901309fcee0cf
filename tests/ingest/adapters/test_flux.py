"""What becomes of Flux's events, and why."""

from __future__ import annotations

import pytest

from ingest.adapter import Ignored
from ingest.adapters import flux
from schemas.event import FlowEvent, Outcome
from tests.builders.deliveries import SECRET, delivery, events, golden, signature, translated
from tests.builders.golden_rows import deployments, told_by

IMAGE = "artifact:sha256:" + "5" * 64


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of Flux."""
    (event,) = events(f"flux/{name}")
    return event


def test_a_revision_is_one_deployment_however_often_it_is_told() -> None:
    """Applied, healthy, reconciled, reconciled again and drift mended: one deployment."""
    cases = ("applied", "health_check_passed", "succeeded", "succeeded_again", "drift_mended")
    assert len({only(f"Kustomization__{case}").subject_id for case in cases}) == 1


def test_a_revision_told_at_every_interval_stays_where_it_was() -> None:
    """The deployment finished when its health check passed, not when it was last reconciled or broke later."""
    cases = ("failed_long_after", "succeeded_again", "drift_mended", "succeeded", "health_check_passed", "applied")
    told = told_by(*(f"flux/Kustomization__{case}" for case in cases))
    passed, began = only("Kustomization__health_check_passed"), only("Kustomization__applied")
    (row,) = [row for row in deployments(told) if row.deployment_id == began.subject_id]
    assert (row.started_at, row.finished_at, row.outcome) == (began.occurred_at, passed.occurred_at, Outcome.SUCCESS)


@pytest.mark.parametrize("reason", ["ReconciliationSucceeded", "HealthCheckFailed"])
def test_the_removal_of_an_object_deploys_nothing(reason: str) -> None:
    """A Kustomization that is deleted lists what it removed, for the reason that it was in before."""
    one = golden("flux/Kustomization__deleted")
    body = one.body.replace(b'"ReconciliationSucceeded"', f'"{reason}"'.encode())
    assert translated("flux", body, one.headers) == Ignored("removal is no deployment")


def test_a_failing_revision_is_one_failed_deployment() -> None:
    """Tried again, it fails again: that is no second one, and none of the revision's success."""
    first, again = (only(f"Kustomization__health_check_failed{case}") for case in ("", "_again"))
    assert (first.subject_id == again.subject_id, first.subject_id.endswith("/failed"), first.outcome) == (
        True,
        True,
        Outcome.FAILURE,
    )


def test_one_revision_in_two_clusters_is_two_deployments() -> None:
    """A fleet's clusters hold objects of one name and take one revision at one time."""
    here, there = (only(f"Kustomization__{case}") for case in ("succeeded", "in_another_cluster"))
    assert (here.subject_id != there.subject_id, here.event_id != there.event_id) == (True, True)


@pytest.mark.parametrize(
    ("case", "deployed"),
    [
        ("Kustomization__succeeded", ["commit:" + "c" * 40]),
        ("Kustomization__succeeded_naming_images", [IMAGE, "commit:" + "9" * 40]),
        ("Kustomization__succeeded_of_an_oci_artifact", ["commit:" + "9" * 40, IMAGE]),
        ("Kustomization__succeeded_of_an_older_flux", ["commit:" + "c" * 40]),
        ("Kustomization__of_a_revision_of_its_own_kind", []),
        ("HelmRelease__upgraded",
         ["commit:" + "9" * 40, "artifact:sha256:" + "7" * 64, "artifact:pkg:helm/payments@6.5.1"]),
        ("HelmRelease__without_a_message_that_tells", []),
    ],
)  # fmt: skip
def test_what_was_deployed(case: str, deployed: list[str]) -> None:
    """Images where they are told, else the source's commit; OCI artifacts by digest, charts by name and version."""
    assert [link.uri for link in only(case).links] == deployed


def test_failed_tests_speak_of_the_release_that_they_tested() -> None:
    """The number of a release joins what is told of it."""
    upgraded, tested = only("HelmRelease__upgraded"), only("HelmRelease__tests_failed")
    assert (tested.subject_id, tested.type, tested.outcome) == (
        upgraded.subject_id,
        "service.deployed",
        Outcome.FAILURE,
    )


def test_a_release_that_is_installed_anew_is_another_deployment() -> None:
    """Helm counts from one again once a release was removed; the chart's version tells the two apart."""
    one = golden("flux/HelmRelease__installed")
    anew = translated("flux", one.body.replace(b"@6.5.0", b"@6.6.0"), one.headers)
    assert isinstance(anew, list)
    assert anew[0].subject_id != only("HelmRelease__installed").subject_id


def test_a_rollback_is_laid_to_the_release_that_it_took_back() -> None:
    """The release before it did nothing wrong."""
    cases = ("installed", "upgraded", "tests_failed", "rolled_back")
    rows = deployments(told_by(*(f"flux/HelmRelease__{case}" for case in cases)))
    blamed = {row.deployment_id.rpartition("/")[2]: row.attribution for row in rows}
    assert blamed == {"v1-6.5.0": "", "v2-6.5.1": "failed", "2026-03-04T09:03:00Z": ""}


def test_a_namespace_that_means_no_environment_is_none() -> None:
    """`flux-system` is no place on the route to live."""
    one = golden("flux/Kustomization__succeeded")
    found = translated("flux", one.body.replace(b'"environment"', b'"tier"'), one.headers)
    assert not isinstance(found, Ignored)
    assert [(e.environment, e.attributes.get("environment_raw")) for e in found] == [(None, None)]


def test_the_plain_provider_proves_itself_by_a_token() -> None:
    """Provider type `generic` signs nothing and may send a header."""
    one = golden("flux/Kustomization__succeeded")
    proofs = ({"authorization": f"Bearer {SECRET.decode()}"}, signature("flux", one.body))
    assert [flux.ADAPTER.verify(delivery(one, proof=proof), (SECRET,)) for proof in proofs] == [None, None]
