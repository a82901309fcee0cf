"""Mappings: what a tool without an adapter becomes, by a file alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from ingest.adapter import Adapter, Ignored, Untranslatable
from ingest.mapping.compile import NO_RULE, adapters_of
from ingest.mapping.proofs import NAMED
from ingest.signatures import Outgoing
from schemas.definition_file import parse
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome, WorkKind
from schemas.identity import short_digest
from schemas.mappings_text import SCHEMES
from tests.builders.deliveries import RECEIVED_AT, context, delivery, golden, translated
from tests.builders.mappings import OF_PAGERDUTY, a_rule, mapped

SHA = "0123456789abcdef0123456789abcdef01234567"
AT = "2026-02-03T10:15:30Z"


def facts(adapter: Adapter, body: Any, headers: dict[str, str] | None = None) -> Sequence[FlowEvent]:  # noqa: ANN401 - any JSON
    """Return the facts of a delivery to a mapped tool."""
    raw = json.dumps(body).encode()
    event_type = adapter.event_type(headers or {}, raw)
    found = adapter.translate[event_type](raw, context(adapter.tool, headers or {}))
    return [] if isinstance(found, Ignored) else found


def made(rule: str, **body: object) -> FlowEvent:
    """Return the one fact of a rule: a ticket 12 at `AT` where the rule says nothing else."""
    (event,) = facts(mapped(a_rule(rule)), {"id": "12", "at": AT, **body})
    return event


@pytest.mark.parametrize(
    "name",
    [
        "incident.triggered__triggered", "incident.triggered__triggered_without_a_creation_time",
        "incident.reopened__reopened", "incident.resolved__resolved", "incident.resolved__resolved_by_merging",
        "incident.service_updated__rerouted",
    ],
)  # fmt: skip
def test_says_what_an_adapter_says(name: str) -> None:
    """A mapping of PagerDuty's incidents makes the very events of its adapter, ids and all."""
    (mapping,) = parse(OF_PAGERDUTY).mappings
    (adapter,) = adapters_of(replace(parse(OF_PAGERDUTY), mappings=(replace(mapping, tool="pagerduty"),)))
    one = golden(f"pagerduty/{name}")
    delivery_id = adapter.delivery_id(one.headers, one.body)
    found = adapter.translate[adapter.event_type(one.headers, one.body)](
        one.body, context("pagerduty", one.headers, delivery_id)
    )
    assert found == translated("pagerduty", one.body, one.headers)


def test_every_scheme_of_the_file_is_one_of_ours() -> None:
    """What the reader takes as a scheme can be made."""
    assert set(SCHEMES) == set(NAMED)


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_every_scheme_proves_what_it_signs(scheme: str) -> None:
    """A delivery signed by the scheme is proven, one signed by another secret is not."""
    header = ", header: x-proof" if SCHEMES[scheme] else ""
    verify = mapped(a_rule(""), proof=f"{{scheme: {scheme}{header}}}").verify
    one = delivery(golden("github/ping__ping"), proof={})
    sent = Outgoing(body=one.body, url=one.url, message_id="m-1", sent_at=RECEIVED_AT)
    proven = replace(one, headers=verify.sign(b"a secret", sent))
    assert (verify(proven, (b"a secret",)), verify(proven, (b"another",)) is None) == (None, False)


def test_any_of_several_proofs_is_enough() -> None:
    """A tool that signs one way here and another way there."""
    adapter = mapped(a_rule(""), proof="[{scheme: hmac_sha256, header: x-proof}, {scheme: bearer_token}]")
    one = replace(delivery(golden("github/ping__ping"), proof={}), headers={"authorization": "Bearer a secret"})
    assert adapter.verify(one, (b"a secret",)) is None


