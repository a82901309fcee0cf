"""Limits: rates, paces, loads and bounded inflation."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.outcomes import Rejected
from ingest.server.inflate import inflated
from ingest.server.limits import Allowance, Allowed, Load, Pace
from ingest.server.metrics_pages import merged

PACE = Pace(grace_seconds=5, bytes_per_second=1_000, longest_seconds=60)


@pytest.mark.parametrize(
    ("elapsed", "received", "slow"),
    [(0, 0, False), (4.9, 0, False), (5, 0, True), (6, 999, True), (6, 1_001, False), (60, 10**9, True)],
)
def test_pace(elapsed: float, received: int, slow: bool) -> None:  # noqa: FBT001 - a case
    """A body is given up below the rate after the grace, and after the longest time however fast."""
    assert PACE.too_slow(elapsed, received) is slow


@settings(max_examples=40)
@given(st.floats(0.1, 50), st.lists(st.floats(0, 2), max_size=60))
def test_bucket_never_lets_more_through_than_its_rate(rate: float, pauses: list[float]) -> None:
    """Over any time no more pass than the burst and the rate allow."""
    allowed, now, passed = Allowed(Allowance(rate_per_second=rate)), 0.0, 0
    for pause in pauses:
        now += pause
        passed += allowed.wait_seconds(now) == 0.0

    assert passed <= max(1.0, rate) + now * rate + 1e-6


def test_a_source_is_told_when_to_come_again() -> None:
    """After the wait it names, one more passes."""
    allowed = Allowed(Allowance(rate_per_second=0.5))
    allowed.wait_seconds(0.0)
    wait = allowed.wait_seconds(0.0)

    assert (wait, allowed.wait_seconds(wait)) == (2.0, 0.0)


def test_a_quota_is_a_days_worth_and_comes_back_through_the_day() -> None:
    """Of a quota of 24 a day all may come at once, and one an hour after that."""
    allowed = Allowed(Allowance(per_day=24))
    at_once = sum(allowed.wait_seconds(0.0) == 0.0 for _ in range(30))
    later = [allowed.wait_seconds(3_600.0) for _ in range(2)]
    assert (at_once, later) == (24, [0.0, 3_600.0])


def test_what_one_limit_refuses_uses_up_none_of_the_other() -> None:
    """A delivery over the rate is no part of the day's quota."""
    allowed = Allowed(Allowance(rate_per_second=1, per_day=3))
    passed = [allowed.wait_seconds(second / 10) == 0.0 for second in range(40)]
    assert sum(passed) == 3


def test_a_source_without_limits_is_held_to_none() -> None:
    """No limit, no wait."""
    allowed = Allowed(Allowance())
    assert {allowed.wait_seconds(0.0) for _ in range(1_000)} == {0.0}


def test_load_is_full_by_requests_or_bytes() -> None:
    """Either bound makes it full."""
    by_requests, by_bytes = Load(1, 100), Load(10, 100)
    by_requests.requests, by_bytes.bytes = 1, 101

    assert (by_requests.full, by_bytes.full, Load(1, 100).full) == (True, True, False)


def test_bodies_that_are_still_coming_keep_nobody_out() -> None:
    """Only requests whose bodies are there fill the load."""
    load = Load(1, 100)
    load.requests, load.reading = 5, 5
    coming = load.full
    load.reading = 4

    assert (coming, load.full) == (False, True)


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=500), min_size=1, max_size=4))
def test_gzip_of_several_members_inflates(members: list[bytes]) -> None:
    """A gzip body inflates to all its members."""
    assert inflated(b"".join(gzip.compress(m) for m in members), "gzip", 10_000) == b"".join(members)


@settings(max_examples=100)
@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "gzip,gzip", ""]))
def test_inflating_anything_is_an_outcome(body: bytes, encoding: str) -> None:
    """Whatever comes, it is bytes or a rejection."""
    assert isinstance(inflated(body, encoding, 1_000), bytes | Rejected)


@pytest.mark.parametrize(("size", "fits"), [(1_000, True), (1_001, False)])
def test_inflation_is_bounded_exactly(size: int, fits: bool) -> None:  # noqa: FBT001 - a case
    """The bound is on what comes out."""
    found = inflated(zlib.compress(b"x" * size), "deflate", 1_000)

    assert isinstance(found, bytes) is fits


def test_pages_of_peers_stand_one_after_another() -> None:
    """Pages without common families are joined as they are."""
    assert merged([b"# TYPE a gauge\na 1\n", b"# TYPE b gauge\nb 2"]) == b"# TYPE a gauge\na 1\n# TYPE b gauge\nb 2\n"


def test_common_families_stand_together() -> None:
    """A family that two pages have gets one HELP and TYPE, and its samples together."""
    first = b'# HELP a x\n# TYPE a gauge\na{p="1"} 1\n# HELP b x\n# TYPE b gauge\nb 1\n'
    second = b'# HELP a y\n# TYPE a gauge\na{p="2"} 2\n'

    assert merged([first, second]).decode().splitlines() == [
        "# HELP a x", "# TYPE a gauge", 'a{p="1"} 1', 'a{p="2"} 2', "# HELP b x", "# TYPE b gauge", "b 1",
    ]  # fmt: skip
