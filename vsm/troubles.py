"""Why a request got no answer, in words that may be shown."""

from __future__ import annotations

import httpx


def why(trouble: BaseException) -> str:
    """Return what went wrong; of a header that cannot be sent no value: it may be a secret."""
    unsendable = isinstance(trouble, httpx.LocalProtocolError | UnicodeError)
    return "a header cannot be sent" if unsendable else str(trouble)


def is_sendable(secret: str) -> bool:
    """Tell whether a header can hold a secret: one line of ASCII."""
    return secret.isascii() and secret.isprintable()
