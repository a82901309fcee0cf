"""Jira's history, Cloud and Server: each entry of an issue's changelog as the update that was sent; pure.

The API shows an issue as it is now. What it was after a change is that without the later changes, taken back from the
newest on.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from ingest.history.history import (
    DAY_MICROS,
    MOST_PAGES,
    Answer,
    Ask,
    Asking,
    Endless,
    Found,
    History,
    Json,
    Memory,
    Scope,
    Told,
    Unit,
    micros,
    told,
    within,
)

_PROJECT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,63}")
_PAGE: Final = 50
_FIELDS: Final = (
    "created,creator,customfield_10014,issuelinks,issuetype,labels,parent,priority,project,resolution,status,updated"
)
"""The fields that deliveries are read for; texts are not asked for."""

_EPIC: Final = "customfield_10014"
_PARENTS: Final = frozenset({"issueparentassociation", "parent", "parent issue", "parent link"})
_DAY: Final = "%Y/%m/%d"


def _begin(_scope: Scope) -> Sequence[Unit]:
    return [Unit("site")]


def _site(_unit: Unit, _scope: Scope, _memory: Memory) -> Asking:
    """Ask which kind of site it is, and for the categories of its statuses."""
    said = (yield Ask("rest/api/2/serverInfo")).body
    statuses = (yield Ask("rest/api/2/status")).body
    categories = {status["id"]: (status.get("statusCategory") or {}).get("key", "") for status in statuses}
    return Found(units=[Unit("page", {"cloud": said.get("deploymentType") == "Cloud", "categories": categories})])


def _page(unit: Unit, scope: Scope, _memory: Memory) -> Asking:
    """Ask for a page of the issues that changed since, each with its changelog."""
    cloud, next_page = unit.of["cloud"], unit.of.get("next", {})
    asked = {"jql": _jql(scope), "fields": _FIELDS, "expand": "changelog", "maxResults": str(_PAGE), **next_page}
    said = (yield Ask("rest/api/3/search/jql" if cloud else "rest/api/2/search", asked)).body
    found: list[Told] = []
    for issue in said["issues"]:
        histories = yield from _histories(issue, cloud=cloud)
        found += within(scope, _deliveries(issue, histories, unit.of["categories"]))
    following = _following(said, cloud=cloud)
    if following and following == next_page:
        raise Endless
    return Found(found, [Unit("page", {**unit.of, "next": following})] if following else [])


def _jql(scope: Scope) -> str:
    """Return the query, a day wider at both ends: its days are of the time zone of whoever asks."""
    since = datetime.fromtimestamp((scope.since - DAY_MICROS) // 1_000_000, UTC).strftime(_DAY)
    until = datetime.fromtimestamp((scope.until + 2 * DAY_MICROS) // 1_000_000, UTC).strftime(_DAY)
    projects = ", ".join(f'"{project}"' for project in scope.places)
    return f'project in ({projects}) AND updated >= "{since}" AND created <= "{until}" ORDER BY created ASC, key ASC'


def _following(said: Json, *, cloud: bool) -> Json | None:
    """Return what the next page is asked with; None after the last. A full page is followed, whatever the total."""
    if cloud:
        token = None if said.get("isLast") else said.get("nextPageToken")
        return {"nextPageToken": token} if token else None
    shown = len(said["issues"])
    end = said["startAt"] + shown
    return {"startAt": str(end)} if shown and (end < said["total"] or shown >= _PAGE) else None


def _histories(issue: Json, *, cloud: bool) -> Generator[Ask, Answer, list[Json]]:
    """Return the whole changelog of an issue, oldest first; a search shows the newest entries of a long one."""
    shown = issue.get("changelog") or {}
    found: list[Json] = list(shown.get("histories") or ())
    if shown.get("total", 0) > len(found):
        found = yield from _whole(issue["id"]) if cloud else _at_once(issue["id"])
    return sorted(found, key=lambda entry: (micros(entry["created"]), int(entry["id"])))


def _whole(issue_id: str) -> Generator[Ask, Answer, list[Json]]:
    found: list[Json] = []
    for _ in range(MOST_PAGES):
        asked = {"startAt": str(len(found)), "maxResults": "100"}
        said = (yield Ask(f"rest/api/3/issue/{issue_id}/changelog", asked)).body
        found += said["values"]
        if said.get("isLast", True) or not said["values"]:
            return found
    raise Endless


def _at_once(issue_id: str) -> Generator[Ask, Answer, list[Json]]:
    said = (yield Ask(f"rest/api/2/issue/{issue_id}", {"fields": "created", "expand": "changelog"})).body
    return list(said["changelog"]["histories"])


def _deliveries(issue: Json, histories: Sequence[Json], categories: Json) -> Iterator[Told]:
    """Yield the deliveries of an issue's life, its creation last: each is taken back from the one after it."""
    then = _copy(issue)
    for entry in reversed(histories):
        at = micros(entry["created"])
        yield told(
            entry["created"],
            {
                "timestamp": at // 1_000, "webhookEvent": "jira:issue_updated", "user": entry.get("author"),
                "issue": _copy(then), "changelog": {"id": entry["id"], "items": entry["items"]},
            },
        )  # fmt: skip
        for item in reversed(entry["items"]):
            _take_back(then, item, categories)
    fields = issue["fields"]
    yield told(
        fields["created"],
        {
            "timestamp": micros(fields["created"]) // 1_000, "webhookEvent": "jira:issue_created",
            "user": fields.get("creator"), "issue": then,
        },
    )  # fmt: skip


def _copy(issue: Json) -> Json:
    return {**{name: issue[name] for name in ("id", "key", "self") if name in issue}, "fields": {**issue["fields"]}}


def _take_back(then: Json, item: Json, categories: Json) -> None:
    """Take one change of a field back."""
    fields, before, was = then["fields"], item.get("from"), item.get("fromString")
    field = item["field"].lower()
    if field == "status":
        key = categories.get(str(before))
        fields["status"] = {"id": before, "name": was, "statusCategory": {"key": key} if key else None}
    elif field in {"issuetype", "priority", "resolution"}:
        fields[field] = {"id": before, "name": was} if was else None
    elif field == "labels":
        fields["labels"] = was.split() if was else []
    elif field == "key" and was:
        then["key"] = was
        fields["project"] = {"key": was.rpartition("-")[0]}
    elif field == "epic link":
        fields[_EPIC] = was
    elif field in _PARENTS:
        fields["parent"] = {"key": was} if was else None
    elif field == "link":
        links = [link for link in fields.get("issuelinks") or () if item.get("to") not in _ends(link)]
        fields["issuelinks"] = [*links, {"outwardIssue": {"key": before}}] if before else links


def _ends(link: Json) -> list[str]:
    return [link[end]["key"] for end in ("inwardIssue", "outwardIssue") if link.get(end)]


HISTORY: Final = History(
    tool="jira",
    place="a project's key",
    takes=lambda text: _PROJECT.fullmatch(text) is not None,
    begin=_begin,
    work={"site": _site, "page": _page},
)
"""The history of Jira."""
