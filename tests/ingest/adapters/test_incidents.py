"""What becomes of the incidents of Alertmanager, Grafana, Opsgenie and Sentry, and why."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from msgspec.structs import replace

from ingest.adapter import Delivery, Ignored, Untranslatable
from schemas.derived import Incident
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from tests.builders import engine_events as say
from tests.builders.deliveries import BY_TOOL, RECEIVED_AT, SECRET, address, delivery, events, golden, translated
from tests.builders.engine_rows import derived

COMMIT: Final = "commit:" + "9" * 40
IMAGE: Final = "artifact:sha256:" + "5" * 64


def ids(name: str) -> list[str]:
    """Return the ids of what a golden delivery becomes."""
    return [event.event_id for event in events(name)]


def of(name: str, event_type: str) -> FlowEvent:
    """Return the one event of a type that a golden delivery becomes."""
    (event,) = [event for event in events(name) if event.type == event_type]
    return event


def changed(name: str, change: Callable[[Any], object]) -> list[FlowEvent]:
    """Return what a golden delivery becomes once its body is changed."""
    one = golden(name)
    body = json.loads(one.body)
    change(body)
    found = translated(one.tool, json.dumps(body).encode(), one.headers)
    return [] if isinstance(found, Ignored) else list(found)


def reason(tool: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """Return why a body with these headers is not proven, None where it is."""
    sent = Delivery(tool=tool, source="acme", headers=headers, body=body, url=address(tool), received_at=RECEIVED_AT)
    return BY_TOOL[tool].verify(sent, (SECRET,))


@pytest.mark.parametrize("case", ["firing_again_with_another", "cut_short", "resolved", "informing_beside_an_incident"])
def test_an_alert_that_is_told_again_is_the_same_fact(case: str) -> None:
    """However often a group is sent, with whatever beside it, one firing began once."""
    assert ids("alertmanager/alerts__firing")[0] in ids(f"alertmanager/alerts__{case}")


def test_each_firing_is_an_incident_of_its_own() -> None:
    """The fingerprint of an alert is the same whenever it fires: what fires again later is no reopening."""
    two = {events(f"alertmanager/alerts__{case}")[0].subject_id for case in ("firing", "firing_anew")}
    assert two == {
        "incident:alertmanager/9f3c0a7be21d4c55/1772614512",
        "incident:alertmanager/9f3c0a7be21d4c55/1772759400",
    }


def test_firing_anew_does_not_prolong_what_is_over() -> None:
    """One incident lasted half an hour, the other is open since it fired anew."""
    told = [event for case in ("firing", "resolved", "firing_anew") for event in events(f"alertmanager/alerts__{case}")]
    rows = derived(*(replace(event, value_stream=say.STREAM) for event in told)).rows
    assert sorted((r.detected_at, r.resolved_at) for r in rows if isinstance(r, Incident)) == [
        (1_772_614_512_084_318, 1_772_616_702_584_318),
        (1_772_759_400_001_000, None),
    ]


def test_an_end_without_a_time_resolves_nothing() -> None:
    """An `endsAt` of the year 1 is flagged and derives nothing: the incident stays open."""
    event = of("alertmanager/alerts__resolved_without_an_end", "incident.resolved")
    assert event.attributes["implausible_time"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("name", ["alertmanager/alerts__watchdog", "grafana/alerts__test"])
def test_what_wakes_nobody_is_no_incident(name: str) -> None:
    """An alert that always fires, and what tries a contact point, begin nothing."""
    assert events(name) == []


def test_an_end_that_tells_no_begin_is_no_incident_of_its_own() -> None:
    """Grafana writes the end's time as the begin where it sends an end anew: which firing that ended is not known."""
    one = golden("grafana/alerts__resolved_without_its_begin")
    assert translated(one.tool, one.body, one.headers) == Ignored("the end of an alert tells no begin")


def test_what_a_group_left_out_is_counted() -> None:
    """A sender that cuts groups says how many alerts it left out."""
    assert events("alertmanager/alerts__cut_short")[0].quantities == {"truncated_alerts": 7.0}


@pytest.mark.parametrize("status", ["suppressed", ""])
def test_an_alert_of_no_known_status_is_refused(status: str) -> None:
    """An alert that neither fires nor is resolved is a dead letter."""
    with pytest.raises(Untranslatable, match="neither firing nor resolved"):
        changed("alertmanager/alerts__firing", lambda body: body["alerts"][0].update(status=status))


def test_a_label_goes_before_an_annotation() -> None:
    """Of a label and an annotation of one name the label tells the service."""
    found = changed(
        "alertmanager/alerts__firing", lambda body: body["alerts"][0]["annotations"].update(service="payments")
    )
    assert [event.attributes["service"] for event in found] == ["checkout"]


@pytest.mark.parametrize(
    ("name", "causes"),
    [
        ("alertmanager/alerts__naming_the_image",
         ["deployment:argocd/argocd/checkout-production/2026-03-04T08:40:00Z", IMAGE]),
        ("grafana/alerts__naming_the_commit", [COMMIT]),
        ("opsgenie/Create__created_with_details", [COMMIT]),
    ],
)  # fmt: skip
def test_an_alert_names_its_cause(name: str, causes: list[str]) -> None:
    """A deployment, commit or image in annotations or details is the explicit cause."""
    expected = [Link(uri=uri, kind=LinkKind.CAUSED_BY, method=LinkMethod.EXPLICIT) for uri in causes]
    assert list(of(name, "incident.detected").links) == expected


