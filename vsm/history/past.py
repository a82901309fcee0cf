"""What `vsm backfill` and `vsm reconcile` are told: the tool, the source, the API and the stretch of time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from ingest.history.histories import HISTORIES
from ingest.history.history import History, Scope
from ingest.routing import Router
from schemas.clock import clock_from
from schemas.definition import Definition, Source
from schemas.definition_file import BadDefinition
from vsm.data_dir import DataDir
from vsm.generation import config_in_use, definition_in_use
from vsm.history.asking import Asker, credentials
from vsm.history.pacing import shown
from vsm.options import err, fail, is_address
from vsm.troubles import is_sendable

APIS: Final = {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}
"""Where a tool's API is unless said otherwise; every Jira has its own."""

_MICROS: Final = 1_000_000
_YEARS: Final = range(1971, 2200)


class Tool(StrEnum):
    """The tools whose history can be asked for."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JIRA = "jira"


ToolOption = Annotated[Tool, typer.Argument(help="Whose history.")]
Places = Annotated[
    list[str],
    typer.Option("--repository", "--project", help="A repository owner/name, a project's path or key; repeatable."),
]
Since = Annotated[str, typer.Option(help="From this time on: 2026-01-31, or with a time of day; UTC unless it says.")]
Until = Annotated[str, typer.Option(help="Up to this time; left out: now.")]
SourceName = Annotated[str, typer.Option("--source", help="The source whose secret signs.")]
Api = Annotated[str, typer.Option("--api", help="The API's address: of Enterprise Server, of a Jira site.")]
TokenFile = Annotated[
    Path | None, typer.Option(help="File with the API's token; left out: VSM_GITHUB_TOKEN, VSM_GITLAB_TOKEN, ...")
]
Config = Annotated[Path | None, typer.Option(help="Value-stream file that has the source; left out: the running one.")]


class Past(Struct, frozen=True, kw_only=True):
    """What is asked for, of whom, and where it goes. `open_ended`: the scope ends now, whenever that is."""

    history: History
    source: Source
    scope: Scope
    definition: Definition
    api: str
    ask: Asker
    open_ended: bool


class Told(Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    tool: Tool
    places: list[str]
    since: str
    until: str
    source: str
    api: str
    token_file: Path | None
    config: Path | None


@contextmanager
def opened(told: Told, folder: DataDir) -> Iterator[Past]:
    """Yield what the options say, ready to ask; what is wrong with them ends the command."""
    history = next(one for one in HISTORIES if one.tool == told.tool)
    api = told.api or APIS.get(told.tool, "")
    if not api:
        fail(f"{told.tool} needs --api: the address of your site, such as https://acme.atlassian.net", status=2)
    if not is_address(api):
        fail("--api is no address: it looks like https://github.example.com/api/v3", status=2)
    for place in told.places:
        if not history.takes(place):
            fail(f"'{place}' is not {history.place}", status=2)
    definition, source = _source(told, folder)
    scope = Scope(
        places=tuple(told.places),
        since=_time(told.since, "--since"),
        until=_time(told.until, "--until") if told.until else _now() * _MICROS,
        tells_paths=Router(definition).reads_paths,
    )
    if scope.since >= scope.until:
        fail("--since is not before --until", status=2)
    ask = Asker(api, credentials(told.tool, _token(told)), waits=_says_so(told.tool))
    try:
        yield Past(
            history=history, source=source, scope=scope, definition=definition, api=api, ask=ask,
            open_ended=not told.until,
        )  # fmt: skip
    finally:
        ask.close()


def _source(told: Told, folder: DataDir) -> tuple[Definition, Source]:
    try:
        definition = definition_in_use(folder, told.config)
    except BadDefinition as bad:
        fail(str(bad))
    except OSError as missing:
        fail(f"{missing.filename}: {missing.strerror}")
    found = next((s for s in definition.sources if s.tool == told.tool and s.name == told.source), None)
    if found is None:
        known = ", ".join(s.name for s in definition.sources if s.tool == told.tool) or "none"
        where = config_in_use(folder, told.config)
        fail(f"{where} has no source {told.tool}/{told.source}; its {told.tool} sources: {known}", status=2)
    return definition, found


def _token(told: Told) -> str:
    name = f"VSM_{told.tool.upper()}_TOKEN"
    try:
        file = told.token_file
        token = (os.environ.get(name, "") if file is None else file.read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as bad:
        fail(f"{told.token_file}: {bad.strerror if isinstance(bad, OSError) else 'is no text'}")
    if not is_sendable(token):
        fail(f"{told.token_file or name}: a token is one line of ASCII", status=2)
    return token


def _time(text: str, option: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option}: '{text}' is no time such as 2026-01-31 or 2026-01-31T08:00+01:00", status=2)
    if at.year not in _YEARS:
        fail(f"{option}: '{text}' is before {_YEARS[0]} or after {_YEARS[-1]}", status=2)
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * _MICROS)


def written(micros: int) -> str:
    """Return a time as ISO 8601, UTC."""
    return datetime.fromtimestamp(micros / _MICROS, UTC).isoformat()


def _now() -> int:
    """Return the whole second before now."""
    return clock_from(os.environ.get("VSM_CLOCK"))() // _MICROS


def _says_so(tool: str) -> Callable[[float], None]:
    def says(seconds: float) -> None:
        err.print(f"{tool} is asked again at {shown(seconds, _now())}: its limit is reached, or it has trouble")

    return says
