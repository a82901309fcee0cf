"""Configured sources: what they ask of a sender, and what they do not pass over."""

from __future__ import annotations

import pytest

from ingest.adapters import ADAPTERS
from ingest.connections import connect
from ingest.receive import refused
from ingest.secrets import resolve
from schemas.definition import Definition, Source
from tests.builders.deliveries import SECRET, delivery, golden


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ((f"value:{SECRET.decode()}",), "signature is missing"),
        (("env:NOBODY_SETS_THIS",), "no secret is configured"),
        ((), None),
    ],
    ids=["secret", "unreadable secret", "no secret"],
)
def test_a_secret_is_asked_for_although_the_source_says_insecure(secrets: tuple[str, ...], reason: str | None) -> None:
    """Of a source with a secret an unsigned delivery is refused, even if the secret cannot be read."""
    source = Source(tool="github", name="acme", secrets=secrets, insecure=True)
    connections = connect(Definition(version="", sources=(source,)), ADAPTERS, bytes(32), resolve)
    unsigned = delivery(golden("github/ping__ping"), proof={"content-type": "application/json"})

    found = refused(unsigned, connections["github", "acme"])

    assert (found and found.reason) == reason
