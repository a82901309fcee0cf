"""Recorded deliveries on the wire: each header once, those of the connection our own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from vsm.sender import Recorded, Unreachable, play


class Listener(HTTPServer):
    """Takes deliveries on loopback and keeps the headers of each, as they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[list[tuple[str, str]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    timeout = 5

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append([(name.lower(), value) for name, value in self.headers.items()])
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen in a thread."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
def test_each_header_is_sent_once(name: str) -> None:
    """A recorded content type stands alone, however it is written; without one it is JSON."""
    recordings = [
        Recorded(tool="github", headers={name: "application/vnd.github+json"}, body=msgspec.Raw(b"{}")),
        Recorded(tool="github", body=msgspec.Raw(b"{}")),
    ]
    with listening() as server:
        asyncio.run(play(recordings, f"http://127.0.0.1:{server.server_port}", {}, lanes=1))

    types = [[value for header, value in headers if header == "content-type"] for headers in server.heard]
    assert types == [["application/vnd.github+json"], ["application/json"]]


def test_headers_of_the_recorded_connection_are_not_sent() -> None:
    """A recording's length, host and transfer were of another sending."""
    headers = {"Content-Length": "999", "Host": "elsewhere", "Transfer-Encoding": "chunked", "Connection": "close"}
    recorded = Recorded(tool="github", headers=headers, body=msgspec.Raw(b"{}"))
    with listening() as server:
        asyncio.run(play([recorded], f"http://127.0.0.1:{server.server_port}", {}, lanes=1))

    sent = {name: value for name, value in server.heard[0] if name in {header.lower() for header in headers}}
    assert sent == {
        "content-length": "2", "host": f"127.0.0.1:{server.server_port}", "connection": "keep-alive",
    }  # fmt: skip


@pytest.mark.parametrize(
    "secret", [b"planted-secret\n", b"planted-secret\xff", "planted-secret\u00f6".encode()], ids=repr
)
def test_a_secret_that_no_header_holds_is_not_shown(secret: bytes) -> None:
    """The message says that it cannot be sent, not what it is, and at once."""
    recorded = Recorded(tool="gitlab", body=msgspec.Raw(b"{}"))
    secrets = {("gitlab", "default"): secret}
    with listening() as server, pytest.raises(Unreachable, match="a header cannot be sent") as told:
        asyncio.run(play([recorded], f"http://127.0.0.1:{server.server_port}", secrets, lanes=1))

    assert "planted-secret" not in str(told.value)
