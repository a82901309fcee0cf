"""Schemes whose proof is the secret itself: tokens and passwords."""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from ingest.signatures.scheme import (
    NO_SECRET,
    TOKEN_MALFORMED,
    TOKEN_MISSING,
    TOKEN_WRONG,
    Outgoing,
    Received,
    Scheme,
    live,
)

_AUTHORIZATION: Final = "authorization"


def bearer_token() -> Scheme:
    """Return the scheme: `Authorization: Bearer <secret>`."""

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        given = delivery.headers.get(_AUTHORIZATION, "")
        if not given:
            return _token_reason("", secrets)
        scheme, _, token = given.partition(" ")
        return _token_reason(token.strip(), secrets) if scheme.lower() == "bearer" else TOKEN_MALFORMED

    def sign(secret: bytes, _sent: Outgoing) -> Mapping[str, str]:
        return {_AUTHORIZATION: f"Bearer {secret.decode()}"}

    return Scheme(says="`authorization: Bearer <secret>`", header=_AUTHORIZATION, verify=verify, sign=sign)


def token_header(header: str) -> Scheme:
    """Return the scheme: the secret itself in `header`."""

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        return _token_reason(delivery.headers.get(header, ""), secrets)

    def sign(secret: bytes, _sent: Outgoing) -> Mapping[str, str]:
        return {header: secret.decode()}

    return Scheme(says=f"`{header}: <secret>`", header=header, verify=verify, sign=sign)


def basic_auth() -> Scheme:
    """Return the scheme: `Authorization: Basic`, where the password, or `user:password` as a whole, is the secret."""

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        given = delivery.headers.get(_AUTHORIZATION, "")
        keys = live(secrets)
        if not keys:
            return NO_SECRET
        if not given:
            return TOKEN_MISSING
        scheme, _, text = given.partition(" ")
        credentials = _decoded(text.strip()) if scheme.lower() == "basic" else None
        if credentials is None:
            return TOKEN_MALFORMED
        password = credentials.partition(b":")[2]
        found = [hmac.compare_digest(told, key) for told in (credentials, password) for key in keys]
        return None if any(found) else TOKEN_WRONG

    def sign(secret: bytes, _sent: Outgoing) -> Mapping[str, str]:
        credentials = secret if b":" in secret else b"vsm:" + secret
        return {_AUTHORIZATION: f"Basic {binascii.b2a_base64(credentials, newline=False).decode()}"}

    says = "`authorization: Basic`, the password is the secret"
    return Scheme(says=says, header=_AUTHORIZATION, verify=verify, sign=sign)


def _decoded(text: str) -> bytes | None:
    """Return the `user:password` of basic credentials; None where they are malformed or hold no password."""
    if not text.isascii():
        return None
    try:
        credentials = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except binascii.Error:
        return None
    return credentials if credentials.partition(b":")[2] else None


def _token_reason(token: str, secrets: Sequence[bytes]) -> str | None:
    keys = live(secrets)
    if not keys:
        return NO_SECRET
    if not token:
        return TOKEN_MISSING
    if not token.isascii():
        return TOKEN_MALFORMED
    given = token.encode("ascii")
    return None if any(hmac.compare_digest(given, key) for key in keys) else TOKEN_WRONG
