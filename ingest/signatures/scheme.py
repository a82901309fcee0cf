"""A scheme as a value: the receiver's half proves a delivery, the sender's half makes the headers; and the reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

NO_SECRET: Final = "no secret is configured"  # noqa: S105 - a reason, no secret
MISSING: Final = "signature is missing"
MALFORMED: Final = "signature is malformed"
WRONG: Final = "signature is wrong"
STALE: Final = "signature time is stale"
TOKEN_MISSING: Final = "token is missing"  # noqa: S105 - a reason, no secret
TOKEN_MALFORMED: Final = "token is malformed"  # noqa: S105 - the same
TOKEN_WRONG: Final = "token is wrong"  # noqa: S105 - the same

TOLERANCE_SECONDS: Final = 300
"""How far the time in a signature may lie from the arrival, both ways."""

PUBLIC_KEY: Final = b"whpk_"
"""What a sender's public key begins with: everybody may know it, so that it verifies signatures and is no secret."""

MOST_SIGNATURES: Final = 16
"""Of a list of signatures this many are looked at, the first."""

_MOST_TIME_DIGITS: Final = 13


class Received(Protocol):
    """What a proof is judged by: a delivery as it was received; header names in lower case, time in microseconds."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def body(self) -> bytes:
        """The raw body."""

    @property
    def url(self) -> str:
        """The address it was sent to."""

    @property
    def received_at(self) -> int:
        """When it arrived."""


class Outgoing(Struct, frozen=True, kw_only=True):
    """What a sender signs: the raw body, where it goes, a message id and the time of sending in microseconds."""

    body: bytes
    url: str = ""
    message_id: str = ""
    sent_at: int = 0


Verify = Callable[[Received, Sequence[bytes]], str | None]
"""Pure. (delivery, live secrets) -> None when any secret proves the delivery, else the constant reason it does not.

No secret, an empty or malformed signature is never a pass. A stale time (where the scheme has one) is judged by
`received_at`. `WRONG` is the one reason that another form of the same body (inflated) may mend.
"""

Sign = Callable[[bytes, Outgoing], Mapping[str, str]]
"""Pure. (secret, what is sent) -> the headers that prove it."""


def as_it_is(body: bytes, _sent_at: int) -> bytes:
    """Return a body in which no time of sending stands."""
    return body


class Scheme(Struct, frozen=True, kw_only=True):
    """How deliveries prove that they were sent by someone who holds the secret; called, it verifies.

    `says` describes it in a line for the documentation; `header` is where the proof stands, in lower case; `either`
    holds the schemes of which any one is enough, () for a single one. `renewed` is the body as it is sent at another
    time: a few tools write the time of sending into it.
    """

    says: str
    header: str
    verify: Verify
    sign: Sign
    renewed: Callable[[bytes, int], bytes] = as_it_is
    either: tuple[Scheme, ...] = ()

    def __call__(self, delivery: Received, secrets: Sequence[bytes]) -> str | None:
        """Return None when any of the secrets proves the delivery, else why not."""
        return self.verify(delivery, secrets)


def live(secrets: Sequence[bytes]) -> list[bytes]:
    """Return the secrets that can prove anything: an empty one never does, and a public key only signatures of its own.

    As a token or a shared key it would let in whoever has read it where it is published.
    """
    return [secret for secret in secrets if secret and not secret.startswith(PUBLIC_KEY)]


def seconds_of(text: str) -> int | None:
    """Return the seconds since the epoch that a signature's time says, in seconds or milliseconds; None for no time."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_TIME_DIGITS):
        return None
    return int(text) // 1000 if len(text) == _MOST_TIME_DIGITS else int(text)


def is_stale(seconds: int, delivery: Received) -> bool:
    """Tell whether a signature's time lies too far from the arrival."""
    return abs(seconds * 1_000_000 - delivery.received_at) > TOLERANCE_SECONDS * 1_000_000
