"""What senders say that stop in mid-request: the beginning of a request, each kind by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACME: Final = "/webhooks/github/acme"


def request(headers: str, body: bytes = b"") -> bytes:
    """Return a raw request to the source acme."""
    return f"POST {ACME} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n".encode() + body


SLOWLY: Final[Mapping[str, bytes]] = {
    "headers": f"POST {ACME} HTTP/1.1\r\nHost: x\r\nX-".encode(),
    "nothing": b"",
    "body": request("Content-Length: 1000\r\n", b"{"),
    "no body": request("Content-Length: 1000\r\n"),
    "body to nowhere": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    "large body": request("Content-Length: 900000\r\n", b"{" + b" " * 100),
    "chunked body": request("Transfer-Encoding: chunked\r\n", b"1\r\n{\r\n"),
    "lying length": request("Content-Length: 900000\r\n", b"{}"),
}
