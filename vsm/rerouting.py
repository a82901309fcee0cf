"""Which stream an event of the log belongs to under another definition: routing is a result, no fact; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from ingest.routing import Router, as_told
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.forgetting import ORDERS

_IMPORTED: Final = "import"


class Rerouting:
    """Routes the events of a log anew.

    An imported event is its stream's by name and stays there. An order to forget holds in every stream of the
    definition, for a copy may have been made of any. Paths of files that the old definition did not keep are unknown.
    """

    def __init__(self, definition: Definition) -> None:
        self._router = Router(definition)
        self._streams = [stream.name for stream in definition.value_streams]

    def copies(self, event: FlowEvent) -> Sequence[FlowEvent]:
        """Return the copies of one event; that of `unrouted` where no stream claims it."""
        if event.attributes.get("routed_by") == _IMPORTED:
            return (event,)
        if event.type in ORDERS:
            return [replace(event, value_stream=stream) for stream in self._streams]
        return self._router.route(as_told(event))
