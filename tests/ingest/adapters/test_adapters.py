"""What holds for every tool: one walk over `ADAPTERS` and the golden deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import process_time
from typing import Any, Final

import msgspec
import pytest

from ingest.adapter import Adapter, Ignored, Untranslatable
from ingest.adapters import ADAPTERS
from ingest.vocabulary.times import moment
from schemas.codec import Codec
from schemas.event import EARLIEST_MICROS, IMPLAUSIBLE_TIME, UNROUTED, FlowEvent
from schemas.event_types import RANKED
from schemas.steps_text import CUSTOM
from tests.builders.deliveries import (
    SECRET,
    Golden,
    context,
    delivery,
    golden,
    goldens,
    outcome,
    signature,
    translated,
)

PLANTED: Final = "planted"
"""What every planted name, login and address holds."""

FREELY_NAMED: Final[Mapping[str, frozenset[str]]] = {
    "alertmanager": frozenset(
        {"alertname", "annotations", "instance", "message", "owner", "pod", "severity", "team", "title"}
    ),
    "grafana": frozenset(
        {"alertname", "annotations", "instance", "message", "owner", "pod", "severity", "team", "title"}
    ),
    "opsgenie": frozenset({"alias", "integrationName", "message", "priority"}),
    "sentry": frozenset({"culprit", "level", "metadata", "release", "stacktrace", "title", "triggered_rule"}),
    "servicenow": frozenset({"short_description", "tickets"}),
    "buildkite": frozenset({"branch", "message", "meta_data"}),
    "circleci": frozenset({"branch", "ref", "subject", "tag"}),
    "flux": frozenset({"message", "originRevision", "revision", "summary"}),
    "gitlab": frozenset({"ref", "source_branch", "target_branch", "labels", "variables"}),
    "gitea": frozenset({"ref", "head_branch", "label", "labels", "added_labels", "removed_labels", "prettyref"}),
    "github": frozenset({"ref", "head_branch", "label", "labels"}),
    "jenkins": frozenset({"branch", "culprits", "parameters"}),
    "jira": frozenset({"labels", "customfield_10014"}),
    "launchdarkly": frozenset({"comment", "description", "name", "tags", "title"}),
    "linear": frozenset({"labels", "branchName"}),
    "spinnaker": frozenset({"branch", "description", "user"}),
    "cdevents": frozenset(
        {"source", "chainId", "links", "customData", "change", "pipelineRun", "testCaseRun", "testSuiteRun"}
    ),
    "sonarqube": frozenset({"branch"}),
    "tekton": frozenset({f"pipelinesascode.tekton.dev/{name}" for name in ("branch", "sha-title", "source-branch")}),
    "trello": frozenset({"label", "text"}),
    "azure_devops": frozenset({"refUpdates", "sourceRefName", "targetRefName", "sourceBranch", "refName", "labels"}),
    "bitbucket_cloud": frozenset({"branch", "refname"}),
    "bitbucket_server": frozenset({"fromRef", "toRef", "ref", "refId", "previousTarget"}),
}
"""The fields, by tool, in which people write what they like, whatever is below them."""

NAMES_OF_THINGS: Final = frozenset({"artifact", "environment", "repository", "service"})
"""The subjects of CDEvents whose ids are no free text: services, places, packages and repositories are called so."""

REJECTIONS: Final = (Untranslatable, msgspec.ValidationError)

every_golden = pytest.mark.parametrize("one", goldens(), ids=lambda one: one.name)
every_tool = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.tool)


def events_of(one: Golden) -> list[FlowEvent]:
    """Return the events of a golden delivery, none where it is ignored."""
    found = translated(one.tool, one.body, one.headers)
    return [] if isinstance(found, Ignored) else list(found)


def said_by(adapter: Adapter) -> list[FlowEvent]:
    """Return the events of all golden deliveries of a tool."""
    return [event for one in goldens(adapter.tool) for event in events_of(one)]


@every_golden
def test_becomes_what_is_written_beside_it(one: Golden) -> None:
    """A golden delivery becomes exactly the events that stand beside it."""
    expected = json.loads(one.outcome_path.read_bytes())
    assert json.loads(json.dumps(outcome(one))) == expected


@every_tool
def test_every_golden_delivery_is_of_a_known_event_type(adapter: Adapter) -> None:
    """A golden delivery is of the event type its name says, and its adapter knows the type."""
    known = {*adapter.translate, *adapter.ignores}
    kinds = {one.name: (one.event, adapter.event_type(one.headers, one.body)) for one in goldens(adapter.tool)}
    assert [name for name, (named, told) in kinds.items() if named != told or told not in known] == []


@every_tool
def test_every_translated_type_has_a_golden_delivery(adapter: Adapter) -> None:
    """Every event type that is translated has a delivery that becomes an event."""
    shown = {one.event for one in goldens(adapter.tool) if events_of(one)}
    assert set(adapter.translate) <= shown


@every_tool
def test_ignores_no_type_that_it_translates(adapter: Adapter) -> None:
    """An event type is either translated or ignored by name."""
    assert not adapter.ignores & set(adapter.translate)


@every_tool
def test_says_only_types_with_a_place(adapter: Adapter) -> None:
    """Every type that an adapter says has a place in the order that breaks ties, but for those that others define."""
    said = {event.type for event in said_by(adapter) if not event.type.startswith(CUSTOM)}
    assert said <= set(RANKED)


@every_tool
def test_right_signature_is_proven(adapter: Adapter) -> None:
    """A delivery signed as the tool signs is proven."""
    assert {adapter.verify(delivery(one), (SECRET,)) for one in goldens(adapter.tool)} == {None}


@every_tool
def test_wrong_empty_and_missing_signatures_are_refused(adapter: Adapter) -> None:
    """A signature by another secret, an empty one, none at all, and any without a secret configured are refused."""
    one = goldens(adapter.tool)[0]
    wrong = signature(one.tool, one.body, b"another secret")
    empty = dict.fromkeys(wrong, "")
    found = [adapter.verify(delivery(one, proof=proof), (SECRET,)) for proof in (wrong, empty, {})]
    assert all([*found, adapter.verify(delivery(one), ()), adapter.verify(delivery(one), (b"",))])


@every_tool
def test_second_sending_has_the_same_ids(adapter: Adapter) -> None:
    """The same delivery gives the same event ids and the same delivery id."""
    first, second = said_by(adapter), said_by(adapter)
    assert [(event.event_id, event.delivery_id) for event in first] == [(e.event_id, e.delivery_id) for e in second]


@every_tool
def test_facts_of_one_delivery_have_different_ids(adapter: Adapter) -> None:
    """No two facts of a delivery share an id."""
    ids = [[event.event_id for event in events_of(one)] for one in goldens(adapter.tool)]
    assert not [found for found in ids if len(found) > len(set(found))]


@every_tool
def test_events_are_unrouted_and_say_whence_they_come(adapter: Adapter) -> None:
    """An adapter routes nothing, and every event names its tool, source and delivery."""
    said = {(e.value_stream, e.tool, e.source, bool(e.delivery_id and e.event_id)) for e in said_by(adapter)}
    assert said == {(UNROUTED, adapter.tool, "acme", True)}


@every_golden
def test_time_is_the_tools_own(one: Golden) -> None:
    """An event occurs at a time that stands in the body (or a header), or, flagged, at the earliest plausible one."""
    told = {*times_in(json.loads(one.body)), *times_in(one.headers)}
    odd = [e for e in events_of(one) if e.occurred_at not in told and IMPLAUSIBLE_TIME not in e.attributes]
    early = [e for e in events_of(one) if IMPLAUSIBLE_TIME in e.attributes and e.occurred_at != EARLIEST_MICROS]
    assert not odd + early


@every_tool
def test_travels_through_avro_unchanged(adapter: Adapter) -> None:
    """Every event survives an Avro round trip."""
    codec = Codec()
    found = said_by(adapter)
    assert [codec.decode(codec.encode(event), FlowEvent) for event in found] == found


@every_tool
def test_nobody_is_named(adapter: Adapter) -> None:
    """No planted name, login or mail address is in any field of an event."""
    assert PLANTED not in msgspec.json.encode(said_by(adapter)).decode().lower()


@every_golden
def test_nobody_is_named_by_what_is_named_freely(one: Golden) -> None:
    """A name in every branch, label, id and source, and in all of a sender's own data, is in no field of an event."""
    planted = msgspec.json.encode(with_names_planted(json.loads(one.body), one))
    try:
        said = translated(one.tool, planted, one.headers)
    except REJECTIONS:
        return
    assert PLANTED not in msgspec.json.encode(() if isinstance(said, Ignored) else said).decode().lower()


