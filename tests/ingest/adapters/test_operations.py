"""What becomes of Argo CD's, PagerDuty's and CDEvents' deliveries, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from ruamel.yaml import YAML

from ingest.adapter import Ignored
from ingest.adapters.argocd import Body
from ingest.adapters.cdevents import TYPES
from schemas.event import NO_CAUSE, ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import short_digest
from tests.builders.deliveries import events, golden, translated

TEMPLATE: Final = Path(__file__).parents[3] / "deploy" / "argocd" / "notifications.yaml"
PIPELINES: Final = short_digest("/acme/pipelines")
IMAGE: Final = "artifact:sha256:" + "5" * 64


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery."""
    (event,) = events(name)
    return event


def facts_of(told: dict[str, Any]) -> Sequence[FlowEvent]:
    """Return the facts of a CDEvent."""
    found = translated("cdevents", json.dumps(told).encode(), {})
    assert not isinstance(found, Ignored)
    return found


@pytest.mark.parametrize(
    ("case", "outcome"), [("succeeded", Outcome.SUCCESS), ("failed", Outcome.FAILURE), ("error", Outcome.ERROR)]
)
def test_a_finished_sync_tells_begin_and_end(case: str, outcome: Outcome) -> None:
    """A finished operation says when it began, too."""
    found = [(e.type, e.outcome) for e in events(f"argocd/sync__{case}")]
    assert found == [("deployment.started", None), ("service.deployed", outcome)]


def test_a_running_sync_and_its_end_agree_on_the_begin() -> None:
    """The begin told at the end is the same fact as the one told while running, and says no more."""
    told, running = events("argocd/sync__succeeded")[0], only("argocd/sync__running")
    assert (told.event_id, told.links) == (running.event_id, ())


def test_an_operation_is_a_deployment() -> None:
    """A deployment is known by its application, namespace and all, and the operation's start."""
    expected = "deployment:argocd/argocd/checkout-production/2026-03-04T08:40:00Z"
    assert {e.subject_id for e in events("argocd/sync__succeeded")} == {expected}


@pytest.mark.parametrize(
    ("case", "deployed"),
    [
        ("succeeded", [IMAGE, "commit:" + "c" * 40]),
        ("succeeded_of_a_tagged_commit", ["commit:" + "9" * 40]),
        ("succeeded_of_a_chart", [IMAGE]),
        ("succeeded_of_several_sources", [IMAGE, "commit:" + "c" * 40]),
    ],
)
def test_what_a_sync_deploys(case: str, deployed: list[str]) -> None:
    """Images by digest, commits by an image's tag, else by the revision; a chart's version names no commit."""
    assert [link.uri for link in events(f"argocd/sync__{case}")[-1].links] == deployed


def test_one_name_in_two_namespaces_is_two_applications() -> None:
    """Argo CD may hold an application of one name in each of its namespaces, synced in the same second."""
    two = [events(f"argocd/sync__succeeded{case}")[-1].subject_id for case in ("", "_in_another_namespace")]
    assert len(set(two)) == 2


@pytest.mark.parametrize(
    ("case", "artifacts"),
    [("running", []), ("succeeded", [IMAGE]), ("succeeded_on_an_older_release", [IMAGE]), ("failed", [IMAGE]),
     ("failed_on_an_older_release", [])],
)  # fmt: skip
def test_live_pods_stand_in_only_where_a_success_tells_no_images(case: str, artifacts: list[str]) -> None:
    """Live are the old pods while the new ones start, and what the cluster adds: none of it was deployed."""
    links = events(f"argocd/sync__{case}")[-1].links
    assert [link.uri for link in links if link.method is LinkMethod.DIGEST] == artifacts


def test_a_previews_name_is_reduced() -> None:
    """An application made for a branch may be called after anybody."""
    word = events("argocd/sync__succeeded_in_a_preview")[-1].attributes["environment_raw"]
    assert re.fullmatch("preview-~[0-9a-f]{8}", word)


def test_without_labels_the_application_is_the_service() -> None:
    """Without labels the application's name and the namespace stand in."""
    event = events("argocd/sync__succeeded_without_labels")[-1]
    assert (event.attributes["service"], event.environment) == ("checkout-production", "staging")


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("succeeded", ActorClass.BOT),
        ("succeeded_by_hand", ActorClass.HUMAN),
        ("succeeded_by_someone_unknown", ActorClass.UNKNOWN),
    ],
)
def test_who_synced(case: str, expected: ActorClass) -> None:
    """Automated syncs are a bot's, others a human's."""
    assert {e.actor_class for e in events(f"argocd/sync__{case}")} == {expected}


