"""The running ingester asked by its description: whatever fits it and whatever does not is answered as it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from ingest.server.openapi import document
from tests.builders.ingester import SECRET, TOKEN, Ingester

DESCRIBED: Final = schemathesis.openapi.from_dict(json.loads(document()))
Operation = APIOperation[Any, Any, Any, Any]
OPERATIONS: Final[Mapping[str, Operation]] = {
    found.ok().label: found.ok() for found in DESCRIBED.get_all_operations() if isinstance(found, Ok)
}
PATHS: Final = {
    "/webhooks/{tool}/{source}": {"tool": "github", "source": "open"},
    "/events/{source}": {"source": "other"},
    "/imports/{stream}": {"stream": "checkout"},
}
"""Names that are configured: of the others one in a million is tried by chance, and is 404."""

PROVEN_ELSEWHERE: Final = [schemathesis.checks.ignored_auth]
"""It knows no proof that is given beside the case; `test_nobody_comes_in_without_a_proof` asks that."""

BEYOND_A_SCHEMA: Final = [*PROVEN_ELSEWHERE, schemathesis.checks.positive_data_acceptance]
"""Not asked of imports and links: that a text is a time, or a stream one of ours, is nothing that a schema says."""

bounded = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_what_fits_is_answered_as_described(ingester: Ingester, operation: Operation, known: bool) -> None:  # noqa: FBT001 - a case
    """Every check of schemathesis holds for what the description lets a sender send."""
    holds(ingester, operation, GenerationMode.POSITIVE, known=known)


@pytest.mark.parametrize("name", ["POST /imports/{stream}", "POST /links"])
def test_what_does_not_fit_is_refused_as_described(ingester: Ingester, name: str) -> None:
    """And for what it does not: the bodies of webhooks and events may be any JSON, so that all of them fit."""
    holds(ingester, OPERATIONS[name], GenerationMode.NEGATIVE, known=True)


@pytest.mark.parametrize("proof", [{}, {"authorization": "Bearer wrong"}], ids=["none", "wrong"])
@pytest.mark.parametrize("path", ["/webhooks/github/acme", "/events", "/imports/checkout", "/links"])
def test_nobody_comes_in_without_a_proof(client: httpx.Client, path: str, proof: dict[str, str]) -> None:
    """Every operation that takes something asks who sends it."""
    answer = client.post(path, content=b"{}", headers={"content-type": "application/json", **proof})

    assert answer.status_code == 401


def holds(ingester: Ingester, operation: Operation, mode: GenerationMode, *, known: bool) -> None:
    """Ask an operation many times, and check each answer."""

    @bounded
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case[Any]) -> None:
        if known:
            case.path_parameters = PATHS.get(operation.path, case.path_parameters)
        facts = operation.path.startswith(("/imports", "/links"))
        proof = {"authorization": f"Bearer {TOKEN if facts else SECRET}"}
        without = BEYOND_A_SCHEMA if facts else PROVEN_ELSEWHERE
        case.call_and_validate(base_url=ingester.url, headers=proof, excluded_checks=without)

    asked()
