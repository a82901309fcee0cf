"""The log on a real Apache Kafka keeps the contract of a log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.log_kafka import KafkaLog
from tests.schemas.cut_contract import CutContract
from tests.schemas.log_contract import LogContract, group, token

__all__ = ["group", "token"]

pytestmark = pytest.mark.real


@pytest.fixture
def log(kafka: str) -> Iterator[KafkaLog]:
    """A log on the session's broker."""
    log = KafkaLog(kafka, delivery_seconds=10.0, session_seconds=12.0)
    yield log
    log.close()


class TestKafkaLog(CutContract, LogContract):
    pass