def test_a_name_planted_in_a_body_is_there() -> None:
    """The walk reaches what it means to: branches of both ends, ids, sources and a sender's own data."""
    names = ("github/pull_request__opened", "cdevents/pipelinerun.finished__naming_its_commit")
    bodies = [msgspec.json.encode(with_names_planted(json.loads(golden(n).body), golden(n))).decode() for n in names]
    assert [body.count("planted-octo/") for body in bodies] == [4, 9]


@every_tool
def test_planted_names_are_there_to_be_lost(adapter: Adapter) -> None:
    """Each tool that names people has golden bodies that do."""
    bodies = b"".join(one.body for one in goldens(adapter.tool)).decode().lower()
    assert PLANTED in bodies or adapter.tool == "argocd"


@every_tool
def test_any_field_may_be_missing(adapter: Adapter) -> None:
    """Any one field removed gives a translation or a named rejection."""
    for one in goldens(adapter.tool)[::2]:
        for changed in without_one(json.loads(one.body)):
            survives(one, changed)


@every_tool
@pytest.mark.parametrize(
    "other", [None, 7, "~", [], {}, [None], -1.5, "\0", 10**400], ids=lambda other: repr(other)[:9]
)
def test_any_field_may_be_something_else(adapter: Adapter, other: object) -> None:
    """Any one field replaced by another value gives a translation or a named rejection."""
    for one in goldens(adapter.tool)[::7]:
        for changed in with_one_replaced(json.loads(one.body), other):
            survives(one, changed)


