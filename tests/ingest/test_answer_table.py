"""Each row of the answer table, asked of a real running ingester with a real log."""

from __future__ import annotations

import http.client
import json

import httpx
import pytest

from ingest.receive import NOT_OF_INTEREST, UNKNOWN_TYPE
from tests.builders.ingester import OLD_SECRET, SECRET, TOKEN, Ingester, push_body, signed

ACME = "/webhooks/github/acme"


def test_accepted_is_in_the_log(client: httpx.Client, ingester: Ingester) -> None:
    """202 accepted names exactly the ids that are in the log, one copy a claiming stream."""
    body = push_body(commits=2, seed="accepted")

    answer = client.post(ACME, content=body, headers=signed(body))

    ids = answer.json()["event_ids"]
    kept = [(e.value_stream, e.event_id) for e in ingester.events() if e.event_id in ids]
    assert (answer.status_code, answer.json()["outcome"], len(ids) >= 2, sorted(kept)) == (
        202, "accepted", True, sorted((stream, i) for stream in ("checkout", "everything") for i in ids),
    )  # fmt: skip


def test_twice_gives_the_same_ids(client: httpx.Client) -> None:
    """The same delivery twice gives the same event ids."""
    body = push_body(seed="twice")

    first, second = (client.post(ACME, content=body, headers=signed(body)).json() for _ in range(2))

    assert first == second


def test_unclaimed_is_kept_unrouted(client: httpx.Client, ingester: Ingester) -> None:
    """What no stream claims is accepted and kept as unrouted."""
    body = push_body(repository="stranger/thing", seed="unclaimed")

    ids = client.post(ACME, content=body, headers=signed(body)).json()["event_ids"]

    assert {e.value_stream for e in ingester.events() if e.event_id in ids} == {"unrouted"}


def test_source_may_be_left_out(client: httpx.Client) -> None:
    """A path without a source means the source `default`."""
    body = push_body(seed="default")

    answer = client.post("/webhooks/github", content=body, headers=signed(body))

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("event", "reason"),
    [("ping", NOT_OF_INTEREST), ("star", NOT_OF_INTEREST), ("never_heard_of", UNKNOWN_TYPE)],
)
def test_event_of_no_interest_is_ignored(client: httpx.Client, event: str, reason: str) -> None:
    """A signed delivery of a type that is ignored by name, or of one never heard of, is 202 ignored, told apart."""
    body = b'{"zen":"quiet"}'

    answer = client.post(ACME, content=body, headers=signed(body, event=event)).json()

    assert (answer["outcome"], answer["event_ids"], answer["reason"]) == ("ignored", [], reason)


def test_untranslatable_is_dead_lettered(client: httpx.Client, ingester: Ingester) -> None:
    """A signed delivery that cannot be translated is 202 dead-lettered, kept whole and sealed."""
    body = b'{"ref": 5, "planted-word": "planted-person"}'

    answer = client.post(ACME, content=body, headers=signed(body, delivery="dead-1"))

    kept = [letter for letter in ingester.letters() if letter.size_bytes == len(body)]
    assert (answer.status_code, answer.json()["outcome"], len(kept), b"planted" in kept[0].body) == (
        202, "dead-lettered", 1, False,
    )  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b'{"a":NaN}', b"\xff\xfe", b'{"a":"\\ud800"}', b"{}{}"])
@pytest.mark.parametrize("event", ["push", "star"])
def test_not_json_is_400(client: httpx.Client, body: bytes, event: str) -> None:
    """A signed body that is not JSON is 400, of interest or not."""
    answer = client.post(ACME, content=body, headers=signed(body, event=event))

    assert answer.status_code == 400


@pytest.mark.parametrize("event", ["push", "star"])
def test_nested_too_deep_is_400(client: httpx.Client, event: str) -> None:
    """A body nested a hundred thousand deep is 400."""
    body = b'{"a":' * 100_000 + b"1" + b"}" * 100_000

    answer = client.post(ACME, content=body, headers=signed(body, event=event))

    assert (answer.status_code, answer.json()["reason"]) == (400, "body is nested too deep")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx"],
)
def test_wrong_content_type_is_415(client: httpx.Client, content_type: str) -> None:
    """Another content type is 415."""
    body = push_body()

    answer = client.post(ACME, content=body, headers={**signed(body), "content-type": content_type})

    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/a+json"])
