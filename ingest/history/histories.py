"""The literal list of the tools whose history can be asked for; pure."""

from __future__ import annotations

from typing import Final

from ingest.history import github, gitlab, jira
from ingest.history.history import History

HISTORIES: Final[tuple[History, ...]] = (
    github.HISTORY,
    gitlab.HISTORY,
    jira.HISTORY,
)
"""One line a tool, in alphabetical order."""
