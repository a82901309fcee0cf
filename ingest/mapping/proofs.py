"""The schemes that a mapping names, as values that verify and sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ingest.signatures import (
    Scheme,
    any_of,
    basic_auth,
    bearer_token,
    buildkite_signature,
    hmac_sha1_of_body_and_url,
    hmac_sha256,
    slack,
    standard_webhooks,
    token_header,
)
from schemas.mapping import Proof

NAMED: Final[Mapping[str, Callable[[Proof], Scheme]]] = {
    "basic_auth": lambda _proof: basic_auth(),
    "bearer_token": lambda _proof: bearer_token(),
    "buildkite_signature": lambda _proof: buildkite_signature(),
    "hmac_sha1_of_body_and_url": lambda proof: hmac_sha1_of_body_and_url(proof.header),
    "hmac_sha256": lambda proof: hmac_sha256(
        proof.header, proof.prefix, several=proof.several, encoding="base64" if proof.encoding == "base64" else "hex"
    ),
    "slack": lambda _proof: slack(),
    "standard_webhooks": lambda _proof: standard_webhooks(),
    "token_header": lambda proof: token_header(proof.header),
}
"""The name of a scheme in the file -> what makes it."""


def scheme_of(proofs: tuple[Proof, ...]) -> Scheme:
    """Return the scheme that is proven when any of the proofs is. Raises ValueError without any."""
    schemes = [NAMED[proof.scheme](proof) for proof in proofs]
    return schemes[0] if len(schemes) == 1 else any_of(*schemes)
