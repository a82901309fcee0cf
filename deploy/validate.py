"""Validates the deployment files with the real tools: hadolint, docker compose, and our own reader of value streams."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from schemas.definition_file import load

DEPLOY: Final = Path(__file__).parent
TOOLS: Final = Path(sys.executable).parent
REQUIRED: Final = ("CLICKHOUSE_PASSWORD", "GRAFANA_PASSWORD", "VSM_IDENTITY_KEY")


def main() -> int:
    """Run every check; return 1 when one of them complains."""
    environment = {**os.environ, **dict.fromkeys(REQUIRED, "check")}
    commands: tuple[list[str | Path], ...] = (
        [TOOLS / "hadolint", DEPLOY / "Dockerfile"],
        [TOOLS / "docker-compose", "--file", DEPLOY / "compose.yaml", "config", "--quiet"],
    )
    failed = False
    for command in commands:
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own files, installed tools
        failed = failed or done.returncode != 0
    load(DEPLOY / "value-streams.yaml")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
