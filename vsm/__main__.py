"""Entry point of the `vsm` console script."""

from __future__ import annotations

import logging
import sys

from vsm.logs import log_as_json
from vsm.one_machine.orphan import die_with_supervisor
from vsm.one_machine.processes import PROCESSES, run


def main() -> None:
    """Run the command line; the pipeline's own processes without loading the rest of it."""
    die_with_supervisor()
    log_as_json()
    if len(sys.argv) == 2 and sys.argv[1] in PROCESSES:  # noqa: PLR2004 - the name alone
        run(sys.argv[1])
        return
    logging.disable()  # a command says itself what went wrong; libraries say it twice
    try:
        from vsm.cli import app

        app()
    except KeyboardInterrupt:  # while it was being loaded
        sys.exit(1)


if __name__ == "__main__":
    main()