def signed(moment: int | None, body: bytes) -> dict[str, str]:
    """Return the headers by which Grafana proves a body, with the time of sending in seconds or without."""
    message = body if moment is None else f"{moment}:".encode() + body
    timed = {} if moment is None else {"x-grafana-alerting-timestamp": str(moment)}
    return {"x-grafana-alerting-signature": hmac.digest(SECRET, message, "sha256").hex(), **timed}


@pytest.mark.parametrize("moment", [None, RECEIVED_AT // 1_000_000])
def test_grafana_signs_with_and_without_a_time(moment: int | None) -> None:
    """The time's header is the user's choice; without it the body alone is signed."""
    assert reason("grafana", signed(moment, b"{}"), b"{}") is None


def test_grafanas_old_signature_is_refused() -> None:
    """A signature with a time is worth nothing ten minutes later, nor does it prove the body without its time."""
    old = signed(RECEIVED_AT // 1_000_000 - 600, b"{}")
    untimed = {"x-grafana-alerting-signature": old["x-grafana-alerting-signature"]}
    assert all(reason("grafana", headers, b"{}") for headers in (old, untimed))


@pytest.mark.parametrize("tool", ["alertmanager", "grafana", "opsgenie", "servicenow"])
@pytest.mark.parametrize("proof", ["Bearer a secret of the tests", "Basic dnNtOmEgc2VjcmV0IG9mIHRoZSB0ZXN0cw=="])
def test_tools_that_only_send_credentials_are_believed(tool: str, proof: str) -> None:
    """A bearer token or a password is enough where a tool has nothing better; another one is refused."""
    right, wrong = ({"authorization": text} for text in (proof, proof.replace("a", "b")))
    assert (reason(tool, right, b"{}"), bool(reason(tool, wrong, b"{}"))) == (None, True)


def test_opsgenie_tells_a_second_team_of_the_same_alert() -> None:
    """An alert that is routed to another team is created for that team once more: it is no other incident."""
    assert ids("opsgenie/Create__created") == ids("opsgenie/Create__created_for_a_second_team")


def test_a_tag_tells_the_service_of_begin_and_end_alike() -> None:
    """Details come with the first action only: what tags say stands over them, so that a selector sees both ends."""
    created = changed("opsgenie/Create__created", lambda body: body["alert"].update(details={"service": "Shop"}))
    closed = events("opsgenie/Close__closed")
    assert [event.attributes["service"] for event in (*created, *closed)] == ["checkout", "checkout"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [("closed", ActorClass.HUMAN), ("closed_by_the_monitor", ActorClass.BOT)],
)
def test_who_closed_an_alert(case: str, expected: ActorClass) -> None:
    """People act through the web page, integrations on their own; the mail address of neither is read."""
    assert of(f"opsgenie/Close__{case}", "incident.resolved").actor_class is expected


def test_a_custom_action_is_not_known() -> None:
    """Users call their actions as they like: none is translated, and none passes for one that is known."""
    adapter = BY_TOOL["opsgenie"]
    action = adapter.event_type({}, b'{"action": "Restart the shop"}')
    assert action not in {*adapter.translate, *adapter.ignores}


def test_an_alert_and_its_issue_tell_one_begin() -> None:
    """An alert rule that is met by an issue's first event tells the begin that the issue tells."""
    assert ids("sentry/issue__created") == ids("sentry/event_alert__triggered")[:1]


@pytest.mark.parametrize(
    ("case", "cause"),
    [("triggered", (COMMIT, LinkMethod.COMMIT)), ("triggered_in_an_image", (IMAGE, LinkMethod.DIGEST))],
)
def test_a_release_is_the_likely_cause(case: str, cause: tuple[str, LinkMethod]) -> None:
    """The release's commit or image is to blame, not for certain, and in a fact of its own: the begin may be told."""
    (link,) = of(f"sentry/event_alert__{case}", "incident.updated").links
    assert (link.uri, link.method, link.confidence) == (*cause, 0.7)


def test_a_version_blames_nobody() -> None:
    """A release that is called by its version names no commit."""
    found = events("sentry/event_alert__triggered_in_a_version")
    assert [(event.environment, event.links) for event in found] == [(None, ()), ("staging", ())]


@pytest.mark.parametrize(
    "case", ["created_of_low_priority", "created_as_a_warning_on_an_older_release", "unresolved_of_low_priority"]
)
def test_an_issue_of_low_priority_is_no_incident(case: str) -> None:
    """Most issues disturb nobody: only an alert rule makes an incident of one of low priority."""
    assert events(f"sentry/issue__{case}") == []


def test_an_archived_issue_is_over() -> None:
    """Archiving comes as two actions, under its old name and its new one: one end."""
    assert ids("sentry/issue__archived") == ids("sentry/issue__ignored")


def test_a_worse_breach_is_the_same_incident() -> None:
    """A metric alert that turns from a warning to critical began once."""
    assert ids("sentry/metric_alert__warning") == ids("sentry/metric_alert__critical_after_the_warning")


def test_a_resolution_without_any_time_is_refused() -> None:
    """Sentry tells a resolution's time in no field: without the header there is none, and none is made up."""
    one = golden("sentry/issue__resolved")
    headers = {name: value for name, value in one.headers.items() if name != "sentry-hook-timestamp"}
    with pytest.raises(Untranslatable, match="Sentry-Hook-Timestamp is missing"):
        translated("sentry", one.body, headers)


def test_sentrys_signature_is_of_the_body() -> None:
    """A signed body that is changed on its way is refused."""
    one = delivery(golden("sentry/issue__created"))
    assert reason("sentry", one.headers, one.body + b" ") == "signature is wrong"
