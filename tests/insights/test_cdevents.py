"""Facts as CDEvents: what CDEvents asks for, and that they come back as what they were."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ingest.adapter import Ignored, Untranslatable
from ingest.adapters.cdevents.exported import CORRECTION
from ingest.routing import as_told
from insights.cdevents import VERSIONS, cdevent
from schemas.event import ActorClass, FlowEvent, Outcome, WorkKind
from schemas.event_types import LINK_ASSERTED, LINK_DENIED, OURS, RANKED
from tests.builders.deliveries import events, goldens, translated

SCHEMAS: Final = os.environ.get("VSM_CDEVENTS_SCHEMAS", "")
SKIPPED: Final = "NOT VALIDATED: VSM_CDEVENTS_SCHEMAS names no folder with the schemas of CDEvents 0.5.1 (spec/schemas)"
JSON: Final = {"content-type": "application/json"}
REFERENCE: Final = {"type": "object", "required": ["id"], "additionalProperties": False,
    "properties": {"id": {"type": "string", "minLength": 1}, "source": {"type": "string", "minLength": 1}}}  # fmt: skip
TEXT: Final = {"type": "string", "minLength": 1}
REQUIRED: Final[Mapping[str, Sequence[str]]] = {
    "artifact.packaged": ("change",), "artifact.signed": ("signature",), "incident.detected": ("environment",),
    "incident.reported": ("environment", "ticketURI"), "incident.resolved": ("environment",),
    "pipelinerun.started": ("pipelineName", "uri"), "repository.created": ("name", "uri"),
    "service.deployed": ("environment", "artifactId"), "service.rolledback": ("environment", "artifactId"),
    "service.upgraded": ("environment", "artifactId"), "testcaserun.finished": ("environment", "outcome"),
    "testcaserun.queued": ("environment",), "testcaserun.started": ("environment",),
    "testoutput.published": ("outputType", "format"), "testsuiterun.finished": ("environment", "outcome"),
    "testsuiterun.queued": ("environment",), "testsuiterun.started": ("environment",),
    "ticket.closed": ("uri", "resolution"), "ticket.created": ("uri", "summary", "creator"), "ticket.updated": ("uri",),
}  # fmt: skip
"""What CDEvents 0.5.1 requires of a content, by the type."""


def fact(event_type: str, subject: str = "ticket:jira/CHK-12", **told: Any) -> FlowEvent:  # noqa: ANN401 - any field
    """Return a fact."""
    given: dict[str, Any] = {
        "event_id": "ab" * 16,
        "occurred_at": 1_772_613_672_315_384,
        "received_at": 1,
        "tool": "jira",
    }
    given |= {"tool": "jira", "source": "acme", "delivery_id": "d", "value_stream": "checkout", **told}
    return FlowEvent(type=event_type, subject_id=subject, **given)


def every_fact() -> list[FlowEvent]:
    """Return what all golden deliveries become, and a fact of each type of which nothing is told."""
    return [*(event for one in goldens() for event in events(one.name)), *(fact(name) for name in RANKED)]


def shape(event_type: str) -> dict[str, Any]:
    """Return the schema of a CDEvent as the specification describes it."""
    content = {"type": "object", "required": list(REQUIRED.get(event_type, ())), "additionalProperties": True,
        "properties": {"environment": REFERENCE, "repository": REFERENCE, "service": REFERENCE, "change": REFERENCE,
            "uri": TEXT,
            "artifactId": TEXT, "outcome": {"enum": ["success", "failure", "cancel", "error"]}}}  # fmt: skip
    context = ("specversion", "id", "source", "type", "timestamp")
    return {
        "type": "object", "required": ["context", "subject"], "additionalProperties": False,
        "properties": {
            "context": {"type": "object", "required": list(context), "additionalProperties": False,
                "properties": dict.fromkeys(context, TEXT)},
            "subject": {"type": "object", "required": ["id", "content"], "additionalProperties": False,
                "properties": {"id": TEXT, "source": TEXT, "content": content}},
            "customData": {"type": "object"}, "customDataContentType": TEXT,
        },
    }  # fmt: skip


def as_sent(event: FlowEvent) -> dict[str, Any]:
    """Return a fact's CDEvent as it is read by whoever gets it."""
    found: dict[str, Any] = json.loads(msgspec.json.encode(cdevent(event)))
    return found


def problems(event: FlowEvent, schema: Mapping[str, Any], registry: Registry[Any] = Registry()) -> list[str]:  # noqa: B008
    """Return what is wrong with a fact's CDEvent."""
    found = Draft202012Validator(schema, registry=registry).iter_errors(as_sent(event))
    return [f"{event.type}: {error.json_path}: {error.message}" for error in found]


def test_every_event_has_what_cdevents_asks_for() -> None:
    """Of whatever tool, and where nothing is known."""
    assert [problem for event in every_fact() for problem in problems(event, shape(event.type))] == []


@pytest.mark.skipif(not SCHEMAS, reason=SKIPPED)
def test_every_event_is_valid_by_the_schemas_of_the_specification() -> None:
    """Types and versions too, custom events by the schema of custom ones."""
    files = [*Path(SCHEMAS).rglob("*.json"), Path(SCHEMAS).parent / "custom" / "schema.json"]
    found = [json.loads(file.read_text()) for file in files]
    registry: Registry[Any] = Registry().with_resources(
        [(s["$id"], Resource.from_contents(s)) for s in found if "$id" in s]
    )
    named = [s for s in found if "context" in s.get("properties", {})]
    types = {s["properties"]["context"]["properties"]["type"].get("enum", ["custom"])[0]: s for s in named}
    wrong = []
    for event in every_fact():
        written = as_sent(event)["context"]["type"]
        wrong += problems(event, types["custom" if written.startswith("dev.cdeventsx.") else written], registry)
    assert (wrong, {f"dev.cdevents.{name}.{version}" for name, version in VERSIONS.items()} ^ set(types)) == (
        [],
        {"custom"},
    )


