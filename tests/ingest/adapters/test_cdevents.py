"""What becomes of CDEvents' links, domain ids and custom events, and why."""

from __future__ import annotations

import json

import pytest

from ingest.adapter import Ignored
from ingest.adapters.cdevents import ADAPTER
from ingest.adapters.cdevents.bodies import custom_predicate, subject_and_predicate
from ingest.adapters.cdevents.chains import meant, thing
from schemas.event import FlowEvent, LinkKind
from tests.builders.deliveries import events, golden, translated

SHA = "0d1c2b3a49586776859403f2e1d0c0ffee123456"
DIGEST = "sha256:" + "5" * 64
CHANGE = "change:github.com/acme/checkout/97"


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery."""
    (event,) = events(f"cdevents/{name}")
    return event


@pytest.mark.parametrize(
    ("domain", "uri"),
    [
        ("cdevents:v0:github::acme:checkout:pr:97", CHANGE),
        ("cdevents:v0:github:git.acme.example:acme:checkout:pr:97", "change:git.acme.example/acme/checkout/97"),
        ("cdevents:v0:github:acme-internal:acme:checkout:pr:97", None),
        ("cdevents:v0:gitlab::acme:platform/backend:pr:9", "change:gitlab.com/acme/platform/backend/9"),
        ("cdevents:v0:gitea::acme:checkout:pr:97", None),
        (f"cdevents:v0:github::acme:checkout:commit:{SHA.upper()}", f"commit:{SHA}"),
        (f"cdevents:v0:::::commit:{SHA}", f"commit:{SHA}"),
        ("cdevents:v0:github::acme:checkout:commit:0d1c2b3a", None),
        ("cdevents:v0:jira::acme:checkout:issue:CHK-12", "ticket:jira/CHK-12"),
        ("cdevents:v0:jira::acme:checkout:issue:12345", None),
        ("cdevents:v0:github::acme:checkout:issue:12", "ticket:github/acme/checkout/12"),
        ("cdevents:v0:gitlab::acme:platform/backend:issue:12", "ticket:gitlab/acme/platform/backend/12"),
        (f"cdevents:v0:::::artifact:pkg%3Aoci%2Fapp%40sha256%3A{'5' * 64}", f"artifact:{DIGEST}"),
        ("cdevents:v0:::::artifact:pkg%3Adocker%2Fapp%401.0.0", "artifact:pkg:docker/app@1.0.0"),
        ("cdevents:v0:circleci::acme:release:execution:789", None),
        ("cdevents:v0:github::acme:checkout:branch:main", None),
        ("cdevents:v0:github:acme:checkout:pr:97", None),
        ("cdevents:v0:github::acme:/checkout:pr:97", None),
        ("cdevents:v0:github::acme:checkout/:pr:97", None),
        ("cdevents:v0:github::acme:checkout::97", None),
        ("cdevents:v0:github::acme:checkout:pr:", None),
        ("cdevents:v1:github::acme:checkout:pr:97", None),
        ("CDEvents:v0:github::acme:checkout:pr:97", None),
        ("cdevents:v0:github::acme:checkout:pr:planted-octo", None),
        ("cdevents:" + "x" * 10_000, None),
        ("", None),
        (None, None),
    ],
)
def test_a_domain_id_is_the_entity_that_it_names(domain: str | None, uri: str | None) -> None:
    """Where other tools name it alike; else it is none."""
    assert thing(domain) == uri


@pytest.mark.parametrize(
    ("subject", "target", "word", "kind"),
    [
        ("run:cdevents/a/1/1", CHANGE, "TRIGGER", LinkKind.PART_OF),
        ("run:cdevents/a/1/1", CHANGE, "triggered-by", LinkKind.PART_OF),
        ("run:cdevents/a/1/1", CHANGE, None, LinkKind.PART_OF),
        ("run:cdevents/a/1/1", CHANGE, "blockedBy", LinkKind.RELATES_TO),
        (CHANGE, "ticket:jira/CHK-12", "implements", LinkKind.PART_OF),
        (CHANGE, "ticket:jira/CHK-12", "dependsOn", LinkKind.RELATES_TO),
        ("ticket:jira/CHK-12", CHANGE, "implements", LinkKind.RELATES_TO),
        (f"artifact:{DIGEST}", f"commit:{SHA}", None, LinkKind.BUILT_FROM),
        ("deployment:cdevents/a/1", f"artifact:{DIGEST}", "ARTIFACT", LinkKind.DEPLOYS),
        ("deployment:cdevents/a/1", CHANGE, "causedBy", LinkKind.RELATES_TO),
        ("incident:cdevents/a/1", f"commit:{SHA}", "causedBy", LinkKind.CAUSED_BY),
        ("incident:cdevents/a/1", f"commit:{SHA}", "TRIGGER", LinkKind.RELATES_TO),
        ("incident:cdevents/a/1", "ticket:jira/CHK-12", "causedBy", LinkKind.RELATES_TO),
        ("environment:cdevents/a/1", CHANGE, "TRIGGER", LinkKind.RELATES_TO),
    ],
)
def test_a_relation_means_no_more_than_it_says(subject: str, target: str, word: str | None, kind: LinkKind) -> None:
    """Membership, cargo or cause where word and entities say so; else the two only relate."""
    assert meant(subject, target, word) == kind


def test_a_run_is_part_of_the_change_that_triggered_it() -> None:
    """As the pull request's own tool names it; what blocked it only relates, what is not known is left out."""
    found = [(link.uri, link.kind) for link in only("pipelinerun.started__triggered_by_a_pull_request").links]
    assert found == [
        (CHANGE, LinkKind.PART_OF), (f"commit:{SHA}", LinkKind.PART_OF), ("ticket:jira/CHK-13", LinkKind.RELATES_TO),
    ]  # fmt: skip


