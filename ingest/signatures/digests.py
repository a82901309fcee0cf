"""Schemes that sign the body (and what else they say) with HMAC."""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from ingest.signatures.scheme import (
    MALFORMED,
    MISSING,
    MOST_SIGNATURES,
    NO_SECRET,
    STALE,
    WRONG,
    Outgoing,
    Received,
    Scheme,
    is_stale,
    live,
    seconds_of,
)

Encoding = Literal["hex", "base64"]
Algorithm = Literal["sha256", "sha1"]

_DIGEST_BYTES: Final[Mapping[Algorithm, int]] = {"sha256": 32, "sha1": 20}


def hmac_sha256(header: str, prefix: str = "", *, several: bool = False, encoding: Encoding = "hex") -> Scheme:
    """Return the scheme: HMAC-SHA256 of the raw body in `header` behind `prefix`.

    `several`: the header may hold a comma-separated list, one good entry is enough (at most 16 are looked at; entries
    with another prefix are passed over). Without it a repeated header is malformed.
    """

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        keys = live(secrets)
        if not keys:
            return NO_SECRET
        given = delivery.headers.get(header, "")
        if not given:
            return MISSING
        texts = [part.strip() for part in given.split(",", MOST_SIGNATURES)[:MOST_SIGNATURES]] if several else [given]
        digests = [found for text in texts if (found := digest_of(text, prefix, encoding)) is not None]
        if not digests:
            return MALFORMED
        return None if any_matches(delivery.body, keys, digests) else WRONG

    def sign(secret: bytes, sent: Outgoing) -> Mapping[str, str]:
        return {header: prefix + encoded(hmac.digest(secret, sent.body, "sha256"), encoding)}

    many = ", several apart by commas" if several else ""
    return Scheme(
        says=f"`{header}: {prefix}<{encoding} HMAC-SHA256 of the body>`{many}", header=header, verify=verify, sign=sign
    )


def hmac_sha1_of_body_and_url(header: str) -> Scheme:
    """Return Trello's scheme: base64 of the HMAC-SHA1 of the body followed by the address it was registered with.

    The address is the one the sender addressed; behind a proxy it is the source's `public_url` that tells it.
    """

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        keys = live(secrets)
        if not keys:
            return NO_SECRET
        given = delivery.headers.get(header, "")
        if not given:
            return MISSING
        digest = digest_of(given, "", "base64", "sha1")
        if digest is None:
            return MALFORMED
        signed = delivery.body + delivery.url.encode("utf-8", "surrogatepass")
        return None if any_matches(signed, keys, [digest], "sha1") else WRONG

    def sign(secret: bytes, sent: Outgoing) -> Mapping[str, str]:
        return {header: encoded(hmac.digest(secret, sent.body + sent.url.encode(), "sha1"), "base64")}

    says = f"`{header}: <base64 HMAC-SHA1 of body and address>`"
    return Scheme(says=says, header=header, verify=verify, sign=sign)


