"""How a delivery proves that it was sent by someone who holds the secret; every scheme fails closed.

A scheme is a value: called, it verifies (None when proven, else a constant reason that tells nothing of the secret);
`sign` makes the headers a sender adds. Comparisons take constant time; a missing, malformed, truncated or non-ASCII
proof is refused before any comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.signatures.digests import (
    buildkite_signature,
    hmac_sha1_of_body_and_url,
    hmac_sha256,
    sent_within,
    slack,
    timed_hmac,
)
from ingest.signatures.scheme import (
    MALFORMED,
    MISSING,
    NO_SECRET,
    STALE,
    TOKEN_MALFORMED,
    TOKEN_MISSING,
    TOKEN_WRONG,
    TOLERANCE_SECONDS,
    WRONG,
    Outgoing,
    Received,
    Scheme,
    Sign,
    Verify,
)
from ingest.signatures.standard_webhooks import standard_webhooks
from ingest.signatures.tokens import basic_auth, bearer_token, token_header

__all__ = [
    "MALFORMED", "MISSING", "NO_SECRET", "STALE", "TOKEN_MALFORMED", "TOKEN_MISSING", "TOKEN_WRONG",
    "TOLERANCE_SECONDS", "WRONG", "Outgoing", "Received", "Scheme", "Sign", "Verify", "any_of", "basic_auth",
    "bearer_token", "buildkite_signature", "github", "hmac_sha1_of_body_and_url", "hmac_sha256", "pagerduty",
    "sent_within", "slack", "standard_webhooks", "timed_hmac", "token_header", "x_hub_signature",
]  # fmt: skip


def github() -> Scheme:
    """Return GitHub's scheme: `X-Hub-Signature-256: sha256=<hex>`; the older SHA-1 header is not looked at."""
    return hmac_sha256("x-hub-signature-256", "sha256=")


def x_hub_signature() -> Scheme:
    """Return the scheme of Jira and Bitbucket: `X-Hub-Signature: sha256=<hex>`; `sha1=` is malformed."""
    return hmac_sha256("x-hub-signature", "sha256=")


def pagerduty() -> Scheme:
    """Return PagerDuty's scheme: `X-PagerDuty-Signature: v1=<hex>[,v1=<hex>...]`, several while a secret rotates."""
    return hmac_sha256("x-pagerduty-signature", "v1=", several=True)


def any_of(*schemes: Scheme) -> Scheme:
    """Return the scheme that is proven when any of `schemes` is; else the reason that says most. The first one signs.

    That is `WRONG` (another form of the body may still be proven), else the last one that is not "missing". Raises
    ValueError without schemes.
    """
    if not schemes:
        raise ValueError("any_of needs a scheme: without one nothing could ever be proven")

    def verify(delivery: Received, secrets: Sequence[bytes]) -> str | None:
        reason = MISSING
        for scheme in schemes:
            found = scheme.verify(delivery, secrets)
            if found is None:
                return None
            if found not in {MISSING, TOKEN_MISSING} and reason != WRONG:
                reason = found
        return reason

    def sign(secret: bytes, sent: Outgoing) -> Mapping[str, str]:
        return schemes[0].sign(secret, sent)

    return Scheme(
        says=", or ".join(scheme.says for scheme in schemes),
        header=schemes[0].header,
        verify=verify,
        sign=sign,
        either=tuple(part for scheme in schemes for part in scheme.either or (scheme,)),
    )
