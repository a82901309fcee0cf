"""Bodies that are made to cost, of one who has the secret: each has its answer, and the process does not grow."""

from __future__ import annotations

import httpx
import pytest

from tests.builders.hostile_bodies import GITHUB, HOSTILE, Hostile
from tests.builders.ingester import Ingester, push_body, signed
from tests.builders.process_memory import peak_growth


@pytest.mark.parametrize("row", HOSTILE.values(), ids=HOSTILE)
def test_has_its_answer_and_costs_no_memory(client: httpx.Client, ingester: Ingester, row: Hostile) -> None:
    """The answer is of the table, and the peak stays below the row's."""
    body = row.body()
    with peak_growth(ingester.pid) as grown:
        answer = client.post(row.path, content=body, headers=dict(row.headers(body)))
        megabytes = grown()

    fits = megabytes <= row.most_megabytes
    assert (answer.status_code in row.statuses, answer.json()["outcome"] in row.outcomes, fits) == (True, True, True), (
        answer.text[:200],
        megabytes,
    )


def page_of(client: httpx.Client) -> set[str]:
    """The series of the metrics page, without their values."""
    lines = client.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0] for line in lines if line and not line.startswith("#")}


def test_what_strangers_make_up_becomes_no_label(client: httpx.Client) -> None:
    """Two thousand tools, sources, streams, events and repositories leave as many series as one did."""

    def tell(number: int) -> None:
        body = push_body(repository=f"stranger-{number}/app-{number}", seed=f"label-{number}")
        client.post(f"/webhooks/tool-{number}/x", content=b"{}")
        client.post(f"/webhooks/github/source-{number}", content=b"{}")
        client.post(f"/events/source-{number}", content=b"{}")
        client.post(f"/imports/stream-{number}", content=b"{}")
        client.post(GITHUB, content=b"{}", headers=signed(b"{}", event=f"event-{number}"))
        client.post(GITHUB, content=body, headers=signed(body, delivery=f"d-{number}"))

    tell(0)
    before = page_of(client)
    for number in range(1, 350):
        tell(number)

    assert page_of(client) == before


def test_memory_stays_flat_under_a_flood(client: httpx.Client, ingester: Ingester) -> None:
    """Thousands of refused requests and proven ones leave the process as large as it was."""
    pushes = [push_body(3, seed=f"flood-{number}") for number in range(50)]

    def flood(rounds: int) -> None:
        for number in range(rounds):
            body = pushes[number % len(pushes)]
            client.post(GITHUB, content=body, headers=signed(body))
            client.post(GITHUB, content=b"x" * 60_000, headers=signed(b"{}"))
            client.post("/nowhere", content=b"x" * 60_000)

    flood(100)
    with peak_growth(ingester.pid) as grown:
        flood(700)
        megabytes = grown()

    assert megabytes <= 20
