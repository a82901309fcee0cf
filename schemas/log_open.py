"""Opens the log a process was told to use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from schemas.log import Log
from schemas.log_local import LocalLog


def open_log(
    kafka: str | None,
    data: Path,
    *,
    delivery_seconds: float = 25.0,
    settings: Mapping[str, object] | None = None,
) -> Log:
    """Return Kafka's log for a bootstrap address, else the local log in `data/log`. Raises LogUnavailable.

    `delivery_seconds`: an append that Kafka has not acknowledged after so long has failed; a process whose callers wait
    for the outcome wants it shorter. `settings`: more of librdkafka's own (TLS, SASL), for Kafka alone.
    """
    if kafka:
        from schemas.log_kafka import KafkaLog

        return KafkaLog(kafka, delivery_seconds=delivery_seconds, settings=settings)
    return LocalLog(data / "log")