def sent_within(scheme: Scheme, field: str) -> Scheme:
    """Return the scheme with a replay window on a time in the body, which its signature covers.

    `field` is the member of the body, an object, that holds the milliseconds since the epoch; without it the proof is
    malformed.
    """
    decode = msgspec.json.Decoder(msgspec.defstruct("Sent", [(field, int)], frozen=True)).decode
    written = re.compile(rb'("%s"\s{0,9}:\s{0,9})[0-9]{1,19}' % field.encode())

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        reason = scheme.verify(delivery, secrets)
        if reason is not None:
            return reason
        try:
            milliseconds: int = getattr(decode(delivery.body), field)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return MALFORMED
        return STALE if is_stale(milliseconds // 1_000, delivery) else None

    def renewed(body: bytes, sent_at: int) -> bytes:
        return written.sub(rb"\g<1>%d" % (sent_at // 1_000), body)

    says = f"{scheme.says}; `{field}` in it at most five minutes off"
    return Scheme(says=says, header=scheme.header, verify=verify, sign=scheme.sign, renewed=renewed)


def timed_hmac(
    signature_header: str, time_header: str, *, prefix: str, signed: Callable[[str, bytes], bytes], says: str
) -> Scheme:
    """Return the scheme: HMAC-SHA256, hex, behind `prefix`, of what `signed` makes of the time's text and the body."""

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        given = delivery.headers.get(signature_header, "")
        return timed(delivery, secrets, delivery.headers.get(time_header, ""), [given] if given else [], prefix, signed)

    def sign(secret: bytes, sent: Outgoing) -> Mapping[str, str]:
        moment = str(sent.sent_at // 1_000_000)
        return {
            time_header: moment,
            signature_header: prefix + hmac.digest(secret, signed(moment, sent.body), "sha256").hex(),
        }

    return Scheme(says=says, header=signature_header, verify=verify, sign=sign)


def slack() -> Scheme:
    """Return Slack's scheme: `X-Slack-Signature: v0=<hex>` of `v0:timestamp:body`, the time in its own header."""
    return timed_hmac(
        "x-slack-signature",
        "x-slack-request-timestamp",
        prefix="v0=",
        signed=lambda moment, body: f"v0:{moment}:".encode() + body,
        says="`x-slack-signature: v0=<hex HMAC-SHA256 of v0:timestamp:body>`",
    )


def buildkite_signature() -> Scheme:
    """Return Buildkite's scheme: `X-Buildkite-Signature: timestamp=<seconds>,signature=<hex>` of `timestamp.body`."""
    header = "x-buildkite-signature"

    def signed(moment: str, body: bytes) -> bytes:
        return f"{moment}.".encode() + body

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        parts = [part.strip().partition("=") for part in delivery.headers.get(header, "").split(",", MOST_SIGNATURES)]
        moment = next((value for name, _, value in parts if name == "timestamp"), "")
        return timed(delivery, secrets, moment, [value for name, _, value in parts if name == "signature"], "", signed)

    def sign(secret: bytes, sent: Outgoing) -> Mapping[str, str]:
        moment = str(sent.sent_at // 1_000_000)
        return {
            header: f"timestamp={moment},signature={hmac.digest(secret, signed(moment, sent.body), 'sha256').hex()}"
        }

    says = f"`{header}: timestamp=<seconds>,signature=<hex HMAC-SHA256 of timestamp.body>`"
    return Scheme(says=says, header=header, verify=verify, sign=sign)


def timed(
    delivery: Received,
    secrets: Sequence[bytes],
    moment: str,
    texts: Sequence[str],
    prefix: str,
    signed: Callable[[str, bytes], bytes],
) -> str | None:
    """Judge hex signatures of what `signed` makes of a time's text and the body."""
    keys = live(secrets)
    if not keys:
        return NO_SECRET
    if not (moment and texts):
        return MISSING
    seconds = seconds_of(moment)
    digests = [found for text in texts if (found := digest_of(text, prefix, "hex")) is not None]
    if seconds is None or not digests:
        return MALFORMED
    if is_stale(seconds, delivery):
        return STALE
    return None if any_matches(signed(moment, delivery.body), keys, digests) else WRONG


def any_matches(
    message: bytes, keys: Sequence[bytes], digests: Sequence[bytes], algorithm: Algorithm = "sha256"
) -> bool:
    """Tell whether any key signs `message` with any of the digests; in constant time for each."""
    for key in keys:
        expected = hmac.digest(key, message, algorithm)
        for digest in digests:
            if hmac.compare_digest(expected, digest):
                return True
    return False


def digest_of(text: str, prefix: str, encoding: Encoding, algorithm: Algorithm = "sha256") -> bytes | None:
    """Return the digest that a text holds behind the prefix; None where it is not well formed."""
    if not (text.isascii() and text.startswith(prefix)):
        return None
    try:
        given = text[len(prefix) :].encode("ascii")
        digest = binascii.unhexlify(given) if encoding == "hex" else binascii.a2b_base64(given, strict_mode=True)
    except binascii.Error:
        return None
    return digest if len(digest) == _DIGEST_BYTES[algorithm] else None


def encoded(digest: bytes, encoding: Encoding) -> str:
    """Return a digest as text."""
    return digest.hex() if encoding == "hex" else binascii.b2a_base64(digest, newline=False).decode()