def test_the_ids_of_linked_events_are_kept() -> None:
    """So that a query can follow them to the deliveries that they name; an id that may name somebody is a digest."""
    told = only("pipelinerun.started__triggered_by_a_pull_request").attributes["linked_events"].split()
    assert (told[:2], len(told[2])) == (
        ["5eed0000-0000-4000-8000-000000000098", "5eed0000-0000-4000-8000-000000000097"], 16,
    )  # fmt: skip


def test_a_link_changes_no_id() -> None:
    """An event with its links is the same fact as the one without."""
    body = json.loads(golden("cdevents/pipelinerun.finished__ending_its_chain").body)
    del body["context"]["links"]
    found = translated("cdevents", json.dumps(body).encode(), {})
    assert not isinstance(found, Ignored)
    assert found[0].event_id == only("pipelinerun.finished__ending_its_chain").event_id


def test_the_end_of_a_chain_is_told() -> None:
    """By the event that says so, and by no other."""
    ends = [name for name in ("finished__ending_its_chain", "started__triggered_by_a_pull_request")
            if only(f"pipelinerun.{name}").attributes.get("chain_end") == "true"]  # fmt: skip
    assert ends == ["finished__ending_its_chain"]


def test_a_link_by_itself_is_a_fact_of_what_it_is_said_of() -> None:
    """And selectors find it by the repository."""
    event = only("link__of_a_change_to_its_issue")
    assert (event.type, event.subject_id, event.links[0].uri, event.attributes["repository"]) == (
        "link.told", CHANGE, "ticket:jira/CHK-12", "github.com/acme/checkout",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "predicate"),
    [
        ("dev.cdeventsx.acme-cart.expired.0.1.0", "acme_cart_expired"),
        ("dev.cdeventsx.Acme-Cart.Expired.0.1.0-draft", "acme_cart_expired"),
        ("dev.cdeventsx.acme-s3-bucket.created.0.1.0", "acme_s_bucket_created"),
        ("dev.cdeventsx.acme.created", None),
        ("dev.cdeventsx.acme-cart.expired.soon", None),
        ("dev.cdeventsx.77-8.9.0.1.0", None),
        ("dev.cdeventsx." + "a" * 300 + ".b.0.1.0", None),
        ("dev.cdeventsx.", None),
    ],
)
def test_a_custom_type_is_one_that_a_rule_can_name(written: str, predicate: str | None) -> None:
    """Letters and single underlines; anything else is no type."""
    assert (custom_predicate(written), subject_and_predicate(written)) == (predicate, "custom")


def test_a_custom_events_content_is_its_makers() -> None:
    """Whatever it holds, nothing of it is read, and it is in the item that its links lead to."""
    event = only("custom__of_a_commit")
    assert (event.type, event.state, [link.uri for link in event.links]) == (
        "custom.acmetool_cart_expired", None, [f"commit:{SHA}", "ticket:*/CHK-12", CHANGE],
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["change.merged", "pipelinerun.finished", "artifact.packaged"])
def test_versions_say_the_same_fact_alike(kind: str) -> None:
    """What 0.3 says of an entity and what 0.6 says of it have the same subject or the same kind of it."""
    old, new = only(f"{kind}__of_0_3"), only(f"{kind}__of_0_6")
    assert (old.type, old.subject_id.rpartition("/")[0]) == (new.type, new.subject_id.rpartition("/")[0])


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "0.3.0-draft", "1.0.0"])
def test_the_version_of_a_type_does_not_matter(version: str) -> None:
    """A type is its subject and predicate."""
    body = json.dumps({"context": {"type": f"dev.cdevents.change.merged.{version}"}}).encode()
    assert ADAPTER.event_type({}, body) == "change.merged"