@pytest.mark.parametrize(
    ("written", "body", "found"),
    [
        ("$.a", {"a": "x"}, "x"),
        ("$.a.b", {"a": {"b": 7}}, "7"),
        ('"$[\'odd name\']"', {"odd name": True}, "true"),
        ('"$.a[0]"', {"a": ["x", "y"]}, "x"),
        ('"$.a[-1]"', {"a": ["x", "y"]}, "y"),
        ('"$.a[2]"', {"a": ["x", "y"]}, None),
        ('"$.a[*].b"', {"a": [{}, {"b": "x"}, {"b": "y"}]}, "x"),
        ('"$.a[*][1]"', {"a": [["x"], ["y", "z"]]}, "z"),
        ("$.a", {"a": 12.0}, "12"),
        ("$.a", {"a": 1.5}, "1.5"),
        ("$.a", {"a": ""}, None),
        ("$.a", {"a": None}, None),
        ("$.a", {"a": {"b": "x"}}, None),
        ("$.a.b", {"a": "x"}, None),
        ("$.a.b", {"a": []}, None),
        ("{path: [$.a, $.b]}", {"b": "x"}, "x"),
        ("{path: $.a, map: {x: y}}", {"a": "x"}, "y"),
        ("{path: $.a, map: {x: y}}", {"a": "z"}, None),
        ("{path: $.a, map: {x: y}, otherwise: other}", {"a": "z"}, "other"),
        ("{path: $.a, map: {x: y}, otherwise: other, missing: none}", {}, "none"),
        ("{path: $.a, as: slug}", {"a": "Checkout  API!"}, "checkout-api"),
        ("{path: $.a, as: slug}", {"a": "Cart of planted@example.org"}, "cart-of"),
        ("[first, $.a]", {"a": "x"}, "first/x"),
        ("[first, $.a]", {}, None),
        ("{header: X-Word}", {}, "told"),
    ],
)  # fmt: skip
def test_a_value_finds_its_text(written: str, body: dict[str, Any], found: str | None) -> None:
    """By paths, headers, words and constants; nothing is None."""
    adapter = mapped(a_rule(f"state: {written}"))
    (event,) = facts(adapter, {"id": "12", "at": AT, **body}, {"x-word": "told"})
    assert event.state == found


@pytest.mark.parametrize(
    ("conditions", "body", "count"),
    [
        ("when: {$.a: x}", {"a": "x"}, 1),
        ("when: {$.a: [x, y]}", {"a": "y"}, 1),
        ("when: {$.a: x}", {"a": "y"}, 0),
        ("when: {$.a: x}", {}, 0),
        ("when: {$.a: '*'}", {"a": {"b": 1}}, 1),
        ("when: {$.a: '*'}", {"a": None}, 0),
        ("when: {$.a: '7', $.b: 'true'}", {"a": 7, "b": True}, 1),
        ("when: {'$.a[*].b': x}", {"a": [{"b": "y"}, {"b": "x"}]}, 1),
        ("when: {$.a: x}, unless: {$.b: '*'}", {"a": "x", "b": 1}, 0),
        ("when: {$.a: x}, unless: {$.b: '*'}", {"a": "x"}, 1),
    ],
)
def test_a_rule_speaks_of_what_its_conditions_hold_for(conditions: str, body: dict[str, Any], count: int) -> None:
    """All of `when`, none of `unless`."""
    assert len(facts(mapped(a_rule(conditions)), {"id": "12", "at": AT, **body})) == count


def test_nothing_spoken_of_is_ignored() -> None:
    """A delivery of a known type that no rule speaks of is no dead letter."""
    adapter = mapped(a_rule("when: {$.a: x}"))
    assert adapter.translate["delivery"](b"{}", context("acmeci", {})) == NO_RULE


def test_each_element_is_an_event_of_its_own() -> None:
    """Those that the conditions hold for, with what stands beside them."""
    rule = "{each: '$.steps[*]', when: {$each.state: done}, type: taskrun.finished, subject: {run: [$.run, $each.id]}"
    adapter = mapped(f"{rule}, at: $each.at, attributes: {{pipeline: $.name}}}}")
    steps = [{"id": 1, "state": "done", "at": AT}, {"id": 2, "state": "open"}, {"id": 3, "state": "done", "at": AT}]
    found = facts(adapter, {"run": 9, "name": "release", "steps": steps})
    assert [(e.subject_id, e.attributes["pipeline"]) for e in found] == [
        ("run:acmeci/acme/9/1/1", "release"), ("run:acmeci/acme/9/3/1", "release"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "subject"),
    [
        ("ticket.created: {ticket: $.x}", {"x": "CHK-12"}, "ticket:acmeci/CHK-12"),
        ("ticket.created: {ticket: $.x, tracker: jira}", {"x": "CHK-12"}, "ticket:jira/CHK-12"),
        ("ticket.created: {ticket: $.x}", {"x": "https://acme.example/browse/CHK-12"}, "ticket:jira/CHK-12"),
        ("change.created: {change: $.x, repository: $.y}", {"x": 7, "y": "git@github.com:acme/app.git"},
         "change:github.com/acme/app/7"),
        ("change.created: {change: $.x}", {"x": "https://github.com/acme/app/pull/7"}, "change:github.com/acme/app/7"),
        ("commit.landed: {commit: $.x}", {"x": SHA.upper()}, f"commit:{SHA}"),
        ("build.finished: {run: $.x, attempt: $.y}", {"x": 7, "y": 2}, "run:acmeci/acme/7/2"),
        ("artifact.published: {artifact: $.x}", {"x": f"ghcr.io/acme/app@sha256:{'5' * 64}"},
         f"artifact:sha256:{'5' * 64}"),
        ("service.deployed: {deployment: $.x}", {"x": "acme-shop"}, f"deployment:acmeci/{short_digest('acme-shop')}"),
        ("incident.detected: {incident: $.x}", {"x": "PINC001"}, "incident:acmeci/PINC001"),
        ("repository.created: {repository: $.x}", {"x": "git@GitHub.com:acme/app"}, "repository:github.com/acme/app"),
        ("custom.flag_shown: {activity: $.x}", {"x": 7}, "activity:acmeci/7"),
    ],
)  # fmt: skip
def test_a_subject_has_the_uri_that_everybody_knows(kind: str, body: dict[str, Any], subject: str) -> None:
    """So that it meets what other tools say of the same entity."""
    event_type, _, entity = kind.partition(": ")
    (event,) = facts(mapped(f"{{type: {event_type}, subject: {entity}, at: $.at}}"), {"at": AT, **body})
    assert event.subject_id == subject


