"""A processor worker in a process of its own, with the counting engine: `python -m tests.builders.processor_worker`.

Its settings come from `VSM_*`; `--point` and `--at` say where it kills itself.
"""

from __future__ import annotations

import argparse

from processors.app import serve
from processors.settings import Settings
from schemas.log import Log
from schemas.log_open import open_log
from tests.builders.counting import counting_core
from tests.builders.failing_log import POINTS, FailingLog


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--point", choices=POINTS)
    parser.add_argument("--at", type=int, default=1)
    arguments = parser.parse_args()
    settings = Settings()
    log: Log = open_log(settings.kafka or None, settings.data)
    if arguments.point:
        log = FailingLog(log, arguments.point, arguments.at)
    try:
        serve(settings, log, lambda: counting_core(settings.generation))
    finally:
        log.close()


if __name__ == "__main__":
    main()
