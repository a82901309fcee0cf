"""A tool's month twice: as its API tells it and as it was received live, from the fixtures of histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import structs

from ingest.adapter import Ignored
from ingest.history.histories import HISTORIES
from ingest.history.history import History, Scope, Told
from schemas.event import ActorClass, FlowEvent
from tests.builders.deliveries import translated
from tests.builders.recorded_api import FIXTURES, recording
from vsm.history.checkpoints import Progress
from vsm.history.walking import batches

MARCH: Final = 1_772_323_200_000_000
"""2026-03-01T00:00Z, microseconds."""

APRIL: Final = 1_775_001_600_000_000
"""2026-04-01T00:00Z, microseconds."""

PLACES: Final[Mapping[str, str]] = {"github": "acme/shop", "gitlab": "acme/shop", "jira": "CHK"}


class Received(msgspec.Struct, frozen=True):
    """One delivery as it came live."""

    body: msgspec.Raw
    event: str = ""

    def headers(self, tool: str) -> Mapping[str, str]:
        """Return the header that names its event."""
        names = {"github": "x-github-event", "gitlab": "x-gitlab-event"}
        return {names[tool]: self.event} if tool in names else {}


def history(tool: str) -> History:
    """Return a tool's history."""
    return next(one for one in HISTORIES if one.tool == tool)


def march(tool: str, *, tells_paths: bool = False) -> Scope:
    """Return the month of the fixtures."""
    return Scope(places=(PLACES[tool],), since=MARCH, until=APRIL, tells_paths=tells_paths)


def backfilled(tool: str, fixture: str, scope: Scope) -> list[Told]:
    """Return what a tool's API tells of a stretch of time, as deliveries."""
    one = history(tool)
    progress = Progress(pending=list(one.begin(scope)))
    return [told for batch in batches(one, scope, progress, recording(fixture).ask) for told in batch]


def received(fixture: str) -> Sequence[Received]:
    """Return the deliveries that came live."""
    return msgspec.json.decode((FIXTURES / f"{fixture}.json").read_bytes(), type=list[Received])


def facts(tool: str, deliveries: Iterable[tuple[bytes, Mapping[str, str]]]) -> dict[str, FlowEvent]:
    """Return the facts of deliveries by id, without what tells when and how they came."""
    found: dict[str, FlowEvent] = {}
    for body, headers in deliveries:
        events = translated(tool, body, headers)
        for event in () if isinstance(events, Ignored) else events:
            found[event.event_id] = structs.replace(event, delivery_id="", received_at=0)
    return found


def told_facts(tool: str, deliveries: Iterable[Told]) -> dict[str, FlowEvent]:
    """Return the facts of backfilled deliveries."""
    return facts(tool, ((told.body, told.headers) for told in deliveries))


def live_facts(tool: str, fixture: str) -> dict[str, FlowEvent]:
    """Return the facts of the deliveries that came live."""
    return facts(tool, ((bytes(one.body), one.headers(tool)) for one in received(fixture)))


def plain(found: Mapping[str, FlowEvent]) -> dict[str, Any]:
    """Return facts as plain values, to be compared and read; who asked for a check suite no API tells."""
    return {event_id: msgspec.to_builtins(_without_who(event)) for event_id, event in found.items()}


def _without_who(event: FlowEvent) -> FlowEvent:
    suite = event.subject_id.startswith("run:github/") and "/suite-" in event.subject_id
    return structs.replace(event, actor=None, actor_class=ActorClass.UNKNOWN) if suite else event
