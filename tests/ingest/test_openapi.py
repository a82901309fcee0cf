"""The description of the interface says what the interface does."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from ingest.adapter import Adapter
from ingest.adapters import ADAPTERS
from ingest.server.openapi import document
from ingest.server.routes import EVENT_TOOLS, FIXED, find
from ingest.signatures import Outgoing, Scheme

TOLD: Final[dict[str, Any]] = json.loads(document())
OPERATIONS: Final = [(path, method, told) for path, item in TOLD["paths"].items() for method, told in item.items()]
POSTS: Final = [(path, told) for path, method, told in OPERATIONS if method == "post"]


def called(scheme: Scheme) -> str:
    """What a scheme is called in the description: its header, of `authorization` the word that begins it."""
    value = scheme.sign(b"a secret", Outgoing(body=b""))[scheme.header]
    return value.partition(" ")[0].lower() if scheme.header == "authorization" else scheme.header


def test_every_path_is_routed_by_its_method() -> None:
    """What is described is served, and every fixed path is described."""
    served = {path: find(path.replace("{", "").replace("}", "")) for path, _, _ in OPERATIONS}
    methods = {path: route.method.lower() for path, route in served.items() if route is not None}

    assert (methods, set(FIXED) <= set(methods)) == ({path: method for path, method, _ in OPERATIONS}, True)


def test_every_proof_is_declared() -> None:
    """Each way to prove oneself that an operation names is a declared scheme, and each scheme is named."""
    named = {name for _, told in POSTS for proof in told["security"] for name in proof}

    assert named == set(TOLD["components"]["securitySchemes"])


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.tool)
def test_every_tools_proofs_are_among_those_of_its_path(adapter: Adapter) -> None:
    """Each way in which a tool may prove itself is one that its path names: the header, or the word that begins it."""
    path = "/events" if adapter.tool in EVENT_TOOLS else "/webhooks/{tool}/{source}"
    named = {name for proof in TOLD["paths"][path]["post"]["security"] for name in proof}

    assert {called(part) for part in adapter.verify.either or (adapter.verify,)} <= named


@pytest.mark.parametrize("told", [told for _, told in POSTS], ids=[path for path, _ in POSTS])
def test_when_to_try_again_is_declared(told: dict[str, Any]) -> None:
    """Whoever is asked to come again is told when, and the description says so."""
    headers = {status: list(told["responses"][status]["headers"]) for status in ("202", "429", "503")}

    assert headers == {"202": [], "429": ["Retry-After"], "503": ["Retry-After"]}


def test_readiness_may_be_refused() -> None:
    """Readiness is 200 or 503."""
    assert sorted(TOLD["paths"]["/health/ready"]["get"]["responses"]) == ["200", "503"]


def test_outcomes_are_a_closed_set() -> None:
    """The outcome of an answer is one of five words."""
    assert TOLD["components"]["schemas"]["Answer"]["properties"]["outcome"]["enum"] == [
        "accepted", "dead-lettered", "ignored", "rejected", "unavailable",
    ]  # fmt: skip
