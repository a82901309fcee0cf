"""GitLab's history: projects `group/name` of gitlab.com or a server of one's own, over its REST API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ingest.history.gitlab.merge_requests import merge_requests
from ingest.history.gitlab.pipelines import pipelines
from ingest.history.gitlab.places import project
from ingest.history.gitlab.pushes import events, push
from ingest.history.gitlab.running import deployments, releases
from ingest.history.gitlab.tickets import issues
from ingest.history.history import DAY_MICROS, Asking, Found, History, Memory, Scope, Unit

_NAME: Final = re.compile(r"[\w.-]{1,255}(?:/[\w.-]{1,255}){1,20}")
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_DAY: Final = "%Y-%m-%d"


def _begin(scope: Scope) -> Sequence[Unit]:
    return [Unit("project", {"name": name}) for name in reversed(scope.places)]


def _project(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for the project itself, then for all that happened in it; pushes come first."""
    said = (yield project(unit.of["name"])).body
    of = {
        "id": said["id"],
        "web_url": said["web_url"],
        "main": said.get("default_branch") or "",
        "since": _written(scope.since, _TIME),
        "day_before": _written(scope.since - DAY_MICROS, _DAY),
        "day_after": _written(scope.until + DAY_MICROS, _DAY),
    }
    last_first = ("releases", "deployments", "pipelines", "merge_requests", "issues", "events")
    return Found(units=[Unit(kind, of) for kind in last_first])


def _written(at: int, form: str) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime(form)


HISTORY: Final = History(
    tool="gitlab",
    place="a project group/name",
    takes=lambda text: _NAME.fullmatch(text) is not None,
    begin=_begin,
    work={
        "project": _project,
        "events": events,
        "push": push,
        "issues": issues,
        "merge_requests": merge_requests,
        "pipelines": pipelines,
        "deployments": deployments,
        "releases": releases,
    },
)
"""The history of GitLab."""
