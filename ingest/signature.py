"""How a delivery proves that it was sent by someone who holds the secret; every scheme fails closed.

A scheme is a function that returns a `Verify`: None when proven, else a constant reason that tells nothing of the
secret. Comparisons take constant time; a missing, malformed, truncated or non-ASCII proof is refused before any
comparison.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Sequence
from typing import Final, Literal

from ingest.adapter import Delivery, Verify

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

_DIGEST_BYTES: Final = 32
_MOST_SIGNATURES: Final = 16
_MOST_TIME_DIGITS: Final = 12
_WHSEC: Final = b"whsec_"

Encoding = Literal["hex", "base64"]


def hmac_sha256(header: str, prefix: str = "", *, several: bool = False, encoding: Encoding = "hex") -> Verify:
    """Return the scheme: HMAC-SHA256 of the raw body in `header` behind `prefix`.

    `several`: the header may hold a comma-separated list, one good entry is enough (at most 16 are looked at; entries
    with another prefix are passed over). Without it a repeated header is malformed.
    """

    def verify(delivery: Delivery, secrets: Sequence[bytes]) -> str | None:
        live = [secret for secret in secrets if secret]
        if not live:
            return NO_SECRET
        given = delivery.headers.get(header, "")
        if not given:
            return MISSING
        texts = [part.strip() for part in given.split(",", _MOST_SIGNATURES)[:_MOST_SIGNATURES]] if several else [given]
        digests = [digest for text in texts if (digest := _digest(text, prefix, encoding)) is not None]
        if not digests:
            return MALFORMED
        return None if _any_matches(delivery.body, live, digests) else WRONG

    return verify


def github() -> Verify:
    """Return GitHub's scheme: `X-Hub-Signature-256: sha256=<hex>`; the older SHA-1 header is not looked at."""
    return hmac_sha256("x-hub-signature-256", "sha256=")


def x_hub_signature() -> Verify:
    """Return the scheme of Jira and Bitbucket: `X-Hub-Signature: sha256=<hex>`; `sha1=` is malformed."""
    return hmac_sha256("x-hub-signature", "sha256=")


def pagerduty() -> Verify:
    """Return PagerDuty's scheme: `X-PagerDuty-Signature: v1=<hex>[,v1=<hex>...]`, several while a secret rotates."""
    return hmac_sha256("x-pagerduty-signature", "v1=", several=True)


def bearer_token() -> Verify:
    """Return the scheme: `Authorization: Bearer <secret>`."""

    def verify(delivery: Delivery, secrets: Sequence[bytes]) -> str | None:
        given = delivery.headers.get("authorization", "")
        if not given:
            return _token_reason("", secrets)
        scheme, _, token = given.partition(" ")
        return _token_reason(token.strip(), secrets) if scheme.lower() == "bearer" else TOKEN_MALFORMED

    return verify


def token_header(header: str) -> Verify:
    """Return the scheme: the secret itself in `header`."""

    def verify(delivery: Delivery, secrets: Sequence[bytes]) -> str | None:
        return _token_reason(delivery.headers.get(header, ""), secrets)

    return verify


def standard_webhooks(names: str = "webhook") -> Verify:
    """Return Standard Webhooks: `v1,<base64>` of `id.timestamp.body` in `<names>-signature`, several apart by blanks.

    A secret `whsec_<base64>` is decoded (undecodable, it is no secret), any other is the key itself. The time may lie
    five minutes from the arrival, both ways.
    """
    id_header, time_header, signature_header = f"{names}-id", f"{names}-timestamp", f"{names}-signature"

    def verify(delivery: Delivery, secrets: Sequence[bytes]) -> str | None:
        keys = [key for key in map(_standard_key, secrets) if key]
        if not keys:
            return NO_SECRET
        message_id = delivery.headers.get(id_header, "")
        moment = delivery.headers.get(time_header, "")
        given = delivery.headers.get(signature_header, "")
        if not (message_id and moment and given):
            return MISSING
        texts = given.split(" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]
        digests = [digest for text in texts if (digest := _digest(text, "v1,", "base64")) is not None]
        if not (digests and _is_seconds(moment) and message_id.isascii() and "." not in message_id):
            return MALFORMED
        if abs(int(moment) * 1_000_000 - delivery.received_at) > TOLERANCE_SECONDS * 1_000_000:
            return STALE
        signed = f"{message_id}.{moment}.".encode("ascii") + delivery.body
        return None if _any_matches(signed, keys, digests) else WRONG

    return verify


def any_of(*schemes: Verify) -> Verify:
    """Return the scheme that is proven when any of `schemes` is; else the reason that says most.

    That is `WRONG` (another form of the body may still be proven), else the last one that is not "missing". Without
    schemes nothing is ever proven.
    """

    def verify(delivery: Delivery, secrets: Sequence[bytes]) -> str | None:
        reason = MISSING
        for scheme in schemes:
            found = scheme(delivery, secrets)
            if found is None:
                return None
            if found not in {MISSING, TOKEN_MISSING} and reason != WRONG:
                reason = found
        return reason

    return verify


def _any_matches(message: bytes, keys: Sequence[bytes], digests: Sequence[bytes]) -> bool:
    """Tell whether any key signs `message` with any of the digests."""
    for key in keys:
        expected = hmac.digest(key, message, "sha256")
        for digest in digests:
            if hmac.compare_digest(expected, digest):
                return True
    return False


def _digest(text: str, prefix: str, encoding: Encoding) -> bytes | None:
    """Return the 32 bytes that a text holds behind the prefix; None where it is not well formed."""
    if not (text.isascii() and text.startswith(prefix)):
        return None
    try:
        encoded = text[len(prefix) :].encode("ascii")
        digest = binascii.unhexlify(encoded) if encoding == "hex" else binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        return None
    return digest if len(digest) == _DIGEST_BYTES else None


def _token_reason(token: str, secrets: Sequence[bytes]) -> str | None:
    live = [secret for secret in secrets if secret]
    if not live:
        return NO_SECRET
    if not token:
        return TOKEN_MISSING
    if not token.isascii():
        return TOKEN_MALFORMED
    given = token.encode("ascii")
    return None if any(hmac.compare_digest(given, secret) for secret in live) else TOKEN_WRONG


def _standard_key(secret: bytes) -> bytes:
    """Return the key a Standard Webhooks secret stands for; b"" for one that cannot be read."""
    if not secret.startswith(_WHSEC):
        return secret
    try:
        return binascii.a2b_base64(secret[len(_WHSEC) :], strict_mode=True)
    except binascii.Error:
        return b""


def _is_seconds(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_TIME_DIGITS
