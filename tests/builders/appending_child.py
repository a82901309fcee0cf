"""A process that appends unique values to a local log and prints each one that was acknowledged, until it is killed.

Run as `python -m tests.builders.appending_child DIRECTORY MARK`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.log import Outgoing
from schemas.log_local import LocalLog
from schemas.topics import FLOW_EVENTS


def main(directory: Path, mark: str) -> None:
    """Append for ever, several appends in flight."""
    log = LocalLog(directory)
    number = 0
    while True:
        values = [f"{mark}-{n}" for n in range(number, number + 5)]
        number += 5
        log.append_and_wait([Outgoing(FLOW_EVENTS.name, n % 2, b"key", v.encode()) for n, v in enumerate(values)])
        sys.stdout.write("".join(f"{value}\n" for value in values))
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
