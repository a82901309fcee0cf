"""Asking an API over HTTP: its limits waited out, its failures outlasted, its pages followed, nothing led astray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from ingest.history.history import Answer, Ask
from tests.builders.recorded_api import Recording, Trouble, serving
from vsm.history.asking import Asker, Unanswered, credentials
from vsm.history.pacing import MOST_SECONDS, MOST_TRIES

NOW: Final = 1_780_000_000.0
TOKEN: Final = "planted-token"
THINGS: Final = Recording({"/things": [1, 2, 3], "/thing": {"is": "there"}})


def asked(troubles: Mapping[int, Sequence[Trouble]], ask: Ask, under: str = "") -> tuple[Answer, list[float]]:
    """Return the answer of an API with troubles, and what was waited."""
    waited: list[float] = []
    with serving(THINGS, troubles, under) as api:
        asker = Asker(api.address, credentials("github", TOKEN), sleep=waited.append, now=lambda: NOW)
        try:
            return asker(ask), waited
        finally:
            asker.close()


LIMITS: Final[Mapping[str, tuple[Sequence[Trouble], list[float]]]] = {
    "seconds to wait": ([Trouble(status=429, headers={"Retry-After": "7"})], [7.0]),
    "a date to wait for": ([Trouble(status=503, headers={"Retry-After": "Thu, 28 May 2026 20:26:50 GMT"})], [10.0]),
    "GitHub's hour": (
        [Trouble(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 90:.0f}"})], [90.0],
    ),
    "GitLab's minute": (
        [Trouble(status=429, headers={"RateLimit-Remaining": "0", "RateLimit-Reset": f"{NOW + 30:.0f}"})], [30.0],
    ),
    "a clock of its own": (
        [Trouble(status=403, headers={
            "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 90:.0f}",
            "Date": "Thu, 28 May 2026 20:28:00 GMT",
        })], [10.0],
    ),
    "a reset that is a span": (
        [Trouble(status=429, headers={"RateLimit-Remaining": "0", "RateLimit-Reset": "12"})], [12.0],
    ),
    "GitHub's secondary limit": (
        [Trouble(status=403, body='{"message": "You have exceeded a secondary rate limit"}')] * 3, [60.0, 120.0, 240.0],
    ),
    "a reset that is past": (
        [Trouble(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW - 9:.0f}"})], [1.0],
    ),
    "failures": ([Trouble(status=status) for status in (500, 502, 503, 504)], [1.0, 2.0, 4.0, 8.0]),
    "a limit without end": ([Trouble(status=429, headers={"Retry-After": "999999"})], [MOST_SECONDS]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_limits_and_failures_are_waited_out(name: str) -> None:
    """As long as the API says, never longer than an hour and a bit; then the answer is had."""
    troubles, waits = LIMITS[name]
    answer, waited = asked({0: troubles}, Ask("thing"))
    assert (answer.body, [wait for wait in waited if wait]) == ({"is": "there"}, waits)


def test_a_failure_that_stays_is_given_up() -> None:
    """After so many tries; the message names the question and no token."""
    with pytest.raises(Unanswered, match=rf"answered 500, {MOST_TRIES} times over, to GET thing") as told:
        asked({0: [Trouble(status=500)] * (MOST_TRIES + 1)}, Ask("thing"))
    assert TOKEN not in str(told.value)


def test_nobody_at_the_address_is_given_up() -> None:
    """A closed port is tried as often."""
    with serving(THINGS) as api:
        address = api.address
    waited: list[float] = []
    asker = Asker(address, {}, sleep=waited.append, now=lambda: NOW)
    with pytest.raises(Unanswered, match="does not answer"):
        asker(Ask("thing"))
    asker.close()
    assert len(waited) == MOST_TRIES


def test_the_last_answer_of_a_limit_is_followed_by_a_rest() -> None:
    """Nothing is left until the reset: it is waited for before the next question, not after being refused."""
    body = '{"is": "there"}'
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 44:.0f}"}
    _, waited = asked({0: [Trouble(status=200, headers=headers, body=body)]}, Ask("thing"))
    assert waited == [44.0]


def test_a_refusal_is_no_limit() -> None:
    """A 403 without a word of limits is not tried again."""
    trouble = Trouble(status=403, body='{"message": "Resource not accessible by personal access token"}')
    with pytest.raises(Unanswered, match="answered 403 to GET thing: Resource not accessible"):
        asked({0: [trouble]}, Ask("thing"))


def test_what_may_be_gone_is_nothing() -> None:
    """A 404 is an answer where a thing may be gone, and a failure elsewhere."""
    answer, _ = asked({}, Ask("nothing", may_be_gone=True))
    with pytest.raises(Unanswered, match="answered 404 to GET nothing"):
        asked({}, Ask("nothing"))
    assert answer.body is None


def test_pages_are_followed_below_the_apis_own_path() -> None:
    """The next page is where the API says, its own path not doubled."""
    with serving(THINGS, under="/api/v3") as api:
        asker = Asker(api.address, {})
        first = asker(Ask("things", {"state": "all"}))
        second = asker(first.following) if first.following else None
        asker.close()
    assert (first.body, second and second.body, api.asked) == (
        [1, 2], [3], ["/api/v3/things?state=all", "/api/v3/things?state=all&page=2"],
    )  # fmt: skip


def test_a_next_page_elsewhere_is_asked_of_the_same_server() -> None:
    """Whatever server the link names, the token goes to the one that was configured."""
    link = {"Link": '<https://evil.example.com/things?page=2>; rel="next"'}
    answer, _ = asked({0: [Trouble(status=200, headers=link, body="[1]")]}, Ask("things"))
    assert answer.following == Ask("/things?page=2")


def test_a_move_on_the_same_server_is_followed() -> None:
    """A renamed repository answers under its number."""
    answer, _ = asked({0: [Trouble(status=301, headers={"Location": "/thing"})]}, Ask("old"))
    assert answer.body == {"is": "there"}


def test_a_move_to_another_server_ends_it() -> None:
    """No question and no token goes there."""
    trouble = Trouble(status=302, headers={"Location": "http://127.0.0.1:1/thing"})
    with pytest.raises(Unanswered, match="to another server, which is not asked"):
        asked({0: [trouble]}, Ask("thing"))


def test_an_answer_that_is_no_json_ends_it() -> None:
    """A login page in place of an API is said to be none."""
    with pytest.raises(Unanswered, match="with something else than JSON"):
        asked({0: [Trouble(status=200, body="<html>")]}, Ask("thing"))


LIES: Final[Mapping[str, tuple[Trouble, str]]] = {
    "a next page that is no address": (
        Trouble(status=200, headers={"Link": '<http://[::1/x>; rel="next"'}, body="[1]"), "an address that is none",
    ),
    "a compression that is none": (
        Trouble(status=200, headers={"Content-Encoding": "gzip"}, body="[1]"), "broken compression",
    ),
    "more than is read": (Trouble(status=200, body=" " * 64_000_001), "more than is read"),
    "depth without end": (Trouble(status=200, body="[" * 200_000), "something else than JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_an_answer_that_lies_ends_it_in_words(name: str) -> None:
    """Whatever comes, the question is named and nothing is followed."""
    trouble, said = LIES[name]
    with pytest.raises(Unanswered, match=f"answered GET thing with {said}"):
        asked({0: [trouble]}, Ask("thing"))


def test_a_limit_in_numbers_without_end_is_no_number() -> None:
    """Thousands of digits are not read; the failure is outlasted as any other."""
    headers = {"Retry-After": "9" * 5_000, "X-RateLimit-Remaining": "0" * 5_000, "X-RateLimit-Reset": "9" * 5_000}
    answer, _ = asked({0: [Trouble(status=503, headers=headers)]}, Ask("thing"))
    assert answer.body == {"is": "there"}


def test_a_token_that_no_header_holds_is_not_shown() -> None:
    """The message says that it cannot be sent, not what it is."""
    with serving(THINGS) as api:
        asker = Asker(api.address, {"authorization": f"Bearer {TOKEN}\nnext"}, sleep=lambda _: None, now=lambda: NOW)
        with pytest.raises(Unanswered, match="a header cannot be sent") as told:
            asker(Ask("thing"))
        asker.close()
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize(
    ("tool", "token", "header"),
    [
        ("github", "abc", {"authorization": "Bearer abc"}),
        ("gitlab", "abc", {"private-token": "abc"}),
        ("jira", "abc", {"authorization": "Bearer abc"}),
        ("jira", "planted@people.invalid:abc", {"authorization": "Basic cGxhbnRlZEBwZW9wbGUuaW52YWxpZDphYmM="}),
        ("github", "", {}),
    ],
)
def test_each_tool_is_given_its_token_as_it_wants_it(tool: str, token: str, header: Mapping[str, str]) -> None:
    """Without a token nothing is claimed."""
    given = credentials(tool, token)
    assert {name: value for name, value in given.items() if name != "accept"} == header
