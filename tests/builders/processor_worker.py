"""A processor worker with the counting engine, for a process of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping

from processors.app import serve
from processors.settings import Settings
from schemas.log import Log
from schemas.log_open import open_log
from tests.builders.counting import counting_core
from tests.builders.failing_log import ACTS, FailingLog


def run(said: str, settings: Mapping[str, str], point: str, at: int, act: str) -> None:
    """Run until told to stop, with these `VSM_*` settings, logging to the file `said`.

    At the `at`-th time it reaches `point` (empty: never) it does what `act` names.
    """
    file = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.update(settings)
    told = Settings()
    log: Log = open_log(told.kafka or None, told.data)
    if point:
        log = FailingLog(log, point, at, ACTS[act])
    try:
        serve(told, log, lambda: counting_core(told.generation))
    finally:
        log.close()