@pytest.mark.parametrize(
    ("link", "body", "uris"),
    [
        ("{part_of: {commit: $.x}}", {"x": SHA}, [f"commit:{SHA}"]),
        ("{part_of: {commit: $.x}}", {"x": "main"}, []),
        ("{deploys: {commit: '$.x[*].sha'}}", {"x": [{"sha": SHA}, {}, {"sha": "f" * 40}]},
         [f"commit:{SHA}", f"commit:{'f' * 40}"]),
        ("{part_of: {keys_in_branch: $.x}}", {"x": "feature/chk-12-more"}, ["ticket:*/CHK-12"]),
        ("{part_of: {keys_in_title: $.x}}", {"x": "CHK-12 and CHK-13"}, ["ticket:*/CHK-12", "ticket:*/CHK-13"]),
        ("{part_of: {keys_named_in: $.x}}", {"x": "see CHK-11. Fixes CHK-12"}, ["ticket:*/CHK-12"]),
    ],
)  # fmt: skip
def test_a_link_leads_to_what_its_target_finds(link: str, body: dict[str, Any], uris: list[str]) -> None:
    """One link for each of what a path finds, none for nothing."""
    assert [found.uri for found in made(f"links: [{link}]", **body).links] == uris


def test_a_link_says_its_evidence() -> None:
    """The method goes by what the target is, the confidence is the author's."""
    links = made("links: [{part_of: {commit: $.x}, confidence: 0.8}]", x=SHA).links
    assert links == (Link(uri=f"commit:{SHA}", kind=LinkKind.PART_OF, method=LinkMethod.COMMIT, confidence=0.8),)


def test_nobody_is_named() -> None:
    """Accounts are hashed, of branches, labels and free attributes only what names nobody is kept."""
    event = made(
        "actor: {id: $.who.id, name: $.who.name}, environment: $.env, url: $.url, subject: {ticket: $.key},"
        " links: [{part_of: {keys_in_title: $.t}}],"
        " attributes: {branch: $.branch, assignee: $.who.name, pipeline: $.pipeline}",
        who={"id": "planted-1", "name": "planted-octo"},
        env="planted-octo-chk-12",
        branch="refs/heads/planted-octo/chk-12",
        t="CHK-12 by Planted Person",
        key="planted-octo",
        pipeline="acme/planted-octo%252Fchk-12",
        url="https://ci.example/job/planted-octo%252Fchk-12",
    )
    assert "planted" not in repr(event).lower()


def test_an_account_has_a_class() -> None:
    """By its name, or by the author's word."""
    by_name = made("actor: {id: $.who, name: $.name}", who=7, name="renovate[bot]")
    by_word = made("actor: {id: $.who, class: {path: $.kind, map: {app: agent}}}", who=7, kind="app")
    assert (by_name.actor_class, by_word.actor_class) == (ActorClass.BOT, ActorClass.AGENT)


