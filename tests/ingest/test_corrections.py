"""Corrections of links, asked of a running ingester: facts of the stream they are made in, or a refusal in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from ingest.corrections import SUBJECTS
from schemas.event import ActorClass, LinkKind
from tests.builders.ingester import TOKEN, Ingester

BEARER = {"authorization": f"Bearer {TOKEN}"}
TICKET: Mapping[str, Any] = {
    "value_stream": "checkout", "subject": "change:github.com/acme/app/97", "target": "ticket:jira/CHK-12",
    "at": "2026-02-03T10:00:00Z",
}  # fmt: skip


def told(ingester: Ingester, answer: httpx.Response) -> list[tuple[str, str, str, str, str]]:
    """The kept facts of an answer: stream, type, subject, and their link's kind and target."""
    ids = answer.json()["event_ids"]
    kept = [event for event in ingester.events() if event.event_id in ids]
    return sorted((e.value_stream, e.type, e.subject_id, link.kind.value, link.uri) for e in kept for link in e.links)


def test_a_correction_is_a_fact_of_its_subject(client: httpx.Client, ingester: Ingester) -> None:
    """What somebody says of a link is in the log of the stream it was said in."""
    said = {**TICKET, "subject": "incident:pagerduty/Q1", "kind": "caused_by", "target": TICKET["subject"]}
    answer = client.post("/links", json=said, headers=BEARER)
    assert (answer.status_code, told(ingester, answer)) == (
        202, [("checkout", "link.asserted", said["subject"], "caused_by", said["target"])],
    )  # fmt: skip


COMMIT = f"commit:{'5' * 40}"
CHANGE, ITS_TICKET = TICKET["subject"], TICKET["target"]
MEMBERSHIPS: dict[str, tuple[tuple[str, str, str], str, list[tuple[str, str, str]]]] = {
    "a commit of a change": (
        (COMMIT, "part_of", CHANGE), "denied",
        [(CHANGE, "contains", COMMIT), (CHANGE, "merged_as", COMMIT), (COMMIT, "part_of", CHANGE)],
    ),
    "said of the change": (
        (CHANGE, "contains", COMMIT), "asserted", [(CHANGE, "contains", COMMIT), (COMMIT, "part_of", CHANGE)],
    ),
    "a change of a ticket": (
        (CHANGE, "part_of", ITS_TICKET), "denied",
        [(CHANGE, "part_of", ITS_TICKET), (ITS_TICKET, "contains", CHANGE)],
    ),
    "said of the ticket": (
        (ITS_TICKET, "contains", CHANGE), "asserted",
        [(CHANGE, "part_of", ITS_TICKET), (ITS_TICKET, "contains", CHANGE)],
    ),
    "a ticket of any tracker": (
        (CHANGE, "part_of", "ticket:*/CHK-12"), "denied", [(CHANGE, "part_of", "ticket:*/CHK-12")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEMBERSHIPS)
def test_a_membership_that_both_ends_may_tell_is_corrected_at_both(
    name: str, client: httpx.Client, ingester: Ingester
) -> None:
    """Whichever end tells of it, and in whatever words, what was said holds."""
    (subject, kind, target), verdict, ends = MEMBERSHIPS[name]
    said = {**TICKET, "subject": subject, "kind": kind, "target": target, "verdict": verdict}
    answer = client.post("/links", json=[said], headers=BEARER)
    assert told(ingester, answer) == [("checkout", f"link.{verdict}", *end) for end in ends]


def test_the_same_correction_twice_is_one_fact(client: httpx.Client) -> None:
    """A correction that names its time may be sent again."""
    said = {**TICKET, "at": "2026-02-03T11:00:00Z"}
    first, second = (client.post("/links", json=said, headers=BEARER).json() for _ in range(2))
    assert first == second


def test_who_corrected_is_hashed(client: httpx.Client, ingester: Ingester) -> None:
    """A correction is a human's; the account is in no field in the clear."""
    said = {**TICKET, "at": "2026-02-03T12:00:00Z", "actor_account": "planted-person"}
    event_id, *_ = client.post("/links", json=said, headers=BEARER).json()["event_ids"]
    (event,) = [e for e in ingester.events() if e.event_id == event_id]
    assert (event.actor_class, bool(event.actor), "planted" in str(event)) == (ActorClass.HUMAN, True, False)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"value_stream": "chekout"}, "there is no value stream 'chekout'; there are: checkout, everything"),
        ({"target": "incident:pagerduty/Q1"}, "'part_of' leads from change to ticket, not to 'incident'"),
        ({"subject": "incident:pagerduty/Q1"}, "'part_of' leads from artifact or change or commit or run"),
        ({"kind": "caused"}, "Invalid enum value 'caused'"),
        ({"verdict": "maybe"}, "Invalid enum value 'maybe'"),
        ({"at": "tomorrow"}, "at is not a time"),
        ({"at": "1015-03-01"}, "at: a correction of this time would never hold"),
        ({"at": "2200-01-01"}, "at: a correction of this time would never hold"),
        ({"target": "ticket:jira/CHK-7\0"}, "target: this can be no entity's URI"),
        ({"subject": "change:github.com/acme/app/97\0"}, "the subject's id is not usable"),
        (
            {"subject": "ticket:*/CHK-7", "kind": "contains", "target": "change:github.com/acme/app/97"},
            "subject: this names a ticket of any tracker",
        ),
        ({"subject": "97"}, "subject"),
        ({"titel": "x"}, "unknown field"),
    ],
    ids=str,
)
def test_what_could_never_mean_anything_is_refused_in_words(
    client: httpx.Client, changed: Mapping[str, str], reason: str
) -> None:
    """A refusal names the field and what is wrong with it, and nothing is written."""
    answer = client.post("/links", json={**TICKET, **changed}, headers=BEARER)
    assert (answer.status_code, reason in answer.json()["reason"]) == (400, True)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"[" * 9_000, b"\xff"], ids=repr)
def test_any_other_body_is_refused(client: httpx.Client, body: bytes) -> None:
    """What holds no correction is refused."""
    answer = client.post("/links", content=body, headers={**BEARER, "content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
def test_nobody_corrects_without_the_token(client: httpx.Client, headers: Mapping[str, str]) -> None:
    """Corrections take the token of imports."""
    assert client.post("/links", json=TICKET, headers=headers).status_code == 401


def test_every_kind_of_link_has_its_ends() -> None:
    """Each kind of link but the one that only relates says what it leads from and to."""
    assert set(SUBJECTS) == set(LinkKind) - {LinkKind.RELATES_TO}
