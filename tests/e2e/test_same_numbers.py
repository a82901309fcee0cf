"""Order, duplicates and crashes never change a number, from the webhook to the table and the gauge."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping

import pytest

from lab.sending import SentDelivery
from lab.simulate import deliveries
from tests.builders.one_machine import (
    END_MICROS,
    gauges,
    kill_everything,
    organisation,
    settle,
    tables,
)
from vsm.organisation import send

Tables = Mapping[str, list[tuple[object, ...]]]

SEED = 11
ITEMS = 60


@pytest.fixture(scope="module")
def hooks() -> list[SentDelivery]:
    """Return a small organisation's deliveries in the order of their arrival."""
    return list(deliveries(SEED, ITEMS, END_MICROS))


@pytest.fixture(scope="module")
def in_order(hooks: list[SentDelivery], tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, list[str]]:
    """Return tables and gauges after the deliveries in their order."""
    root = tmp_path_factory.mktemp("in-order")
    with organisation(root) as stack:
        send(stack, hooks)
        settle(stack)
        return tables(root), gauges(stack)


@pytest.fixture(scope="module")
def shuffled(hooks: list[SentDelivery], tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, list[str]]:
    """Return tables and gauges after every delivery three times, shuffled, everything killed -9 in the middle."""
    root = tmp_path_factory.mktemp("shuffled")
    thrice = hooks * 3
    random.Random(SEED).shuffle(thrice)
    half = len(thrice) // 2
    with organisation(root) as stack:
        send(stack, thrice[:half])
        killing = threading.Timer(0.3, kill_everything, [stack])
        killing.start()
        send(stack, thrice[half:])
        killing.join()
        settle(stack)
        return tables(root), gauges(stack)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("table", ["step_visits", "work_items", "changes", "deployments", "incidents"])
def test_tables_are_the_same(
    in_order: tuple[Tables, list[str]], shuffled: tuple[Tables, list[str]], table: str
) -> None:
    """Every row, `revision` and `known_at` left out."""
    assert (len(in_order[0][table]) > 0, shuffled[0][table]) == (True, in_order[0][table])


@pytest.mark.timeout(300)
def test_gauges_are_the_same(in_order: tuple[Tables, list[str]], shuffled: tuple[Tables, list[str]]) -> None:
    """Every series and value, under one pinned clock."""
    assert (len(in_order[1]) > 0, shuffled[1]) == (True, in_order[1])
