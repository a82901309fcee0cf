"""A ClickHouse server's address, `http(s)://USER:PASSWORD@HOST:PORT`, as the client wants it; pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

_PORTS: Final = {"http": 8123, "https": 8443}
_WRONG: Final = (
    "not an address of the form http(s)://USER:PASSWORD@HOST:PORT; in user and password, characters such as @ : / # % "
    "are percent-encoded (%40 is an @)"
)


class BadAddress(ValueError):  # noqa: N818 - shown to whoever wrote it
    """A text that is no such address; says what one looks like, and nothing of the text: it may hold a password."""


class Address(Struct, frozen=True, kw_only=True):
    """Where a server is and who asks; `user` and `password` are in the clear."""

    interface: str
    host: str
    port: int
    user: str
    password: str

    @property
    def shown(self) -> str:
        """The address without user and password, for people and logs."""
        return f"{self.interface}://{self.host}:{self.port}"


def parsed(url: str) -> Address:
    """Return the address a URL names; without a user `default`, without a port ClickHouse's own. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname
    except (ValueError, KeyError):
        raise BadAddress(_WRONG) from None
    if not host or parts.query or parts.fragment:
        raise BadAddress(_WRONG)
    return Address(
        interface=parts.scheme,
        host=host,
        port=port,
        user=unquote(parts.username or "") or "default",
        password=unquote(parts.password or ""),
    )
