"""The part of RSGI (the server's own interface) that the ingester uses, typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # exported, but not by name

BROKEN: Final[tuple[type[Exception], ...]] = (ProtocolError, ProtocolClosed)
"""What reading a body raises when the sender went away or garbled it."""


class SentHeaders(Protocol):
    """The headers of a request; names in lower case, values that are no ASCII left out."""

    def items(self) -> list[tuple[str, str]]:
        """Return names and values; a repeated header comes repeatedly."""


class Scope(Protocol):
    """A request before its body."""

    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> SentHeaders:
        """The headers."""


class Exchange(Protocol):
    """The body in, the response out."""

    async def __call__(self) -> bytes:
        """Return the whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send the response."""