def test_the_shipped_template_says_what_the_adapter_reads() -> None:
    """The template's body, with its actions filled in, has exactly the fields of a golden body and decodes."""
    documents: list[Any] = list(YAML(typ="safe").load_all(TEMPLATE.read_text()))
    template = YAML(typ="safe").load(documents[1]["data"]["template.vsm-sync"])["webhook"]["vsm"]["body"]
    sample: dict[str, Any] = json.loads(golden("argocd/sync__succeeded").body)
    values = {**sample["destination"], **sample["application"], **sample["operation"]}
    filled = re.sub(
        r'"(\w+)": \{\{.*\}\}(,?)$',
        lambda m: f'"{m[1]}": {json.dumps(values[m[1]])}{m[2]}',
        template,
        flags=re.MULTILINE,
    )
    msgspec.json.decode(filled, type=Body)
    assert shape(json.loads(filled)) == shape(sample)


def shape(value: object) -> object:
    """Return the names of a body's fields, however deep."""
    return {name: shape(inner) for name, inner in value.items()} if isinstance(value, dict) else None


@pytest.mark.parametrize(
    ("case", "event_type", "state"),
    [
        ("incident.triggered__triggered", "incident.detected", "triggered"),
        ("incident.reopened__reopened", "incident.detected", "reopened"),
        ("incident.resolved__resolved", "incident.resolved", "resolved"),
    ],
)
def test_life_of_an_incident(case: str, event_type: str, state: str) -> None:
    """An incident is detected, resolved, and detected again."""
    event = only(f"pagerduty/{case}")
    assert (event.subject_id, event.type, event.state) == ("incident:pagerduty/PINC001", event_type, state)


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        ("deployment", "deployment:argocd/argocd/checkout-production/2026-03-04T08:40:00Z"),
        ("commit", "commit:" + "9" * 40),
        ("image", IMAGE),
    ],
)
def test_an_incident_names_its_cause(case: str, cause: str) -> None:
    """A deployment, commit or image in the custom fields is the explicit cause."""
    event = only(f"pagerduty/incident.custom_field_values.updated__naming_the_{case}")
    expected = Link(uri=cause, kind=LinkKind.CAUSED_BY, method=LinkMethod.EXPLICIT)
    assert (event.type, event.links) == ("incident.updated", (expected,))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("commit:" + "9" * 40, "commit:" + "9" * 40),
        ("registry.acme.example/checkout:" + "9" * 40, "commit:" + "9" * 40),
        ("a bad one (" + "A" * 40 + ").", "commit:" + "a" * 40),
        ("See deployment:cd/checkout/31, then ask.", "deployment:cd/checkout/31"),
        ("<deployment:cd/checkout/1.4.2>.", "deployment:cd/checkout/1.4.2"),
        ("sha1:" + "9" * 40, None),
        ("9" * 41, None),
    ],
)
def test_a_cause_is_found_within_a_text(text: str, cause: str | None) -> None:
    """A commit may be written as its uri or as an image's tag, and a sentence may go on after a deployment's uri."""
    one = golden("pagerduty/incident.custom_field_values.updated__naming_the_commit")
    body = one.body.replace(b"9" * 40, text.encode())
    found = translated("pagerduty", body, one.headers)
    assert not isinstance(found, Ignored)
    assert [link.uri for event in found for link in event.links] == ([cause] if cause else [])


@pytest.mark.parametrize("value", ["null", "[]", '"the usual suspect"'])
def test_a_field_for_the_cause_that_names_none_takes_it_back(value: str) -> None:
    """Emptied after it named a commit, it says that no cause stands; fields for other things say nothing of it."""
    one = golden("pagerduty/incident.custom_field_values.updated__naming_the_commit")
    found = translated("pagerduty", re.sub(rb'"[^"]*9{40}[^"]*"', value.encode(), one.body), one.headers)
    assert not isinstance(found, Ignored)
    named, nothing_asked = only(f"pagerduty/{one.path.stem}"), only(f"pagerduty/{one.event}__naming_no_cause")
    assert [e.attributes.get("cause") for e in (*found, named, nothing_asked)] == [NO_CAUSE, None, None]


@pytest.mark.parametrize(
    ("case", "environment"),
    [("naming_the_deployment", "production"), ("naming_the_image", "staging"), ("naming_the_commit", None)],
)
def test_an_incident_names_its_environment(case: str, environment: str | None) -> None:
    """The custom field `environment` (or `env`, or `stage`) as it stands now is the incident's, not what it was."""
    assert only(f"pagerduty/incident.custom_field_values.updated__{case}").environment == environment


