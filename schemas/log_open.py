"""Opens the log a process was told to use."""

from __future__ import annotations

from pathlib import Path

from schemas.log import Log
from schemas.log_local import LocalLog


def open_log(kafka: str | None, data: Path) -> Log:
    """Return Kafka's log for a bootstrap address, else the local log in `data/log`. Raises LogUnavailable."""
    if kafka:
        from schemas.log_kafka import KafkaLog

        return KafkaLog(kafka)
    return LocalLog(data / "log")
