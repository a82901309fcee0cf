"""While the log is away nothing is answered 202 that is not on disk, and the spool is drained in order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.builders.hosted_ingester import HostedIngester
from tests.builders.ingester import push_body, signed

ACME = "/webhooks/github/acme"


def post(host: HostedIngester, seed: str) -> tuple[int, list[str]]:
    """Send one push; return the status and the ids."""
    body = push_body(seed=seed)
    answer = host.client.post(ACME, content=body, headers=signed(body, delivery=seed))
    return answer.status_code, answer.json()["event_ids"]


def test_without_a_spool_503_at_once(tmp_path: Path) -> None:
    """With the log away and no spool, a delivery is 503 with Retry-After, and readiness is red."""
    with HostedIngester(tmp_path) as host:
        host.log.away = True
        body = push_body()
        answer = host.client.post(ACME, content=body, headers=signed(body))
        ready = host.status("/health/ready")

    assert (answer.status_code, int(answer.headers["retry-after"]) > 0, ready) == (503, True, 503)


def test_it_comes_back_by_itself(tmp_path: Path) -> None:
    """Once the log is back, deliveries are accepted again without a restart."""
    with HostedIngester(tmp_path) as host:
        host.log.away = True
        post(host, "lost")
        host.log.away = False
        host.wait_for(lambda: post(host, "again")[0] == 202)

        assert host.status("/health/ready") == 200


def test_known_to_be_away_is_not_asked(tmp_path: Path) -> None:
    """While the log is known to be away, deliveries do not wait for it."""
    with HostedIngester(tmp_path) as host:
        host.log.away = True
        for number in range(20):
            post(host, f"n{number}")

        assert host.log.appends < 10


def test_silent_log_is_given_up(tmp_path: Path) -> None:
    """A log that takes records and says nothing is given up in time: 503, never 202."""
    with HostedIngester(tmp_path, publish_seconds=0.3) as host:
        host.log.silent = True

        assert post(host, "silent")[0] == 503


def test_with_a_spool_202_once_on_disk(tmp_path: Path) -> None:
    """With a spool, deliveries are 202 while the log is away, and all of them reach it, in order, when it is back."""
    with HostedIngester(tmp_path, spool_dir=tmp_path / "spool") as host:
        host.log.away = True
        answers = [post(host, f"s{number}") for number in range(30)]
        ready = host.status("/health/ready")
        host.log.away = False
        host.wait_for(lambda: "vsm_ingest_spool_records 0.0" in host.client.get("/metrics").text)
        answers.append(post(host, "after"))
        kept = [event.delivery_id for event in host.events() if event.value_stream == "checkout"]

    sent = [f"s{number}" for number in range(30)] + ["after"]
    assert ([status for status, _ in answers], ready, list(dict.fromkeys(kept))) == ([202] * 31, 200, sent)


def test_new_deliveries_go_behind_the_spool(tmp_path: Path) -> None:
    """While the spool holds something, nothing overtakes it."""
    with HostedIngester(tmp_path, spool_dir=tmp_path / "spool") as host:
        host.log.away = True
        post(host, "first")
        host.log.away = False
        for number in range(40):
            post(host, f"later{number}")
        host.wait_for(lambda: "vsm_ingest_spool_records 0.0" in host.client.get("/metrics").text)
        kept = [event.delivery_id for event in host.events() if event.value_stream == "checkout"]

    assert list(dict.fromkeys(kept)) == ["first", *[f"later{number}" for number in range(40)]]


def test_full_spool_is_503(tmp_path: Path) -> None:
    """A spool that is full refuses with 503 what it cannot keep."""
    with HostedIngester(tmp_path, spool_dir=tmp_path / "spool", spool_bytes=1_048_576) as host:
        host.log.away = True
        body = push_body(commits=500)
        statuses = [
            host.client.post(ACME, content=body, headers=signed(body, delivery=str(n))).status_code for n in range(20)
        ]

    assert (statuses[0], statuses[-1]) == (202, 503)


def test_requests_under_way_finish_at_the_end(tmp_path: Path) -> None:
    """A request that waits for the log when the process is asked to end is still answered."""
    with HostedIngester(tmp_path) as host:
        host.log.slow_seconds = 1.0
        body = push_body(seed="under way")
        got: list[int] = []
        sender = threading.Thread(
            target=lambda: got.append(host.client.post(ACME, content=body, headers=signed(body)).status_code)
        )
        sender.start()
        host.wait_for(lambda: host.log.appends == 1)
        host.stop()
        sender.join()

    assert got == [202]


@pytest.mark.parametrize("rate", ["in_flight", "in_flight_bytes"])
def test_too_much_at_hand_is_503(tmp_path: Path, rate: str) -> None:
    """Beyond the most that may wait, a request is turned away at once."""
    with HostedIngester(tmp_path, **{rate: 1}) as host:
        host.log.slow_seconds = 1.0
        body = push_body(seed="waiting")
        sender = threading.Thread(target=lambda: host.client.post(ACME, content=body, headers=signed(body)))
        sender.start()
        host.wait_for(lambda: host.log.appends == 1)
        status = post(host, "too much")[0]
        sender.join()

    assert status == 503
