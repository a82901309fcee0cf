"""A processor worker with the counting engine, for a process of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from processors.app import derivation_of, serve
from processors.settings import Settings
from schemas.log import Log
from schemas.log_kafka import KafkaLog
from schemas.log_local import LocalLog
from tests.builders.counting import counting
from tests.builders.failing_log import ACTS, QUICK_SESSION_SECONDS, FailingLog

FENCE_SECONDS: Final = 4.5


def quick(bootstrap: str) -> KafkaLog:
    """Return a log whose group notices soon who is gone."""
    return KafkaLog(bootstrap, delivery_seconds=4.0, session_seconds=QUICK_SESSION_SECONDS)


def run(said: str, settings: Mapping[str, str], point: str, at: int, act: str) -> None:
    """Run until told to stop, with these `VSM_*` settings, logging to the file `said`.

    With `VSM_CONFIG` it has the real engine, else the counting one, whose packing `COUNTING_PACKING` names. At the
    `at`-th time it reaches `point` (empty: never) it does what `act` names. With `PATIENT` the group misses who is gone
    no sooner than it does on a cluster.
    """
    file = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.update(settings)
    told = Settings()
    on_kafka = KafkaLog if os.environ.get("PATIENT") else quick
    log: Log = on_kafka(told.kafka) if told.kafka else LocalLog(told.data / "log")
    if point:
        log = FailingLog(log, point, at, ACTS[act])
    try:
        derivation = counting(told.generation, os.environ.get("COUNTING_PACKING", "sets"))
        serve(told, log, derivation_of(told) if told.config else derivation)
    finally:
        log.close()
