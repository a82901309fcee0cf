"""What Faust and its server say goes through structlog, warnings and worse; their chatter is kept out."""

from __future__ import annotations

import logging
from typing import Final

import structlog

_LIBRARIES: Final = ("faust", "mode", "aiohttp", "asyncio")


class _Forward(logging.Handler):
    """Hands a library's record to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        said = structlog.get_logger(record.name)
        error = record.exc_info[1] if record.exc_info else None
        said.log(
            record.levelno,
            "a library spoke",
            library=record.name,
            message=record.getMessage(),
            error=None if error is None else f"{type(error).__name__}: {error}",
        )


def to_structlog() -> None:
    """Route the libraries' loggers of this process. Safe to repeat."""
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [_Forward()]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