def test_custom_fields_of_no_interest_are_not_kept() -> None:
    """Texts of other custom fields, numbers and empty ones say nothing."""
    event = only("pagerduty/incident.custom_field_values.updated__naming_no_cause")
    assert (event.links, sorted(event.attributes)) == ((), ["action", "environment_raw"])


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("incident.triggered__triggered", "checkout-api"),
        ("incident.service_updated__rerouted", "payments-eu"),
        ("incident.custom_field_values.updated__naming_the_deployment", "checkout"),
    ],
)
def test_an_incidents_service_is_spelled_as_deployments_do(name: str, service: str) -> None:
    """The service is the one PagerDuty names, at first and rerouted, or the custom field: lower case with hyphens."""
    assert only(f"pagerduty/{name}").attributes["service"] == service


def test_a_merged_incident_is_related_to_the_one_it_went_into() -> None:
    """An incident resolved by merging leads to the other."""
    found = only("pagerduty/incident.resolved__resolved_by_merging")
    assert [(link.kind, link.uri) for link in found.links] == [(LinkKind.RELATES_TO, "incident:pagerduty/PINC002")]


@pytest.mark.parametrize("event_type", TYPES)
def test_cdevents_speak_their_own_types(event_type: str) -> None:
    """Every CDEvents subject and predicate is a type of ours."""
    assert only(f"cdevents/{event_type}__of_0_6").type == event_type


@pytest.mark.parametrize("event_type", ["change.merged", "pipelinerun.finished", "service.deployed", "ticket.created"])
def test_versions_of_cdevents_say_the_same(event_type: str) -> None:
    """An event of 0.4, 0.5 and the 0.6 draft says the same of the same entity."""
    said = [only(f"cdevents/{event_type}__of_{version}") for version in ("0_4", "0_5", "0_6")]
    assert len({(e.type, e.occurred_at, e.outcome, e.links, e.work_kind, e.environment) for e in said}) == 1


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("change.merged__of_0_5", "change:github.com/acme/checkout/97"),
        ("change.merged__by_address", "change:gitlab.acme.example/acme/checkout/97"),
        ("artifact.packaged__of_0_5", IMAGE),
        ("artifact.published__without_a_digest", "artifact:pkg:golang/acme.example/checkout@v1.2.0"),
        ("ticket.created__of_0_5", "ticket:jira/CHK-12"),
        ("ticket.created__of_github", "ticket:github/acme/checkout/12"),
        ("ticket.created__with_a_key", f"ticket:cdevents/{PIPELINES}/OPS-7"),
        ("pipelinerun.finished__failing", f"run:cdevents/acme/pipelinerun-{PIPELINES}/15/1"),
    ],
)
def test_cdevents_subjects_meet_other_tools(name: str, subject: str) -> None:
    """Where an id or address tells the entity, its uri is the one other tools use."""
    assert only(f"cdevents/{name}").subject_id == subject


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("artifact.packaged__of_0_5", LinkKind.BUILT_FROM, "change:github.com/acme/checkout/97"),
        ("artifact.packaged__of_a_commit", LinkKind.BUILT_FROM, "commit:" + "9" * 40),
        ("service.deployed__of_0_5", LinkKind.DEPLOYS, IMAGE),
        ("incident.detected__of_0_5", LinkKind.CAUSED_BY, IMAGE),
        ("change.merged__by_address", LinkKind.MERGED_AS, "commit:" + "9" * 40),
        ("pipelinerun.finished__naming_its_commit", LinkKind.PART_OF, "commit:" + "a" * 40),
        ("pipelinerun.started__naming_its_change", LinkKind.PART_OF, "change:github.com/acme/checkout/97"),
        ("taskrun.finished__of_0_6", LinkKind.PART_OF, f"run:cdevents/acme/pipelinerun-{PIPELINES}/15/1"),
    ],
)
def test_cdevents_are_linked(name: str, kind: LinkKind, target: str) -> None:
    """Content and custom data tell what a subject is linked to."""
    assert (kind, target) in {(link.kind, link.uri) for link in only(f"cdevents/{name}").links}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("pipelinerun.finished__failing", Outcome.FAILURE),
        ("pipelinerun.finished__in_error", Outcome.ERROR),
        ("pipelinerun.finished__cancelled", Outcome.CANCELLED),
        ("testcaserun.finished__failing", Outcome.FAILURE),
        ("service.deployed__of_0_3", Outcome.SUCCESS),
        ("service.removed__of_0_6", None),
    ],
)
def test_cdevents_come_out(name: str, outcome: Outcome | None) -> None:
    """Outcomes are told apart; a deployment is successful unless it says otherwise."""
    assert only(f"cdevents/{name}").outcome is outcome


@pytest.mark.parametrize("subject", ["pipelinerun.finished", "incident.detected"])
def test_one_id_in_two_sources_is_two_entities(subject: str) -> None:
    """CDEvents' ids are unique within their source: two servers with a run 15 have two runs."""
    ours, theirs = only(f"cdevents/{subject}__of_0_6"), only(f"cdevents/{subject}__of_another_source")
    assert (ours.subject_id != theirs.subject_id, ours.event_id != theirs.event_id) == (True, True)


