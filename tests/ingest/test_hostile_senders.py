"""Senders that are slow, that lie about lengths or that smuggle: cut off in time while honest ones go on."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.builders.ingester import TOKEN, Ingester, push_body, signed
from tests.builders.slow_senders import ACME, SLOWLY, request

SECOND = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = {
    "VSM_BODY_GRACE_SECONDS": "1", "VSM_HEADER_SECONDS": "1", "VSM_BODY_SECONDS": "3", "VSM_BODY_BYTES": "1000000",
    "VSM_IN_FLIGHT": "50",
}  # fmt: skip


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingester]:
    """An ingester with short patience."""
    running = Ingester(tmp_path_factory.mktemp("hurried"), environment=SLOW).start()
    yield running
    running.stop()


def connect(ingester: Ingester) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", ingester.port), timeout=10)


def heard(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    pieces = []
    try:
        while piece := connection.recv(65_536):
            pieces.append(piece)
    except ConnectionResetError:
        pieces.append(b"<reset>")
    return b"".join(pieces)


@pytest.mark.parametrize("said", SLOWLY.values(), ids=SLOWLY)
def test_slow_sender_is_closed_in_time(hurried: Ingester, said: bytes) -> None:
    """Whoever stops in mid-request is cut off within the patience, and nothing of it is accepted."""
    with closing(connect(hurried)) as connection:
        started = time.monotonic()
        if said:
            connection.sendall(said)
        answer = heard(connection)

    assert (time.monotonic() - started < 4, b" 202 " in answer) == (True, False)


def test_dribbling_body_is_closed_in_time(hurried: Ingester) -> None:
    """A body that comes a byte at a time is cut off although something always comes."""
    with closing(connect(hurried)) as connection:
        started = time.monotonic()
        connection.sendall(request("Content-Length: 900000\r\n"))
        connection.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - started < 8:
            try:
                connection.sendall(b" ")
                answer = connection.recv(1_000)
            except TimeoutError:
                continue
            except ConnectionError:
                answer = b"<closed>"

    assert (bool(answer), time.monotonic() - started < 4) == (True, True)


def test_honest_senders_go_on_beside_slow_ones(hurried: Ingester) -> None:
    """Beside two hundred slow connections an honest delivery is answered within a second."""
    with ExitStack() as stack:
        for number in range(200):
            slow = stack.enter_context(closing(connect(hurried)))
            slow.sendall(list(SLOWLY.values())[number % len(SLOWLY)])
        took = []
        with httpx.Client(base_url=hurried.url) as client:
            for number in range(20):
                body = push_body(seed=f"honest{number}")
                started = time.monotonic()
                assert client.post(ACME, content=body, headers=signed(body)).status_code == 202
                took.append(time.monotonic() - started)

    assert max(took) < 1.0


def test_too_large_while_streaming_is_413(hurried: Ingester) -> None:
    """A body without a length is cut off with 413 as soon as it passes the limit."""

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 65_536

    with httpx.Client(base_url=hurried.url) as client:
        try:
            status = client.post(ACME, content=endless(), headers={"content-type": "application/json"}).status_code
        except httpx.TransportError:
            status = 413  # the answer was overtaken by the closing of the connection

    assert status == 413


def test_chunked_body_is_taken(hurried: Ingester) -> None:
    """A body of unknown length is taken, and its connection is not used again."""
    body = push_body(seed="chunked")

    with httpx.Client(base_url=hurried.url) as client:
        answer = client.post(ACME, content=iter([body[:10], body[10:]]), headers=signed(body))

    assert (answer.status_code, answer.headers["connection"]) == (202, "close")


@pytest.mark.parametrize(
    "said",
    [
        request("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SECOND),
        request("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n" + SECOND),
        request("Content-Length: 4\r\nContent-Length: 40\r\n", b"{}  " + SECOND),
        request("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + SECOND),
        request("Content-Length: +4\r\n", b"{}  " + SECOND),
        request("Content-Length: 4, 4\r\nX: y\r\n\x00: z\r\n", b"{}  " + SECOND),
    ],
    ids=["CL.TE", "TE.CL", "CL.CL", "bad TE", "signed CL", "bad header"],
)  # fmt: skip
def test_nothing_is_smuggled(hurried: Ingester, said: bytes) -> None:
    """A request that disagrees about its own length never lets a second one through."""
    with closing(connect(hurried)) as connection:
        connection.sendall(said)
        answer = heard(connection)

    assert b"vsm_ingest" not in answer


@pytest.mark.parametrize("more", [1, 100_000], ids=["small", "large"])
def test_body_that_ends_early_is_taken_for_no_whole_one(hurried: Ingester, more: int) -> None:
    """Facts of a connection that breaks off at the end of a line are not kept: the rest is missing."""
    fact = b'{"type":"activity.started","occurred_at":"2010-05-01T08:00:00","subject_id":"case:cut"}\n'
    head = (
        f"POST /imports/checkout HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(fact) + more}\r\n\r\n"
    )
    with closing(connect(hurried)) as connection:
        connection.sendall(head.encode() + fact)
        connection.shutdown(socket.SHUT_WR)
        answer = heard(connection)

    assert (b" 400 " in answer, b"body ended early" in answer) == (True, True)


def test_import_without_a_length_is_411(hurried: Ingester) -> None:
    """Lines in chunks could break off unnoticed."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/x-ndjson"}
    answer = httpx.post(f"{hurried.url}/imports/checkout", content=iter([b"{}\n"]), headers=headers)

    assert answer.status_code == 411


def test_huge_headers_are_refused(hurried: Ingester) -> None:
    """A megabyte of headers is refused."""
    with closing(connect(hurried)) as connection:
        try:
            connection.sendall(request(f"X-Big: {'a' * 1_000_000}\r\nContent-Length: 2\r\n", b"{}"))
            answer = heard(connection)
        except ConnectionError:
            answer = b"<closed>"

    assert b" 202 " not in answer


def test_log_lines_cannot_be_forged(hurried: Ingester) -> None:
    """Line ends and escapes in what a sender says never start a line of our log."""
    body = b'{"ref": "a\\nforged-line\\u001b[31m", "commits": 7}'
    with httpx.Client(base_url=hurried.url) as client:
        client.post(ACME, content=body, headers=signed(body, delivery="x" * 50))
        client.post("/webhooks/github/a%0aforged-line", content=body, headers=signed(body))

    assert not [line for line in hurried.logged().splitlines() if line.startswith(("forged", "\x1b"))]
