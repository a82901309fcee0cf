"""How every process of ours logs: a JSON object a line on stderr, tracebacks without variables, no passwords of URLs.

Whoever starts a process sets this up, before anything else runs in it; the rooms only say what happened.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

_PASSWORD: Final = re.compile(r"(?<=://)([^\s/:@]*):[^\s/]*@")
_STEPS: Final[tuple[structlog.typing.Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def log_as_json(level: str = "info") -> None:
    """Set up this process's logs, those of libraries from `warning` on; an unknown level is `info`. May be repeated."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[*_STEPS, _without_passwords, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_STEPS, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_passwords,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def redacted(text: str) -> str:
    """Return a text with every password in a URL (`scheme://user:password@host`) as `***`."""
    return _PASSWORD.sub(r"\1:***@", text)


def _without_passwords(_logger: object, _method: str, said: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: redacted(value) if isinstance(value, str) else value for name, value in said.items()}