def test_what_cdevents_lacks_is_a_custom_event() -> None:
    """Types of ours, and of those that CDEvents has the ones that only its next version will."""
    custom = {name for name in RANKED if as_sent(fact(name))["context"]["type"].startswith("dev.cdeventsx.vsm-")}
    assert custom == {*OURS, "approval.created", "approval.updated", "approval.closed"}


def test_a_custom_type_has_letters_alone() -> None:
    """Of what came as a custom event the whole type is told beside."""
    told = as_sent(fact("custom.acme_cart_expired", "custom:cdevents/x/1"))
    assert (told["context"]["type"], told["customData"]["vsm"]["type"]) == (
        "dev.cdeventsx.vsm-custom.acmecartexpired.0.1.0", "custom.acme_cart_expired",
    )  # fmt: skip


def test_nobody_is_named() -> None:
    """The account's hash stays here; its class goes along."""
    told = as_sent(fact("change.reviewed", actor="51bcf3743d736e38", actor_class=ActorClass.HUMAN))
    assert ("51bcf3743d736e38" in repr(told), told["customData"]["vsm"]["actor_class"]) == (False, "human")


def told_again(event: FlowEvent) -> FlowEvent:
    """Return what our own adapter makes of a fact's CDEvent, with what is another's in each put back."""
    (found,) = translated("cdevents", msgspec.json.encode(cdevent(event)), JSON)  # type: ignore[misc]
    others = ("received_at", "tool", "source", "delivery_id", "actor", "value_stream")
    return msgspec.structs.replace(found, **{name: getattr(event, name) for name in others})


def corrects(event: FlowEvent) -> bool:
    """Tell whether a fact corrects links."""
    return event.type in {LINK_ASSERTED, LINK_DENIED}


def test_every_golden_fact_comes_back_as_what_it_was() -> None:
    """Of every tool, to the last attribute and its id; only the tool, the arrival and the account's hash are others."""
    told = [as_told(event) for event in every_fact() if not corrects(event) and "future_time" not in event.attributes]
    assert [(told_again(event)) for event in told] == told


WORDS: Final = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="@\0"), min_size=1, max_size=30)


@given(
    st.builds(
        fact,
        st.sampled_from([name for name in RANKED if name not in {LINK_ASSERTED, LINK_DENIED}]),
        WORDS.map("change:{}".format),
        occurred_at=st.integers(631_152_000_000_000, 1_772_800_000_000_000),
        state=st.none() | WORDS,
        outcome=st.none() | st.sampled_from(Outcome),
        environment=st.none() | WORDS,
        work_kind=st.none() | st.sampled_from(WorkKind),
        order=st.none() | st.integers(-(2**63), 2**63 - 1),
        quantities=st.dictionaries(WORDS, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
        attributes=st.dictionaries(WORDS.map("x{}".format), WORDS, max_size=3),
    )
)
def test_any_fact_comes_back_as_what_it_was(event: FlowEvent) -> None:
    """Whatever its texts hold, to the microsecond."""
    assert told_again(event) == event


def test_two_facts_of_one_time_stay_two() -> None:
    """Whatever told them apart: the event's id does, if it is one of ours or not."""
    two = [fact("change.reviewed", event_id=name) for name in ("1", "2")]
    found = [translated("cdevents", msgspec.json.encode(cdevent(event)), JSON) for event in two]
    assert not isinstance(found[0], Ignored)
    assert not isinstance(found[1], Ignored)
    assert found[0][0].event_id != found[1][0].event_id


@pytest.mark.parametrize("name", [LINK_ASSERTED, LINK_DENIED])
def test_a_correction_is_not_taken(name: str) -> None:
    """Whoever may send CDEvents may not for that reason correct links."""
    assert translated("cdevents", msgspec.json.encode(cdevent(fact(name))), JSON) == CORRECTION


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"subject": "CHK-12"}, "customData.vsm: Expected `str` matching regex"),
        ({"subject": "ticket:*/CHK-12"}, "customData.vsm: the subject names a ticket of any tracker"),
        ({"type": "change.merged"}, "customData.vsm: type is another than the event's"),
        ({"outcome": "splendid"}, "customData.vsm: Invalid enum value 'splendid'"),
        ({"attributes": {"a": 1}}, "customData.vsm: Expected `str`, got `int`"),
    ],
)
def test_what_is_malformed_is_a_dead_letter(change: Mapping[str, object], why: str) -> None:
    """With the field and the reason."""
    told = as_sent(fact("ticket.created"))
    told["customData"]["vsm"] |= change
    with pytest.raises(Untranslatable, match=why.replace("*", r"\*")):
        translated("cdevents", msgspec.json.encode(told), JSON)


def test_what_others_keep_under_our_name_is_no_fact() -> None:
    """An object that names no subject is read as any event's custom data."""
    told = as_sent(fact("ticket.created"))
    told["customData"]["vsm"] = {"colour": "green"}
    (found,) = translated("cdevents", msgspec.json.encode(told), JSON)  # type: ignore[misc]
    assert found.subject_id.startswith("ticket:cdevents/")
