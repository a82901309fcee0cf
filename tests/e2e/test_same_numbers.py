"""Order, duplicates and crashes never change a number, from the webhook to the table and the gauge."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.sending import SentDelivery
from lab.simulate import deliveries
from tests.builders.kafka_broker import cluster
from tests.builders.one_machine import (
    END_MICROS,
    gauges,
    kill_everything,
    organisation,
    settle,
    tables,
)
from vsm.one_machine.organisation import send

Seen = tuple[Mapping[str, list[tuple[object, ...]]], list[str]]
"""Tables and gauges."""

SEED = 5
ITEMS = 60


@pytest.fixture(scope="module")
def hooks() -> list[SentDelivery]:
    """Return a small organisation's deliveries in the order of their arrival."""
    return list(deliveries(SEED, ITEMS, END_MICROS))


@pytest.fixture(scope="module")
def in_order(hooks: list[SentDelivery], tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return tables and gauges after the deliveries in their order."""
    root = tmp_path_factory.mktemp("in-order")
    with organisation(root) as stack:
        send(stack, hooks)
        settle(stack)
        return tables(root), gauges(stack)


def shuffled_with_a_kill(hooks: list[SentDelivery], root: Path, kafka: str = "") -> Seen:
    """Return tables and gauges after every delivery three times, shuffled, everything killed -9 in the middle."""
    thrice = hooks * 3
    random.Random(SEED).shuffle(thrice)
    half = len(thrice) // 2
    with organisation(root, kafka=kafka) as stack:
        send(stack, thrice[:half])
        killing = threading.Timer(0.3, kill_everything, [stack])
        killing.start()
        send(stack, thrice[half:])
        killing.join()
        settle(stack)
        return tables(root), gauges(stack)


@pytest.fixture(scope="module")
def shuffled(hooks: list[SentDelivery], tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return what the local log made of the shuffled deliveries."""
    return shuffled_with_a_kill(hooks, tmp_path_factory.mktemp("shuffled"))


@pytest.fixture(scope="module")
def shuffled_on_kafka(hooks: list[SentDelivery], tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return what Apache Kafka made of the shuffled deliveries."""
    with cluster(tmp_path_factory.mktemp("kafka"), brokers=1) as brokers:
        return shuffled_with_a_kill(hooks, tmp_path_factory.mktemp("on-kafka"), brokers.bootstrap)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("table", ["step_visits", "work_items", "changes", "deployments", "incidents"])
def test_tables_are_the_same(in_order: Seen, shuffled: Seen, table: str) -> None:
    """Every row, `revision` and `known_at` left out."""
    assert (len(in_order[0][table]) > 0, shuffled[0][table]) == (True, in_order[0][table])


@pytest.mark.timeout(300)
def test_gauges_are_the_same(in_order: Seen, shuffled: Seen) -> None:
    """Every series and value, under one pinned clock."""
    assert (len(in_order[1]) > 0, shuffled[1]) == (True, in_order[1])


@pytest.mark.real
@pytest.mark.timeout(600)
def test_everything_is_the_same_on_apache_kafka(in_order: Seen, shuffled_on_kafka: Seen) -> None:
    """Shuffled, three times each and with a kill -9 on Kafka: the tables and gauges of the local log in order."""
    assert shuffled_on_kafka == in_order
