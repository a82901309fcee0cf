"""The headers that a sender adds to prove a delivery: each tool's own scheme, signing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingest.adapters import ADAPTERS
from ingest.mapping.compile import adapters_of
from ingest.signatures import Outgoing, Scheme
from schemas.definition import Definition

SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        **{adapter.tool: adapter.verify for adapter in ADAPTERS},
        "cloudevents": next(adapter.verify for adapter in ADAPTERS if adapter.tool == "cdevents"),
    }
)
"""Tool -> how it proves its deliveries; a tool that is not here is sent unsigned."""


def schemes_of(definition: Definition) -> Mapping[str, Scheme]:
    """Return how each tool proves its deliveries, those that the definition maps among them."""
    return {**{adapter.tool: adapter.verify for adapter in adapters_of(definition)}, **SCHEMES}


def renewed(tool: str, body: bytes, sent_at: int, schemes: Mapping[str, Scheme] = SCHEMES) -> bytes:
    """Return a recorded body as its tool would send it now (microseconds): a few write the time of sending into it."""
    return schemes[tool].renewed(body, sent_at) if tool in schemes else body


def signed(
    tool: str,
    secret: bytes | None,
    headers: Mapping[str, str],
    body: bytes,
    *,
    url: str = "",
    sent_at: int = 0,
    schemes: Mapping[str, Scheme] = SCHEMES,
) -> dict[str, str]:
    """Return the headers with the tool's proof in place of an old one; unchanged without a secret.

    `url` is where the delivery goes, `sent_at` the time of sending in microseconds: some schemes sign them. `schemes`
    are those of `schemes_of` where a definition is at hand.
    """
    if secret is None or tool not in schemes:
        return dict(headers)
    message_id = hashlib.sha256(body).hexdigest()[:32]
    proof = schemes[tool].sign(secret, Outgoing(body=body, url=url, message_id=message_id, sent_at=sent_at))
    replaced = {name.lower() for name in proof}
    return {**{k: v for k, v in headers.items() if k.lower() not in replaced}, **proof}
