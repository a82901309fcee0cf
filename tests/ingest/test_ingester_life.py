"""Kill -9, SIGTERM and SIGHUP under load: what was answered 202 is in the log, and no request in flight fails."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import httpx
import pytest

from schemas.asked_definition import ask_definition
from tests.builders.ingest_load import load, outcomes, stopped
from tests.builders.ingester import CONFIG, KEY, OLD_SECRET, SECRET, TOKEN, Ingester, push_body, signed

ACME = "/webhooks/github/acme"
OUT_OF_TIME = "requests did not finish in time"


def test_kill_under_load_loses_nothing(tmp_path: Path) -> None:
    """Killed three times under load on the same data, the log holds every id that was answered 202."""
    answered: set[str] = set()
    ingester = Ingester(tmp_path)
    for round_number in range(3):
        ingester.start()
        senders = load(ingester, f"round{round_number}")
        ingester.kill()
        answered |= stopped(senders)
    kept = {event.event_id for event in ingester.events()}

    assert (len(answered) >= 180, answered - kept) == (True, set())


def test_kill_with_the_spool_loses_nothing(tmp_path: Path) -> None:
    """Records spooled while the broker cannot be reached survive kill -9 and reach the log later."""
    spool = {"VSM_SPOOL_DIR": str(tmp_path / "spool")}
    away = Ingester(tmp_path, environment={**spool, "VSM_KAFKA": "127.0.0.1:1"}).start()
    senders = load(away, "spooled")
    away.kill()
    answered = stopped(senders)
    back = Ingester(tmp_path, environment=spool).start()
    while "vsm_ingest_spool_records 0.0" not in httpx.get(f"{back.url}/metrics").text:
        threading.Event().wait(0.05)
    kept = {event.event_id for event in back.events()}
    back.stop()

    assert (len(answered) >= 60, answered - kept) == (True, set())


def test_ends_under_load_without_failing_a_request(tmp_path: Path) -> None:
    """Asked to end under load, it answers all that is under way, then lets nobody in, and leaves with status 0."""
    ingester = Ingester(tmp_path, environment={"VSM_DRAIN_SECONDS": "0.5"}).start()
    senders = load(ingester, "end")
    status = ingester.stop()
    answered = stopped(senders)
    kept = {event.event_id for event in ingester.events()}

    # a reset (ReadError) is a connection that the kernel held and that the server had not yet taken
    told = (status, outcomes(senders) - {"202", "ConnectError", "ReadError"}, answered - kept)
    assert (*told, OUT_OF_TIME in ingester.logged()) == (0, set(), set(), False)


def test_ends_beside_connections_on_which_nothing_is_asked(tmp_path: Path) -> None:
    """Asked to end, it does not wait for senders that keep a connection and ask nothing: nothing runs out of time."""
    ingester = Ingester(tmp_path).start()
    with httpx.Client(base_url=ingester.url) as client, socket.create_connection(("127.0.0.1", ingester.port)):
        client.get("/health/live")
        status = ingester.stop()

    assert (status, OUT_OF_TIME in ingester.logged()) == (0, False)


def test_request_that_outlasts_the_end_is_told(tmp_path: Path) -> None:
    """When a request does not finish in the time there is at the end, that is said."""
    ingester = Ingester(tmp_path, environment={"VSM_STOP_SECONDS": "0.3"}).start()
    with socket.create_connection(("127.0.0.1", ingester.port)) as slow:
        slow.sendall(f"POST {ACME} HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n{{".encode())
        while "vsm_ingest_requests_in_flight 1.0" not in httpx.get(f"{ingester.url}/metrics").text:
            threading.Event().wait(0.01)
        ingester.stop()

    assert OUT_OF_TIME in ingester.logged()


def test_secret_rotates_under_load(tmp_path: Path) -> None:
    """A reload takes the new secret and drops the old one, and no request under load fails."""
    ingester = Ingester(tmp_path, config=CONFIG).start()
    senders = load(ingester, "rotation")
    ingester.config.write_text(CONFIG.replace("name: open, insecure: true", "name: fresh, secret: {value: brand-new}"))
    ingester.hang_up()
    while "sources and secrets were reloaded" not in ingester.logged():
        threading.Event().wait(0.01)
    body = push_body(seed="fresh")
    fresh = httpx.post(f"{ingester.url}/webhooks/github/fresh", content=body, headers=signed(body, secret="brand-new"))
    gone = httpx.post(f"{ingester.url}/webhooks/github/open", content=body, headers=signed(body))
    for sender in senders:
        sender.ended.set()
    stopped(senders)
    ingester.stop()

    assert (fresh.status_code, gone.status_code, outcomes(senders)) == (202, 404, {"202"})


def test_another_file_is_taken_over_under_load(tmp_path: Path) -> None:
    """Asked by the data directory, it routes by another file's streams with no request refused."""
    ingester = Ingester(tmp_path, config=CONFIG).start()
    senders = load(ingester, "taken-over")
    before = httpx.get(f"{ingester.url}/health/ready").json()["definition"]
    other = tmp_path / "other.yaml"
    other.write_text(CONFIG.replace("name: checkout", "name: till"))
    ask_definition(tmp_path / "data", other)
    ingester.hang_up()
    while httpx.get(f"{ingester.url}/health/ready").json()["definition"] == before:
        threading.Event().wait(0.01)
    body = push_body(seed="taken-over")
    httpx.post(ingester.url + ACME, content=body, headers=signed(body))
    for sender in senders:
        sender.ended.set()
    stopped(senders)
    ingester.stop()

    streams = {event.value_stream for event in ingester.events()}
    assert (outcomes(senders), "till" in streams) == ({"202"}, True)


