"""Standard Webhooks: `v1` (HMAC-SHA256, a shared secret) and `v1a` (ed25519, the sender's public key)."""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ingest.signatures.digests import any_matches, digest_of, encoded
from ingest.signatures.scheme import (
    MALFORMED,
    MISSING,
    MOST_SIGNATURES,
    NO_SECRET,
    PUBLIC_KEY,
    STALE,
    WRONG,
    Outgoing,
    Received,
    Scheme,
    is_stale,
    seconds_of,
)

_SHARED: Final = b"whsec_"
_PRIVATE: Final = b"whsk_"
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_MOST_ED25519: Final = 4
"""Of `v1a` signatures this many are looked at: each one costs a walk over the whole body, for each key."""


def standard_webhooks(names: str = "webhook") -> Scheme:
    """Return Standard Webhooks over `id.timestamp.body` in `<names>-signature`, several apart by blanks.

    `v1,<base64>` is proven by a shared secret: `whsec_<base64>` is decoded (undecodable, it is no secret), any other is
    the key itself. `v1a,<base64>` is proven by the sender's public key, a secret `whpk_<base64>`. A sender signs `v1a`
    with `whsk_<base64>`. The time may lie five minutes from the arrival, both ways.
    """
    id_header, time_header, signature_header = f"{names}-id", f"{names}-timestamp", f"{names}-signature"

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        keys, public = _shared_keys(secrets), _public_keys(secrets)
        if not (keys or public):
            return NO_SECRET
        message_id = delivery.headers.get(id_header, "")
        moment = delivery.headers.get(time_header, "")
        given = delivery.headers.get(signature_header, "")
        if not (message_id and moment and given):
            return MISSING
        texts = given.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]
        digests = [found for text in texts if (found := digest_of(text, "v1,", "base64")) is not None]
        signatures = [found for text in texts if (found := _ed25519(text)) is not None][:_MOST_ED25519]
        seconds = seconds_of(moment)
        if not (digests or signatures) or seconds is None or not message_id.isascii() or "." in message_id:
            return MALFORMED
        if is_stale(seconds, delivery):
            return STALE
        signed = _signed(message_id, moment, delivery.body)
        proven = any_matches(signed, keys, digests) or _any_verifies(signed, public, signatures)
        return None if proven else WRONG

    def sign(secret: bytes, sent: Outgoing) -> Mapping[str, str]:
        moment = str(sent.sent_at // 1_000_000)
        message = _signed(sent.message_id, moment, sent.body)
        if private := _key(secret, _PRIVATE):
            proof = "v1a," + encoded(Ed25519PrivateKey.from_private_bytes(private[:_KEY_BYTES]).sign(message), "base64")
        else:
            proof = "v1," + encoded(hmac.digest(_shared_keys([secret])[0], message, "sha256"), "base64")
        return {id_header: sent.message_id, time_header: moment, signature_header: proof}

    says = f"Standard Webhooks (`{signature_header}: v1,...` or `v1a,...`)"
    return Scheme(says=says, header=signature_header, verify=verify, sign=sign)


def _signed(message_id: str, moment: str, body: bytes) -> bytes:
    return f"{message_id}.{moment}.".encode("ascii") + body


def _shared_keys(secrets: Sequence[bytes]) -> list[bytes]:
    """Return the keys of the shared secrets; what cannot be read, or is a key of the other kind, is none."""
    plain = [secret for secret in secrets if secret and not secret.startswith((_SHARED, PUBLIC_KEY, _PRIVATE))]
    return [*plain, *(key for secret in secrets if (key := _key(secret, _SHARED)))]


def _public_keys(secrets: Sequence[bytes]) -> list[Ed25519PublicKey]:
    found = [key for secret in secrets if len(key := _key(secret, PUBLIC_KEY)) == _KEY_BYTES]
    return [Ed25519PublicKey.from_public_bytes(key) for key in found]


def _key(secret: bytes, prefix: bytes) -> bytes:
    """Return the key behind a prefix; b"" for another kind of secret and for one that cannot be read."""
    if not secret.startswith(prefix):
        return b""
    try:
        return binascii.a2b_base64(_padded(secret[len(prefix) :]), strict_mode=True)
    except binascii.Error:
        return b""


def _padded(text: bytes) -> bytes:
    """Return base64 with the padding that some write and some leave out."""
    return text + b"=" * (-len(text) % 4)


def _ed25519(text: str) -> bytes | None:
    """Return the signature that a `v1a,<base64>` holds; None where it is none."""
    if not (text.isascii() and text.startswith("v1a,")):
        return None
    try:
        signature = binascii.a2b_base64(text[4:].encode("ascii"), strict_mode=True)
    except binascii.Error:
        return None
    return signature if len(signature) == _SIGNATURE_BYTES else None


def _any_verifies(message: bytes, keys: Sequence[Ed25519PublicKey], signatures: Sequence[bytes]) -> bool:
    for key in keys:
        for signature in signatures:
            try:
                key.verify(signature, message)
            except InvalidSignature:
                continue
            return True
    return False
