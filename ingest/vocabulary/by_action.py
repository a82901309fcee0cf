"""A tool's event that comes in several actions: decoded once, then told apart by a literal mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from ingest.adapter import Context, Ignored
from schemas.event import FlowEvent

Body = TypeVar("Body")

Translated = Sequence[FlowEvent] | Ignored

OTHER_ACTION: Final = Ignored("action is not of interest")
"""What an action without a handler becomes."""


class ByAction(Struct, Generic[Body], frozen=True, kw_only=True):
    """A `Translate`; `handlers` are keyed by the action, the first line of a handler's docstring says what it makes."""

    decode: Callable[[bytes], Body]
    action: Callable[[Body], str]
    handlers: Mapping[str, Callable[[Body, Context], Translated]]

    def __call__(self, body: bytes, context: Context) -> Translated:
        """Decode, then hand over to the action's handler; another action is ignored."""
        decoded = self.decode(body)
        handler = self.handlers.get(self.action(decoded))
        return OTHER_ACTION if handler is None else handler(decoded, context)


Actions = ByAction[Any]
"""Any event with actions, whatever its body."""
