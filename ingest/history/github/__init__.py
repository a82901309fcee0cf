"""GitHub's history: repositories `owner/name` of github.com or an Enterprise Server, over its REST API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ingest.history.github.pushes import activity, push
from ingest.history.github.running import deployments, releases, runs
from ingest.history.github.tickets import pulls, threads
from ingest.history.history import Ask, Asking, Found, History, Memory, Scope, Unit

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


def _begin(scope: Scope) -> Sequence[Unit]:
    return [Unit("repository", {"name": name}) for name in reversed(scope.places)]


def _repository(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the repository itself, then for all that happened in it; pushes come first."""
    said = (yield Ask(f"repos/{unit.of['name']}")).body
    of = {"name": said["full_name"], "html_url": said["html_url"], "main": said["default_branch"]}
    since = datetime.fromtimestamp(scope.since // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    last_first = ("releases", "deployments", "runs", "threads", "activity")
    return Found(units=[Unit(kind, of | {"since": since}) for kind in last_first])


HISTORY: Final = History(
    tool="github",
    place="a repository owner/name",
    takes=lambda text: _NAME.fullmatch(text) is not None,
    begin=_begin,
    work={
        "repository": _repository,
        "activity": activity,
        "push": push,
        "threads": threads,
        "pulls": pulls,
        "runs": runs,
        "deployments": deployments,
        "releases": releases,
    },
)
"""The history of GitHub."""