def test_bad_file_is_refused_on_reload(tmp_path: Path) -> None:
    """A bad file is refused with its line and column, and the old sources go on."""
    ingester = Ingester(tmp_path).start()
    ingester.config.write_text(CONFIG.replace("insecure: true", "insekure: true"))
    ingester.hang_up()
    while "a reload was refused" not in ingester.logged():
        threading.Event().wait(0.01)
    body = push_body()
    answer = httpx.post(ingester.url + ACME, content=body, headers=signed(body))
    ingester.stop()

    assert (answer.status_code, "insekure" in ingester.logged(), "value-streams.yaml:6:" in ingester.logged()) == (
        202, True, True,
    )  # fmt: skip


def test_nothing_secret_is_written_out(tmp_path: Path) -> None:
    """Secrets, tokens, keys, names and bodies are neither in the log lines nor, readable, in the data."""
    ingester = Ingester(tmp_path, environment={"VSM_LOG_LEVEL": "debug"}).start()
    for event, body in (("push", push_body()), ("push", b'{"ref": 5, "by": "planted-person"}'), ("push", b"planted")):
        httpx.post(ingester.url + ACME, content=body, headers=signed(body, event=event))
        httpx.post(ingester.url + ACME, content=body, headers=signed(body, secret="wrong"))
    httpx.post(f"{ingester.url}/imports/checkout", content=b"{", headers={"authorization": f"Bearer {TOKEN}"})
    page = httpx.get(f"{ingester.url}/metrics").text
    ingester.hang_up()
    ingester.stop()
    written = [ingester.logged().encode(), page.encode()]
    written += [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]

    planted = [SECRET, OLD_SECRET, TOKEN, KEY, "planted-person", "Planted Person", "planted-word"]
    assert [word for word in planted if any(word.encode() in text for text in written)] == []


@pytest.mark.parametrize("config", ["version: 1\nsources: [", "version: 7\n"])
def test_does_not_start_on_a_bad_file(tmp_path: Path, config: str) -> None:
    """A bad value-stream file at the start is told with its place, and the process ends."""
    ingester = Ingester(tmp_path, config=config)
    with pytest.raises(AssertionError, match=r"value-streams\.yaml:\d+:\d+: "):
        ingester.start()


def test_taken_port_is_told(tmp_path: Path) -> None:
    """When the port is taken it says so and ends."""
    second = Ingester(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", second.port))
        taken.listen()
        with pytest.raises(AssertionError, match="the listener ended"):
            second.start()