def test_json_content_types_are_taken(client: httpx.Client, content_type: str) -> None:
    """JSON by any of its names is taken."""
    body = push_body()

    answer = client.post(ACME, content=body, headers={**signed(body), "content-type": content_type})

    assert answer.status_code == 202


def test_too_large_is_413(client: httpx.Client) -> None:
    """A body over 25 MB is 413."""
    body = b'{"a":"' + b"x" * 25_000_000 + b'"}'

    answer = client.post(ACME, content=body, headers=signed(body))

    assert answer.status_code == 413


def test_largest_body_is_taken(client: httpx.Client) -> None:
    """A push of just under 25 MB is accepted."""
    body = push_body(commits=5_000, seed="largest", padding=4_500)
    assert 24_000_000 < len(body) < 25_000_000

    answer = client.post(ACME, content=body, headers=signed(body))

    assert answer.json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature": "sha1=" + "0" * 40},
        {"x-hub-signature-256": b"sha256=\xc3\xa9".decode("latin-1")},
    ],
    ids=["missing", "empty", "wrong", "no digits", "sha1 only", "not ascii"],
)
def test_unproven_is_401(client: httpx.Client, headers: dict[str, str]) -> None:
    """A wrong, missing or malformed signature is 401."""
    body = push_body(seed="unproven")
    sent = {name: value for name, value in signed(body).items() if not name.startswith("x-hub")}

    answer = client.post(
        ACME, content=body, headers=[(k.encode(), v.encode("latin-1")) for k, v in (sent | headers).items()]
    )

    assert (answer.status_code, answer.json()["event_ids"]) == (401, [])


def test_source_without_readable_secret_is_401(client: httpx.Client) -> None:
    """A source whose secret cannot be read refuses what an empty secret signs."""
    body = push_body()

    answer = client.post("/webhooks/github/unreadable", content=body, headers=signed(body, secret=""))

    assert answer.status_code == 401


def test_insecure_source_takes_unsigned(client: httpx.Client) -> None:
    """A source that says insecure takes an unsigned delivery."""
    body = push_body(seed="insecure")
    headers = {name: value for name, value in signed(body).items() if not name.startswith("x-hub")}

    answer = client.post("/webhooks/github/open", content=body, headers=headers)

    assert answer.json()["outcome"] == "accepted"


@pytest.mark.parametrize("secret", [OLD_SECRET, SECRET])
def test_both_secrets_are_taken_while_rotating(client: httpx.Client, secret: str) -> None:
    """While a secret rotates, the old and the new one prove."""
    body = push_body(seed="rotating")

    answer = client.post("/webhooks/github/rotating", content=body, headers=signed(body, secret=secret))

    assert answer.status_code == 202


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/github/nobody", "/webhooks/nothing/acme", "/webhooks/github/acme/", "/webhooks/github/acme/more",
        "/webhooks//acme", "/webhooks", "/", "/events/nobody", "/webhooks/github/%2e%2e/acme", "/webhooks/github/..",
        "/webhooks/cdevents", "/webhooks/cdevents/default", "/webhooks/cloudevents", "/webhooks/cloudevents/vendor",
        "/webhooks/../webhooks/github/acme", "//webhooks/github/acme", "/metrics/..", "/webhooks/github/acme%00",
    ],
)  # fmt: skip
def test_unknown_is_404(ingester: Ingester, path: str) -> None:
    """An unknown tool, source or path is 404; a path is never walked."""
    body = push_body()

    connection = http.client.HTTPConnection("127.0.0.1", ingester.port)
    connection.request("POST", path, body, signed(body))
    status = connection.getresponse().status
    connection.close()

    assert status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACME), ("PUT", ACME), ("DELETE", ACME), ("HEAD", "/metrics"), ("POST", "/metrics"), ("BREW", ACME),
        ("POST", "/health/live"), ("TRACE", "/events"), ("OPTIONS", "/imports/checkout"),
    ],
)  # fmt: skip
def test_other_method_is_405(client: httpx.Client, method: str, path: str) -> None:
    """Every path takes one method and names it."""
    answer = client.request(method, path)

    assert (answer.status_code, "allow" in answer.headers) == (405, True)


@pytest.mark.parametrize(("path", "status"), [(ACME, 200), ("/webhooks/github/nobody", 404)])
def test_address_may_be_tried_first(client: httpx.Client, path: str, status: int) -> None:
    """HEAD of a source's address says whether the source is configured: Trello asks before it sends."""
    answer = client.head(path)

    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize("path", ["/webhooks/github/%61cme", "/webhooks%2Fgithub/acme"])
