"""The route table, and the path of a request looked up in it; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

DEFAULT: Final = "default"
"""The source's name when the path leaves it out."""


class Kind(StrEnum):
    """What a route does."""

    WEBHOOK = "webhook"
    EVENTS = "events"
    IMPORT = "import"
    LINKS = "links"
    LIVE = "live"
    READY = "ready"
    METRICS = "metrics"
    OPENAPI = "openapi"


class Route(Struct, frozen=True):
    """A path that is served: the one method it takes, and its variable parts."""

    kind: Kind
    method: str
    tool: str = ""
    name: str = ""


FIXED: Final = {
    "/health/live": Route(Kind.LIVE, "GET"),
    "/health/ready": Route(Kind.READY, "GET"),
    "/metrics": Route(Kind.METRICS, "GET"),
    "/openapi.json": Route(Kind.OPENAPI, "GET"),
    "/events": Route(Kind.EVENTS, "POST", "cdevents", DEFAULT),
    "/links": Route(Kind.LINKS, "POST"),
}
"""The paths without variable parts."""

EVENT_TOOLS: Final = frozenset({"cdevents", "cloudevents"})
"""Tools whose deliveries come to `/events`, and are not webhooks."""

_TOOL_ONLY: Final = 3
_TOOL_AND_SOURCE: Final = 4


def find(path: str) -> Route | None:
    """Return the route of a path, or None.

    The path is as the server gives it: percent escapes are decoded, once (`%61cme` is `acme`, and `%2F` parts as a
    slash does), and nothing is normalised: an empty part, `.` or `..` is a name like any other and leads nowhere.
    """
    fixed = FIXED.get(path)
    if fixed is not None:
        return fixed
    parts = path.split("/")
    if "" in parts[1:] or len(parts) not in {_TOOL_ONLY, _TOOL_AND_SOURCE}:
        return None
    if parts[1] == "webhooks":
        if parts[2] in EVENT_TOOLS:
            return None
        return Route(Kind.WEBHOOK, "POST", parts[2], parts[3] if len(parts) == _TOOL_AND_SOURCE else DEFAULT)
    if len(parts) == _TOOL_ONLY and parts[1] == "events":
        return Route(Kind.EVENTS, "POST", "cdevents", parts[2])
    if len(parts) == _TOOL_ONLY and parts[1] == "imports":
        return Route(Kind.IMPORT, "POST", "", parts[2])
    return None
