"""The four processes of the pipeline by name. A process loads its own room and nothing else: it starts at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import structlog
from pydantic import ValidationError

from vsm.logs import log_as_json

_logger = structlog.get_logger(__name__)

WRONG_USE: Final = 2
"""Exit status for settings that cannot be used: starting again does not help."""


class NoDefinition(ValueError):  # noqa: N818 - shown to the user as it is
    """The value-stream file cannot be read; says how to name another."""


def _ingest() -> None:
    from ingest.app import main
    from ingest.settings import Settings

    settings = Settings()
    log_as_json(settings.log_level)
    _require(settings.config)
    main(settings)


def _process() -> None:
    from processors.app import main
    from processors.settings import Settings

    settings = Settings()
    log_as_json(settings.log_level)
    _require(settings.config or settings.data / "value-streams.yaml")
    main(settings)


def _sink() -> None:
    from sinks.run import main
    from sinks.settings import Settings

    settings = Settings()
    log_as_json(settings.log_level)
    main(settings)


def _board() -> None:
    from vsm.board.server import main
    from vsm.board.settings import Settings

    settings = Settings()
    log_as_json(settings.log_level)
    main(settings)


def _require(config: Path) -> None:
    try:
        config.open("rb").close()
    except OSError as missing:
        raise NoDefinition(f"{config}: {missing.strerror}: set VSM_CONFIG to the value-stream file") from missing


PROCESSES: Final[Mapping[str, Callable[[], None]]] = MappingProxyType(
    {"ingest": _ingest, "process": _process, "sink": _sink, "board": _board}
)


def run(name: str) -> None:
    """Run a process until it is asked to end.

    Exits with 2 for settings or a value-stream file it cannot use, with 1 and the logged reason when it fails.
    """
    from schemas.definition_file import BadDefinition
    from schemas.identity_key import BadIdentityKey
    from schemas.kafka_settings import BadKafkaSettings

    try:
        PROCESSES[name]()
    except ValidationError as bad:
        for error in bad.errors():
            print(f"VSM_{'_'.join(str(p) for p in error['loc']).upper()}: {error['msg']}", file=sys.stderr)
        sys.exit(WRONG_USE)
    except (BadDefinition, BadIdentityKey, BadKafkaSettings, NoDefinition) as bad:
        print(bad, file=sys.stderr)
        sys.exit(WRONG_USE)
    except Exception:
        _logger.exception("process failed", process=name)
        sys.exit(1)