def test_escapes_in_a_path_are_decoded(client: httpx.Client, path: str) -> None:
    """A path means what its percent escapes stand for."""
    body = push_body(seed="escaped")

    answer = client.post(path, content=body, headers=signed(body))

    assert answer.status_code == 202


def test_over_the_rate_is_429(client: httpx.Client) -> None:
    """Over the source's rate limit is 429 with Retry-After, and nothing is kept."""
    body = push_body(seed="limited")

    answers = [client.post("/webhooks/github/limited", content=body, headers=signed(body)) for _ in range(4)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert (answers[0].status_code, len(refused) >= 2, refused[0].headers["retry-after"]) == (202, True, "1")


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"ref":1e999}', b'{"ref":"a","commits":' + b"9" * 100_000 + b"}", b'{"ref":"a","ref":"b"}', b"null", b"[]",
        b'"text"', b"123", b'{"commits":[' + b"[]," * 200_000 + b"[]]}", b'{"ref":"\\u0000"}',
        b'{"after":"' + b"f" * 1_000_000 + b'"}',
    ],
)  # fmt: skip
def test_hostile_json_is_an_outcome(client: httpx.Client, hostile: bytes) -> None:
    """Whatever signed JSON says, it is an outcome of the table and never an error of ours."""
    answer = client.post(ACME, content=hostile, headers=signed(hostile))

    assert (answer.status_code, answer.json()["outcome"]) in {
        (202, "dead-lettered"), (202, "ignored"), (202, "accepted"), (400, "rejected"),
    }  # fmt: skip


def test_import_is_written_for_its_stream(client: httpx.Client, ingester: Ingester) -> None:
    """Import facts are written for the stream named, whatever its selectors say."""
    facts = [
        {"type": "activity.started", "occurred_at": "2010-05-01T08:00:00", "subject_id": "case:7"},
        {"type": "activity.finished", "occurred_at": "2010-05-01T09:00:00Z", "subject_id": "case:7", "order": 2},
    ]
    lines = b"\n".join(json.dumps(fact).encode() for fact in facts)

    answer = client.post(
        "/imports/checkout", content=lines,
        headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/x-ndjson"},
    )  # fmt: skip

    kept = [e for e in ingester.events() if e.event_id in answer.json()["event_ids"]]
    assert [(e.value_stream, e.attributes["routed_by"], e.order) for e in kept] == [
        ("checkout", "import", None), ("checkout", "import", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "token", "body", "status", "reason"),
    [
        ("/imports/nowhere", TOKEN, b"[]", 404, "there are: checkout, everything"),
        ("/imports/checkout", "wrong", b"[]", 401, "token is wrong"),
        ("/imports/checkout", TOKEN, b"[]", 400, "there are no facts"),
        ("/imports/checkout", TOKEN, b'[{"type":"activity.started"},', 400, "not JSON"),
        ("/imports/checkout", TOKEN, b'\n{"type":"a.b","occurred_at":"soon","subject_id":"a:b"}', 400, "line 2: occ"),
        ("/imports/checkout", TOKEN, b'{"type":"a.b","subject_id":"a:b"}', 400, "occurred_at"),
        ("/imports/checkout", TOKEN, b'{"type":"a.b","occured_at":"2020-01-01","subject_id":"a:b"}', 400, "occured_at"),
    ],
)  # fmt: skip
def test_bad_import_is_told(client: httpx.Client, path: str, token: str, body: bytes, status: int, reason: str) -> None:
    """A bad import is told by line, field and reason, and nothing is written."""
    answer = client.post(
        path, content=body, headers={"authorization": f"Bearer {token}", "content-type": "application/json"}
    )

    assert (answer.status_code, reason in answer.json()["reason"]) == (status, True)


def test_health_and_description(client: httpx.Client) -> None:
    """Health is green and the interface describes itself."""
    answers = [client.get(path) for path in ("/health/live", "/health/ready", "/openapi.json")]

    assert ([a.status_code for a in answers], answers[2].json()["openapi"]) == ([200, 200, 200], "3.1.0")


def test_metrics_count_by_closed_labels(client: httpx.Client) -> None:
    """Deliveries are counted; a made-up tool never becomes a label."""
    client.post("/webhooks/made-up-tool-name/x", content=b"{}")

    page = client.get("/metrics").text

    assert ("vsm_ingest_deliveries_total{" in page, "made-up-tool-name" in page) == (True, False)
