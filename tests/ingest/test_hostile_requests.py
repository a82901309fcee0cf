"""Requests that HTTP does not allow, or that two readers would part differently: one answer at most, then the end."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.builders.ingester import Ingester, push_body, signed

SECOND: Final = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
JSON: Final = b"Host: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingester]:
    """An ingester with short patience, so that what is left open is closed soon."""
    patience = {"VSM_BODY_GRACE_SECONDS": "1", "VSM_HEADER_SECONDS": "1", "VSM_BODY_SECONDS": "2"}
    running = Ingester(tmp_path_factory.mktemp("hurried"), environment=patience).start()
    yield running
    running.stop()


def post(headers: bytes, body: bytes = b"", line: bytes = b"POST /webhooks/github/acme HTTP/1.1") -> bytes:
    """A raw request."""
    return line + b"\r\n" + JSON + headers + b"\r\n" + body


SMUGGLING: Final = {
    "folded transfer encoding": post(b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n" + SECOND),
    "folded header": post(b"X-A: b\r\n\tc\r\nContent-Length: 2\r\n", b"{}"),
    "blank before the colon": post(b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n" + SECOND),
    "tab behind chunked": post(b"Transfer-Encoding: chunked\x0b\r\nContent-Length: 4\r\n", b"0\r\n\r\n" + SECOND),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n" + SECOND),
    "chunked, then identity": post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + SECOND),
    "chunk of negative size": post(b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n" + SECOND),
    "chunk of overflowing size": post(b"Transfer-Encoding: chunked\r\n", b"fffffffffffffffff\r\n{}" + SECOND),
    "chunk size by 0x": post(b"Transfer-Encoding: chunked\r\n", b"0x2\r\n{}\r\n0\r\n\r\n" + SECOND),
    "chunk without its end": post(b"Transfer-Encoding: chunked\r\n", b"2\r\n{}3\r\n" + SECOND),
    "chunk extension without end": post(b"Transfer-Encoding: chunked\r\n", b"2;" + b"a" * 200_000 + b"\r\n{}\r\n"),
    "length in hexadecimal": post(b"Content-Length: 0x2\r\n", b"{}" + SECOND),
    "negative length": post(b"Content-Length: -2\r\n", b"{}" + SECOND),
    "length of 10^30": post(b"Content-Length: 1" + b"0" * 30 + b"\r\n", b"{}" + SECOND),
    "two lengths": post(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{} " + SECOND),
    "two lengths in one": post(b"Content-Length: 2, 3\r\n", b"{} " + SECOND),
    "NUL in a name": post(b"X-\x00A: b\r\nContent-Length: 2\r\n", b"{}" + SECOND),
    "NUL in a value": post(b"X-A: \x00b\r\nContent-Length: 2\r\n", b"{}" + SECOND),
    "CR in a value": post(b"X-A: b\rX-Hub-Signature-256: c\r\nContent-Length: 2\r\n", b"{}"),
    "no name": post(b": b\r\nContent-Length: 2\r\n", b"{}" + SECOND),
    "escape in a header": post(b"X-A: \x1b[31m\r\nContent-Length: 2\r\n", b"{}" + SECOND),
    "a thousand headers": post(b"".join(b"X-%d: y\r\n" % n for n in range(1_000)) + b"Content-Length: 2\r\n", b"{}"),
    "headers of a megabyte": post(b"X-A: " + b"a" * 1_000_000 + b"\r\nContent-Length: 2\r\n", b"{}"),
    "path of a megabyte": post(b"Content-Length: 2\r\n", b"{}", b"POST /" + b"a" * 1_000_000 + b" HTTP/1.1"),
    "CRLF in the path": post(b"Content-Length: 2\r\n", b"{}", b"POST /a\r\nX: y HTTP/1.1"),
    "version 0.9": b"GET /metrics\r\n",
    "version 3.0": post(b"Content-Length: 2\r\n", b"{}", b"POST /webhooks/github/acme HTTP/3.0"),
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "TLS where there is none": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a proxy's line": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + SECOND,
    "noise": bytes(range(256)) * 40,
}  # fmt: skip


def exchanged(ingester: Ingester, said: bytes) -> bytes:
    """What comes back until the other side closes."""
    with closing(socket.create_connection(("127.0.0.1", ingester.port), timeout=12)) as connection:
        pieces = []
        try:
            connection.sendall(said)
            while piece := connection.recv(65_536):
                pieces.append(piece)
        except OSError:
            pieces.append(b"")
        return b"".join(pieces)


@pytest.mark.parametrize("said", SMUGGLING.values(), ids=SMUGGLING)
def test_nothing_is_smuggled(hurried: Ingester, said: bytes) -> None:
    """At most one answer, never a good one, and nothing of the second request behind it."""
    answer = exchanged(hurried, said)
    statuses = re.findall(rb"HTTP/1\.[01] (\d{3})", answer)

    assert (len(statuses) <= 1, [s for s in statuses if not s.startswith(b"4")], b"vsm_ingest" in answer) == (
        True, [], False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/github/acme%2f..%2f..%2fmetrics",
        "/webhooks/%2e%2e/metrics", "/webhooks/..%2fmetrics", "/%2fmetrics",
        "/webhooks/github/..%5c..%5cmetrics", "/webhooks/github/%00", "/webhooks/github/%ff%fe", "/webhooks/github/%",
        "/webhooks/github/%zz", "/webhooks/github/%c0%ae%c0%ae", "/webhooks/github/acme;a=b", "/webhooks/github//acme",
        "/webhooks/GITHUB/acme", "/WEBHOOKS/github/acme", "/webhooks/github/acme%20", "/webhooks/github/%252e%252e",
        "/imports/..%2fcheckout", "/imports/checkout%2f..", "/events/..", "/links/..", "/.git/config", "/etc/passwd",
    ],
)  # fmt: skip
def test_a_path_is_never_walked(hurried: Ingester, path: str) -> None:
    """Slashes, dots and odd escapes in a path lead nowhere."""
    length = b"Content-Length: 2\r\nAuthorization: Bearer planted\r\nConnection: close\r\n"
    answer = exchanged(hurried, post(length, b"{}", f"POST {path} HTTP/1.1".encode()))

    assert re.findall(rb"HTTP/1\.1 (\d{3})", answer) in [[b"404"], [b"400"], [b"401"]]


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE", b"PATCH", b"PROPFIND", b"get", b"G" * 3_000, b"\xff"])
def test_another_method_is_refused(hurried: Ingester, method: bytes) -> None:
    """Methods that nobody asked for are 405, or no HTTP at all."""
    answer = exchanged(hurried, post(b"Connection: close\r\n", line=method + b" /webhooks/github/acme HTTP/1.1"))

    assert set(re.findall(rb"HTTP/1\.1 (\d{3})", answer)) <= {b"405", b"400", b"404", b"414", b"431"}


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_a_body_behind_a_question_is_nobodys_request(hurried: Ingester, method: bytes) -> None:
    """What follows a tried address is not taken for another request."""
    line = method + b" /webhooks/github/acme HTTP/1.1"
    answer = exchanged(hurried, post(b"Content-Length: %d\r\n" % len(SECOND), SECOND, line))

    assert b"vsm_ingest" not in answer


def test_bytes_that_are_no_text_never_reach_a_proof(hurried: Ingester) -> None:
    """A header of bytes outside ASCII is as if it were not there: the signature is missing."""
    body = push_body()
    proof = signed(body)["x-hub-signature-256"].encode()
    headers = b"X-GitHub-Event: push\r\nX-Hub-Signature-256: %b\xff\xfe\r\nConnection: close\r\nContent-Length: %d\r\n"
    answer = exchanged(hurried, post(headers % (proof, len(body)), body))

    assert (b" 401 " in answer, b"signature is missing" in answer) == (True, True)


def test_honest_senders_are_served_after_all_that(hurried: Ingester) -> None:
    """The process lives, and takes what is right."""
    for said in SMUGGLING.values():
        exchanged(hurried, said)
    body = push_body(seed="after all that")
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed(body).items() if name != "content-type")
    answer = exchanged(hurried, post(f"{headers}Content-Length: {len(body)}\r\n".encode(), body))

    assert b" 202 " in answer
