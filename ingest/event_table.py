"""The table of what becomes of a tool's events, from the adapter itself; pure."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.adapter import Adapter
from ingest.vocabulary.by_action import ByAction

BEGIN = "<!-- events: written from the adapter, do not edit -->"
"""The line before a table in a page."""

END = "<!-- events: end -->"
"""The line after it."""


def event_table(adapter: Adapter) -> str:
    """Return a Markdown table: event, action (or state, or phase), what becomes of it; then what is ignored by name."""
    rows = ["| event | action | becomes |", "|---|---|---|"]
    rows += [
        f"| `{event}` | {f'`{action}`' if action else ''} | {becomes} |" for event, action, becomes in _rows(adapter)
    ]
    ignored = ", ".join(f"`{name}`" for name in sorted(adapter.ignores))
    rows += ["", f"Ignored by name: {ignored}." if ignored else "Nothing is ignored by name."]
    rows += ["", "Any other event or action is ignored too, and counted."]
    return "\n".join(rows)


def with_event_table(page: str, adapter: Adapter) -> str:
    """Return a page with its table written anew between the two marks. Raises ValueError without the marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has no place for the table of events")
    return f"{head}{BEGIN}\n\n{event_table(adapter)}\n\n{END}{tail}"


def _rows(adapter: Adapter) -> Iterator[tuple[str, str, str]]:
    for event in sorted(adapter.translate):
        translate = adapter.translate[event]
        if isinstance(translate, ByAction):
            for action, handler in translate.handlers.items():
                yield event, action, _first_line(handler)
        else:
            yield event, "", _first_line(translate)


def _first_line(said: object) -> str:
    line = (said.__doc__ or "").strip().partition("\n")[0]
    return line.replace("|", "\\|")