@pytest.mark.parametrize(
    ("rule", "body", "kind"),
    [
        ("work_kind: defect", {}, WorkKind.DEFECT),
        ("work_kind: $.type", {"type": "User Story"}, WorkKind.FEATURE),
        ("work_kind: {path: $.type, map: {oops: defect}}", {"type": "oops"}, WorkKind.DEFECT),
        ("labels: '$.labels[*].name'", {"labels": [{"name": "tech-debt"}]}, WorkKind.DEBT),
        ("work_kind: $.type, labels: '$.labels[*]'", {"type": "bug", "labels": ["security"]}, WorkKind.RISK),
        ("work_kind: $.type", {"type": "task"}, None),
    ],
)
def test_the_kind_of_work_is_read(rule: str, body: dict[str, Any], kind: WorkKind | None) -> None:
    """By the author's word, else by the usual words of type and labels."""
    assert made(rule, **body).work_kind == kind


@pytest.mark.parametrize(("body", "outcome"), [({"r": "ok"}, Outcome.SUCCESS), ({}, None)], ids=["ok", "none"])
def test_an_outcome_is_read_by_the_mappings_words(body: dict[str, Any], outcome: Outcome | None) -> None:
    """Where nothing is said, it is not known."""
    assert made("outcome: {path: $.r, map: {ok: success}}", **body).outcome == outcome


def test_a_word_that_is_no_outcome_is_untranslatable() -> None:
    """A failure under a word that the mapping does not know does not pass unnoticed."""
    with pytest.raises(Untranslatable, match=r"^\$\.r is no outcome that the mapping knows$"):
        made("outcome: {path: $.r, map: {ok: success}}", r="broken")


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        ("2026-02-03T10:15:30.1234567Z", 1_770_113_730_123_456),
        ("2026-02-03 10:15:30 +0100", 1_770_110_130_000_000),
        (1_770_113_730, 1_770_113_730_000_000),
        (1_770_113_730_123, 1_770_113_730_123_000),
        ("1770113730123", 1_770_113_730_123_000),
    ],
)
def test_times_are_read_as_tools_write_them(written: object, micros: int) -> None:
    """In any spelling that adapters read."""
    assert made("", at=written).occurred_at == micros


@pytest.mark.parametrize("at", [None, "", "soon", True, {}, "1e400", -(10**400)], ids=repr)
def test_no_time_at_all_is_untranslatable(at: object) -> None:
    """And says which path."""
    with pytest.raises(Untranslatable, match=r"\$\.at"):
        made("", at=at)


def test_a_missing_id_is_untranslatable() -> None:
    """And says which path."""
    with pytest.raises(Untranslatable, match=r"^\$\.id is missing$"):
        facts(mapped(a_rule("")), {"at": AT})


def test_two_facts_at_one_time_are_told_apart() -> None:
    """By state, outcome and decision, or by what the author says."""
    states = {made("state: $.s", s=state).event_id for state in ("a", "b")}
    told = {made("state: $.s, told_apart: [$.n]", s=state, n=1).event_id for state in ("a", "b")}
    assert (len(states), len(told)) == (2, 1)


def test_one_fact_told_by_two_rules_is_one() -> None:
    """Two rules that make the same fact of a delivery make it once."""
    assert len(facts(mapped(a_rule(""), a_rule("")), {"id": "12", "at": AT})) == 1


def test_a_type_that_no_rule_names_goes_to_the_rules_that_ask_for_none() -> None:
    """But for what is ignored by name."""
    adapter = mapped(a_rule(""), more="event_type: $.type\n    ignores: [ping]")
    types = [adapter.event_type({}, json.dumps({"type": name}).encode()) for name in ("anything", "ping")]
    assert (types, [*adapter.translate], [*adapter.ignores]) == (["*", "ping"], ["*"], ["ping"])


def test_quantities_and_order_are_numbers() -> None:
    """What is no number is left out of quantities."""
    event = made("order: $.n, quantities: {tests: $.t, lines: $.l}", n=7, t=12, l="many")
    assert (event.order, event.quantities) == (7, {"tests": 12.0})


@pytest.mark.parametrize("number", ["9" * 5_000, "9" * 20, "seven"], ids=len)
def test_an_order_that_no_fact_can_hold_is_untranslatable(number: str) -> None:
    """Digits without end are not even read as a number."""
    with pytest.raises(Untranslatable, match=r"^the tool's sequence number is not usable$"):
        made("order: $.n", n=number)


def test_a_ticket_has_its_project() -> None:
    """By its key, so that selectors find it."""
    assert made("subject: {ticket: $.key, tracker: jira}", key="CHK-12").attributes["project"] == "jira/CHK"