@every_tool
@pytest.mark.parametrize("text", ["/", "a.", "\n", "x:", "A-1 ", "fixes ", "@", "-1"], ids=repr)
def test_any_text_is_read_in_time(adapter: Adapter, text: str) -> None:
    """No long text in any one field makes a translation slow."""
    shown = {one.event: one for one in goldens(adapter.tool) if one.event in adapter.translate}
    slowest = 0.0
    for one in list(shown.values())[:12]:
        for changed in with_one_replaced(json.loads(one.body), text * (20_000 // len(text)) + "~"):
            began = process_time()
            survives(one, changed)
            slowest = max(slowest, process_time() - began)
    assert slowest < 0.5


@every_tool
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b'"text"', b"{", b"{}", b"\xff", b"[" * 9_000], ids=repr)
def test_any_body_at_all(adapter: Adapter, body: bytes) -> None:
    """A body that is no delivery gives a named rejection, whatever event its headers claim."""
    for event_type, translate in adapter.translate.items():
        one = next(one for one in goldens(adapter.tool) if one.event == event_type)
        with pytest.raises((Untranslatable, msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
            translate(body, context(one.tool, one.headers))


def survives(one: Golden, changed: object) -> None:
    """Translate a changed body; anything but a translation or a named rejection is an error."""
    with suppress(*REJECTIONS):
        found = translated(one.tool, encoded(changed), one.headers)
        for event in [] if isinstance(found, Ignored) else found:
            assert "\0" not in event.subject_id


def with_names_planted(value: Any, one: Golden, *, below: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return a body with a name before each text of a freely named field that has none, and before subjects' ids."""
    if isinstance(value, str):
        head = "refs/heads/" if value.startswith("refs/heads/") else ""
        named = not below or PLANTED in value.lower()
        return value if named else f"{head}planted-octo/{value.removeprefix(head)}"
    if isinstance(value, list):
        return [with_names_planted(inner, one, below=below) for inner in value]
    if not isinstance(value, dict):
        return value
    free = FREELY_NAMED.get(one.tool, frozenset())
    found = {
        name: with_names_planted(inner, one, below=below or name in free) if name != "repository" else inner
        for name, inner in value.items()
    }
    if {"content", "id"} <= found.keys() and one.event.partition(".")[0] not in NAMES_OF_THINGS:
        found["id"] = with_names_planted(found["id"], one, below=True)
    return found


def encoded(value: object) -> bytes:
    """Return the value as JSON, whatever the size of its integers."""
    try:
        return msgspec.json.encode(value)
    except OverflowError:
        return json.dumps(value).encode()


def without_one(value: object) -> Iterator[object]:
    """Yield the value with each of its fields removed in turn, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            rest = {key: other for key, other in value.items() if key != name}
            yield rest
            yield from ({**rest, name: changed} for changed in without_one(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield [*value[:place], *value[place + 1 :]]
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in without_one(inner))


def with_one_replaced(value: object, other: object) -> Iterator[object]:
    """Yield the value with each of its fields replaced in turn, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {**value, name: other}
            yield from ({**value, name: changed} for changed in with_one_replaced(inner, other))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            changes = with_one_replaced(inner, other)
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in changes)


def times_in(value: object) -> Iterator[int]:
    """Yield every time in a body, microseconds."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from times_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from times_in(inner)
    elif isinstance(value, str | int | float):
        try:
            yield moment(value, "any").micros
        except Untranslatable:
            return


def test_golden_is_found_by_name() -> None:
    """A golden delivery can be asked for by tool, event and case."""
    assert golden("github/ping__ping").event == "ping"