def test_a_reference_into_another_source_meets_the_entity_there() -> None:
    """A task that names a run of another source is part of that very run."""
    run = only("cdevents/pipelinerun.finished__of_another_source").subject_id
    assert [link.uri for link in only("cdevents/taskrun.finished__in_a_run_of_another_source").links] == [run]


def test_an_absolute_id_needs_no_source() -> None:
    """An id that is an address is the same entity whoever tells of it."""
    body = golden("cdevents/pipelinerun.finished__by_address").body
    told = [translated("cdevents", b, {}) for b in (body, body.replace(b"/acme/pipelines", b"/other/ci"))]
    ours, theirs = [found[0] for found in told if not isinstance(found, Ignored)]
    assert (ours.subject_id, ours.event_id) == (theirs.subject_id, theirs.event_id)


@pytest.mark.parametrize(
    ("source", "home"),
    [
        ("https://github.com/acme/checkout", "github.com/acme/checkout"),
        ("https://ci.acme.example/job/octo-chk-12", None),
        ("https://ci.acme.example/octo%2Fchk-12/builds", None),
        ("https://ci.acme.example/users/octo.cat@people.invalid", None),
    ],
)
def test_a_source_is_a_changes_repository_only_where_it_is_ones_address(source: str, home: str | None) -> None:
    """What is called after a branch or a person stands in a change's uri as a digest, and in no attribute."""
    told = json.loads(golden("cdevents/change.merged__of_0_6").body)
    told["subject"] |= {"source": source, "content": {}}
    (event,) = facts_of(told)
    assert event.subject_id == f"change:{home or 'cdevents/' + short_digest(source)}/97"
    told["context"]["type"] = "dev.cdevents.pipelinerun.started.0.3.0"
    told["subject"]["content"] = {"change": {"id": "97", "source": source}}
    (run,) = facts_of(told)
    assert (run.attributes.get("repository"), [link.uri for link in run.links]) == (home, [event.subject_id])


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://ci.acme.example/job/octo%252Fchk-12/15", False),
        ("https://octo:secret@ci.acme.example/15", False),
        ("https://ci.acme.example/by/octo.cat%40people.invalid/15", False),
        ("https://ci.acme.example/@acme/checkout@1.4.2-rc.1/15", True),
    ],
)
def test_an_address_that_names_somebody_is_left_out(address: str, kept: bool) -> None:  # noqa: FBT001 - a parameter
    """A branch that is escaped twice, as Jenkins does, credentials and mail addresses are kept in no address."""
    told = json.loads(golden("cdevents/pipelinerun.started__of_0_6").body)
    told["subject"]["content"]["uri"] = address
    told["customData"] = {"branch": "octo/chk-12"}
    assert [event.subject_url for event in facts_of(told)] == [address if kept else None]


@pytest.mark.parametrize(("place", "kept"), [("preview-octo", False), ("preview-12", True), ("eu-west", True)])
def test_a_previews_address_is_kept_no_further_than_its_name(place: str, kept: bool) -> None:  # noqa: FBT001 - a parameter
    """A preview's address is made of its name: where not all of the one is kept, the other is left out."""
    told = json.loads(golden("cdevents/environment.created__of_0_6").body)
    told["subject"]["id"] = place
    told["subject"]["content"]["url"] = f"https://{place}.acme.example"
    assert [event.subject_url is not None for event in facts_of(told)] == [kept]


@pytest.mark.parametrize("predicate", ["published", "removed"])
def test_a_service_that_can_be_reached_or_is_gone_is_no_deployment(predicate: str) -> None:
    """What is told of a service beside its deployments is a fact of the service, with no outcome and no artifact."""
    event = only(f"cdevents/service.{predicate}__of_0_6")
    assert (event.subject_id.partition(":")[0], event.outcome, event.links) == ("service", None, ())


@pytest.mark.parametrize(
    ("case", "actor_class", "decision"),
    [
        ("asking_for_changes", ActorClass.UNKNOWN, "changes_requested"),
        ("by_a_human", ActorClass.HUMAN, "approved"),
        ("by_an_agent", ActorClass.AGENT, "commented"),
        ("by_nobody_known", ActorClass.UNKNOWN, None),
    ],
)
def test_who_reviewed_and_how(case: str, actor_class: ActorClass, decision: str | None) -> None:
    """CDEvents tells no class of an actor: `customData` may, by one of three words, and the decision by a few."""
    event = only(f"cdevents/change.reviewed__{case}")
    assert (event.actor_class, event.attributes.get("decision")) == (actor_class, decision)
