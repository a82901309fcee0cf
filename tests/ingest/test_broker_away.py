"""While the log is away nothing is answered 202 that is not on disk, and the spool is drained in order."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.acknowledgements import Acknowledgements
from ingest.app import serve
from ingest.outbox import Outbox
from ingest.process import Means, Process
from ingest.publisher import Publisher
from ingest.records import Pending
from ingest.settings import Settings
from ingest.spool import FILE, Spool
from schemas.codec import Codec
from schemas.definition_file import parse
from schemas.log_local import LocalLog
from schemas.topics import DEAD_LETTERS
from tests.builders.hosted_ingester import HostedIngester
from tests.builders.ingester import CONFIG, free_port, push_body, read_records, signed

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


def test_readiness_comes_back_by_itself(tmp_path: Path) -> None:
    """Once the log is back, readiness turns green without a delivery; what knocked left records without a value."""
    with HostedIngester(tmp_path) as host:
        host.log.away = True
        post(host, "lost")
        red = host.status("/health/ready")
        host.log.away = False
        host.wait_for(lambda: host.status("/health/ready") == 200)
        left = {record.value for record in read_records(tmp_path / "data", DEAD_LETTERS.name)}

    assert (red, left) == (503, {None})


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


def problems(host: HostedIngester) -> list[str]:
    """Return why the ingester says it is not ready; [] when it is."""
    found: list[str] = host.client.get("/health/ready").json()["problems"]
    return found


def test_full_spool_is_not_ready_until_it_is_drained(tmp_path: Path) -> None:
    """While nothing more fits, readiness is red and says so; once the log has taken it all, it is green."""
    with HostedIngester(tmp_path, spool_dir=tmp_path / "spool", spool_bytes=1_048_576) as host:
        host.log.away = True
        body = push_body(commits=500)
        while host.client.post(ACME, content=body, headers=signed(body)).status_code == 202:
            pass
        told = problems(host)
        host.log.away = False
        host.wait_for(lambda: problems(host) == [])

        assert told == ["the spool is full"]


@contextmanager
def broken(spool: Path) -> Iterator[None]:
    """Break a spool while the block runs: nothing can be written to it."""
    with closing(sqlite3.connect(spool / FILE, isolation_level=None)) as beside:
        beside.execute("ALTER TABLE spooled RENAME TO elsewhere")
        yield
        beside.execute("ALTER TABLE elsewhere RENAME TO spooled")


def test_spool_that_can_be_written_again_is_ready(tmp_path: Path) -> None:
    """A spool that could not be written is red, and green without a delivery as soon as it can be, log or no log."""
    with HostedIngester(tmp_path, spool_dir=tmp_path / "spool") as host:
        host.log.away = True
        with broken(tmp_path / "spool"):
            status, _ = post(host, "lost")
            told = problems(host)
        host.wait_for(lambda: problems(host) == [])

        assert (status, told) == (503, ["the spool cannot be written"])


def test_broken_spool_is_no_problem_of_a_log_that_is_there(tmp_path: Path) -> None:
    """Once the log takes records again, nobody needs the spool: readiness is green although it is still broken."""
    with HostedIngester(tmp_path, spool_dir=tmp_path / "spool") as host, broken(tmp_path / "spool"):
        host.log.away = True
        post(host, "lost")
        told = problems(host)
        host.log.away = False
        host.wait_for(lambda: problems(host) == [])

        assert (told, post(host, "kept")[0]) == (["the spool cannot be written"], 202)


def test_trying_the_spool_writes_and_keeps_nothing(tmp_path: Path) -> None:
    """A try is a write that a full disk would refuse, and no record."""
    spool = Spool(tmp_path, 1_000_000)
    spool.try_again()
    spool.close()

    with closing(sqlite3.connect(tmp_path / FILE)) as beside:
        found = [beside.execute(sql).fetchone()[0] for sql in ("PRAGMA user_version", "SELECT count(*) FROM spooled")]
    assert found == [1, 0]


class Unwritten(Spool):
    """Its one record is still on its way to disk; `asked` is set once somebody has looked for it twice."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 1_000_000)
        self.asked = threading.Event()
        self._looks = 0

    @property
    def records(self) -> int:
        """One."""
        return 1

    def head(self, most_records: int) -> list[tuple[int, Pending]]:
        """Nothing yet."""
        self._looks += 1
        if self._looks > 1:
            self.asked.set()
        return super().head(most_records)


async def test_drained_is_not_said_of_nothing(tmp_path: Path) -> None:
    """As long as nothing was drained, nothing is said to be."""
    acknowledgements = Acknowledgements(asyncio.get_running_loop(), 5.0)
    spool = Unwritten(tmp_path)
    outbox = Outbox(Publisher(lambda: LocalLog(tmp_path / "log"), acknowledgements), spool, acknowledgements)
    with capture_logs() as logs:
        running = asyncio.ensure_future(outbox.run())
        await asyncio.to_thread(spool.asked.wait, 20)
        running.cancel()
    await outbox.close()

    assert logs == []


def test_spooled_record_that_the_log_refuses_stays_in_the_spool(tmp_path: Path) -> None:
    """Of what was answered 202 nothing is dropped: a refused record is set aside, counted, tried at the next start."""

    def kept(host: HostedIngester) -> list[str]:
        return [event.delivery_id for event in host.events() if event.value_stream == "checkout"]

    spool = {"spool_dir": tmp_path / "spool"}
    with HostedIngester(tmp_path, **spool) as host:
        host.log.away = True
        for seed in ("a", "poison", "b"):
            post(host, seed)
        host.log.refuses = lambda record: b"poison" in (record.value or b"")
        host.log.away = False
        host.wait_for(lambda: "vsm_ingest_spool_refused_records 2.0" in host.client.get("/metrics").text)
        host.wait_for(lambda: "vsm_ingest_spool_records 0.0" in host.client.get("/metrics").text)
        before = kept(host)
    with HostedIngester(tmp_path, **spool) as host:
        host.wait_for(lambda: "vsm_ingest_spool_records 0.0" in host.client.get("/metrics").text)
        after = kept(host)

    assert (before, after) == (["a", "b"], ["a", "b", "poison"])


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


async def test_part_that_ends_by_itself_ends_the_ingester(tmp_path: Path) -> None:
    """A log that cannot be opened for a reason nobody foresaw is no outage to be waited out in silence."""

    def broken_opening() -> LocalLog:
        raise RuntimeError("nobody foresaw this")

    means = Means(
        settings=Settings(port=free_port(), data=tmp_path, drain_seconds=0), definition=parse(CONFIG),
        identity_key=bytes(32), codec=Codec(), opening=broken_opening,
    )  # fmt: skip
    with capture_logs() as logs, pytest.raises(SystemExit):
        await serve(Process(means), asyncio.Event())

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a part of the ingester ended"]


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
