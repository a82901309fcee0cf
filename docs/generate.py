"""Writes the documentation that is made from the code; with `--check`, says what is stale and fails."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from deploy.prometheus import objectives
from docs.dialect_tables import dialects_page
from docs.safety import safety_page
from docs.stories import stories_page
from ingest.adapter import Adapter
from ingest.adapters import ADAPTERS
from ingest.event_table import BEGIN, END, with_event_table
from ingest.settings import Settings as IngestSettings
from processors.settings import Settings as ProcessorSettings
from schemas.definition_schema import SHIPPED, schema_text
from schemas.event_types import OURS, RANKED
from sinks.clickhouse.describe import tables_page
from sinks.settings import Settings as SinkSettings
from vsm.board.settings import Settings as BoardSettings

DOCS: Final = Path(__file__).parent
PROCESSES: Final[Mapping[str, type[BaseSettings]]] = {
    "ingest": IngestSettings,
    "process": ProcessorSettings,
    "sink": SinkSettings,
    "board": BoardSettings,
}


def settings_page() -> str:
    """Return the table of every setting of every process."""
    lines = [
        "# Settings",
        "",
        "Every process reads its settings once, from environment variables. Made from the code by `make docs-write`.",
    ]
    for process, settings in PROCESSES.items():
        lines += ["", f"## `vsm {process}`", "", "| variable | default | meaning |", "|---|---|---|"]
        lines += [" | ".join(("|", *row, "|")).replace("| |", "|") for row in _rows(settings)]
    return "\n".join(lines) + "\n"


def _rows(settings: type[BaseSettings]) -> Iterator[tuple[str, str, str]]:
    for name, field in sorted(settings.model_fields.items()):
        default = "" if isinstance(field.default, SecretStr) else str(field.default)
        shown = f"`{default}`" if default not in ("", "None", "()") else "none"
        yield f"`VSM_{name.upper()}`", shown, (field.description or "").replace("|", "\\|")


def events_page() -> str:
    """Return the table of event types in their tie-breaking order."""
    lines = [
        "# Event types",
        "",
        "CDEvents' `subject.predicate`; of two facts at one time, the one that stands first here comes first.",
        "Made from the code by `make docs-write`.",
        "",
        "| type | of | meaning where CDEvents lacks it |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {'VSM' if name in OURS else 'CDEvents'} | {OURS.get(name, '')} |" for name in RANKED]
    return "\n".join(lines) + "\n"


def tool_page(path: Path, adapter: Adapter) -> str:
    """Return a tool's page with its table of events; a new tool's begins with nothing else."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"# {adapter.tool}\n\n## Events\n\n{BEGIN}\n{END}\n"
    return with_event_table(page, adapter)


TOOL_PAGES: Final[Mapping[Path, Adapter]] = {DOCS / "tools" / f"{adapter.tool}.md": adapter for adapter in ADAPTERS}

PAGES: Final[Mapping[Path, Callable[[], str]]] = {
    DOCS / "settings.md": settings_page,
    DOCS / "event-types.md": events_page,
    DOCS / "tables.md": tables_page,
    DOCS / "safety.md": safety_page,
    DOCS / "dialects.md": dialects_page,
    DOCS / "stories.md": stories_page,
    SHIPPED: schema_text,
    objectives.FILE: objectives.rules_text,
    **{path: partial(tool_page, path, adapter) for path, adapter in TOOL_PAGES.items()},
}
"""Generated page -> what makes it."""


def main(arguments: list[str]) -> int:
    """Write every page, or with `--check` return 1 when one is stale."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    stale = False
    for path, make in PAGES.items():
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            print(f"{path.parent.name}/{path.name} is stale: run `make docs-write`", file=sys.stderr)  # noqa: T201 - a script speaks
            stale = True
        else:
            path.write_text(text, encoding="utf-8")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
