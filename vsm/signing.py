"""How each tool proves its deliveries: the headers a sender adds for a body and a secret."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

Sign = Callable[[bytes, bytes], Mapping[str, str]]
"""(secret, body) -> headers."""


def _hmac(header: str, prefix: str) -> Sign:
    return lambda secret, body: {header: prefix + hmac.new(secret, body, "sha256").hexdigest()}


def _bearer(secret: bytes, _body: bytes) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {secret.decode()}"}


SIGN: Final[Mapping[str, Sign]] = MappingProxyType(
    {
        "github": _hmac("X-Hub-Signature-256", "sha256="),
        "jira": _hmac("X-Hub-Signature", "sha256="),
        "pagerduty": _hmac("X-PagerDuty-Signature", "v1="),
        "argocd": _bearer,
        "cdevents": _bearer,
        "cloudevents": _bearer,
    }
)
"""Tool -> how it signs; a tool that is not here is sent unsigned."""


def signed(tool: str, secret: bytes | None, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the headers with the tool's proof in place of an old one; unchanged without a secret."""
    if secret is None or tool not in SIGN:
        return dict(headers)
    proof = SIGN[tool](secret, body)
    replaced = {name.lower() for name in proof}
    return {**{k: v for k, v in headers.items() if k.lower() not in replaced}, **proof}
