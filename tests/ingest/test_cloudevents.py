"""CloudEvents in every mode come down to CDEvents, and a batch has the outcome of its best event."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import pytest

from tests.builders.cloud_events import BATCH, STRUCTURED, base64_of, cdevent, envelope
from tests.builders.ingester import SECRET, Ingester

AUTHORIZED = {"authorization": f"Bearer {SECRET}"}


def post(
    client: httpx.Client, body: object, content_type: str, path: str = "/events", **headers: str
) -> httpx.Response:
    """Send a body to /events, or to a source of it."""
    sent = {**AUTHORIZED, "content-type": content_type, **{n.replace("_", "-"): v for n, v in headers.items()}}
    return client.post(path, content=json.dumps(body).encode(), headers=sent)


def test_every_mode_gives_the_same_event(client: httpx.Client) -> None:
    """Structured (data and base64), binary, batched and bare, the same CDEvent has the same event id."""
    event = cdevent("modes")
    packed = base64_of(event)
    answers = [
        post(client, envelope("modes"), STRUCTURED),
        post(client, envelope("modes", data=None, data_base64=packed), STRUCTURED),
        post(client, envelope("modes"), "application/json"),
        post(client, envelope("modes", data=None, data_base64=packed), "application/json"),
        post(
            client, event, "application/json",
            ce_specversion="1.0", ce_id="x", ce_source="/ci", ce_type="dev.cdevents.change.merged.0.2.0",
        ),
        post(client, [envelope("modes")], BATCH),
        post(client, event, "application/json"),
    ]  # fmt: skip

    told = [(a.status_code, a.json()["outcome"], tuple(a.json()["event_ids"])) for a in answers]
    assert (len(set(told)), told[0][:2], len(told[0][2])) == (1, (202, "accepted"), 1)


BAD = envelope("bad", data={"context": {"type": "dev.cdevents.change.merged.0.2.0"}, "subject": 5})
STRANGE = envelope("strange", type="com.example.thing")
NO_JSON = envelope("no-json", data=None, data_base64=base64_of("{not json"))
UNKNOWN = envelope("unknown", data={"context": {"type": "dev.cdevents.thing.happened.1.0.0"}, "subject": {}})


@pytest.mark.parametrize(
    ("batch", "outcome", "ids"),
    [
        ([envelope("b1"), BAD, STRANGE], "accepted", 1),
        ([BAD, STRANGE], "dead-lettered", 0),
        ([STRANGE, STRANGE], "ignored", 0),
        ([], "ignored", 0),
        ([envelope("b2"), envelope("b3")], "accepted", 2),
        ([5, "x", None], "dead-lettered", 0),
        ({"not": "a list"}, "dead-lettered", 0),
    ],
    ids=["some good", "some bad", "none of interest", "empty", "all good", "no objects", "no array"],
)
def test_batch_has_the_outcome_of_its_best_event(
    client: httpx.Client, batch: Sequence[object], outcome: str, ids: int
) -> None:
    """Accepted if any is, else dead-lettered if any is, else ignored; only written ids are told."""
    answer = post(client, batch, BATCH)

    assert (answer.status_code, answer.json()["outcome"], len(answer.json()["event_ids"])) == (202, outcome, ids)


@pytest.mark.parametrize("bad", [BAD, NO_JSON, 5], ids=["wrong shape", "no JSON", "no object"])
@pytest.mark.parametrize(
    ("others", "outcome"),
    [([envelope("beside")], "accepted"), ([STRANGE], "dead-lettered"), ([], "dead-lettered")],
    ids=["beside a good one", "beside one of no interest", "alone"],
)
@pytest.mark.parametrize("order", [1, -1], ids=["last", "first"])
def test_bad_event_of_a_batch_is_kept_wherever_it_stands(
    client: httpx.Client, ingester: Ingester, bad: object, others: list[object], outcome: str, order: int
) -> None:
    """What cannot be translated of a batch is one dead letter, and the answer does not depend on the order."""
    before = len(ingester.letters())

    answer = post(client, [*others, bad][::order], BATCH)

    assert (answer.status_code, answer.json()["outcome"], len(ingester.letters()) - before) == (202, outcome, 1)


def test_reasons_do_not_depend_on_the_order(client: httpx.Client) -> None:
    """Of several reasons a batch is answered the same one, whichever event comes first."""
    batches: list[list[object]] = [[BAD, NO_JSON], [STRANGE, UNKNOWN]]

    told = [(post(client, batch, BATCH).json(), post(client, batch[::-1], BATCH).json()) for batch in batches]

    assert [first == second for first, second in told] == [True, True]


def test_custom_events_come_in_every_mode(client: httpx.Client, ingester: Ingester) -> None:
    """An event of a type that is defined outside CDEvents is a CDEvent, too."""
    event, written = cdevent("custom"), "dev.cdeventsx.acme-cart.expired.0.1.0"
    event["context"]["type"] = written
    answers = [
        post(client, envelope("custom", type=written, data=event), STRUCTURED),
        post(client, event, "application/json", ce_specversion="1.0", ce_id="x", ce_source="/ci", ce_type=written),
        post(client, event, "application/json"),
    ]
    ids = {event_id for answer in answers for event_id in answer.json()["event_ids"]}
    types = {event.type for event in ingester.events() if event.event_id in ids}
    assert ([a.json()["outcome"] for a in answers], len(ids), types) == (
        ["accepted"] * 3, 1, {"custom.acme_cart_expired"},
    )  # fmt: skip


@pytest.mark.parametrize("content_type", [STRUCTURED, "application/json"])
def test_data_that_is_no_json_is_dead_lettered(client: httpx.Client, content_type: str) -> None:
    """An envelope that is JSON around data that is not is kept as what it is: not translatable."""
    assert post(client, NO_JSON, content_type).json() == {
        "outcome": "dead-lettered", "event_ids": [], "reason": "CloudEvent: data: body is not JSON",
    }  # fmt: skip


def test_source_of_cloudevents_is_itself(client: httpx.Client, ingester: Ingester) -> None:
    """A source is limited, counted and kept under the tool it is configured with; its facts are of CDEvents."""
    statuses = [post(client, cdevent("mine"), "application/json", "/events/limited").status_code for _ in range(4)]
    answer = post(client, cdevent("mine"), "application/json", "/events/vendor").json()
    post(client, {**BAD, "id": "of-vendor"}, STRUCTURED, "/events/vendor")
    page = client.get("/metrics").text
    counted = [outcome for outcome in ("accepted", "dead_lettered") if label("vendor", outcome) in page]

    told = (
        statuses.count(429) >= 2,
        counted,
        [letter.tool for letter in ingester.letters() if letter.source == "vendor"],
        {event.tool for event in ingester.events() if event.event_id in answer["event_ids"]},
    )
    assert told == (True, ["accepted", "dead_lettered"], ["cloudevents"], {"cdevents"})


def label(source: str, outcome: str) -> str:
    """Return how a counter of a cloudevents source begins."""
    return f'vsm_ingest_deliveries_total{{outcome="{outcome}",source="{source}",tool="cloudevents"}}'


@pytest.mark.parametrize(
    "changed",
    [
        {"specversion": "0.3"},
        {"id": None},
        {"source": None},
        {"type": 5},
        {"data": None},
        {"data": None, "data_base64": "*"},
    ],
    ids=["version", "no id", "no source", "type", "no data", "base64"],
)
def test_malformed_envelope_is_dead_lettered(client: httpx.Client, changed: dict[str, object]) -> None:
    """A signed CloudEvent that is malformed is dead-lettered."""
    assert post(client, envelope("bad", **changed), STRUCTURED).json()["outcome"] == "dead-lettered"


@pytest.mark.parametrize("more", [{}, {"ce-specversion": "1.0", "ce-type": "com.example.thing"}])
@pytest.mark.parametrize("content_type", [STRUCTURED, BATCH, "application/json"])
def test_no_json_is_400(client: httpx.Client, content_type: str, more: dict[str, str]) -> None:
    """A body that is no JSON is 400 in every mode."""
    answer = client.post("/events", content=b"{nope", headers={**AUTHORIZED, "content-type": content_type, **more})

    assert answer.status_code == 400


def test_event_of_another_vocabulary_is_ignored(client: httpx.Client) -> None:
    """A CloudEvent that is no CDEvent is ignored by name, in binary mode too."""
    answers = [
        post(client, STRANGE, STRUCTURED),
        post(client, {"a": 1}, "application/json", ce_specversion="1.0", ce_type="com.example.thing", ce_id="1"),
        post(client, STRANGE, "application/json"),
    ]

    assert [answer.json()["reason"] for answer in answers] == ["the CloudEvent is no CDEvent"] * 3


def test_without_a_token_is_401(client: httpx.Client) -> None:
    """Nobody gets in without the token or a signature."""
    answer = client.post("/events/other", content=b"{}", headers={"content-type": STRUCTURED})

    assert answer.status_code == 401
