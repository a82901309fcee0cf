"""A tool is a frozen value: how its deliveries are verified, named and translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from ingest.signatures.scheme import Scheme
from schemas.event import FlowEvent

TAKEN: Final = 202
"""The status of a delivery that was taken."""

Headers = Mapping[str, str]
"""Header names in lower case; a repeated header's values are joined with a comma."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One HTTP request as received: raw body untouched, time in microseconds UTC.

    `tool` is the source's, as configured. `url` is as the sender addressed it, but for percent escapes in its path.
    """

    tool: str
    source: str
    headers: Headers
    body: bytes
    url: str
    received_at: int


class Context(Struct, frozen=True, kw_only=True):
    """What a translation may know beside the body.

    `environment` maps the tool's own word to the normalised environment; `pseudonym` maps an account id of the tool to
    its keyed hash. `tells_paths`: somebody reads the paths of the files that commits touched.
    """

    tool: str
    source: str
    delivery_id: str
    received_at: int
    headers: Headers
    pseudonym: Callable[[str], str]
    environment: Callable[[str], str]
    tells_paths: bool = True


class Ignored(Struct, frozen=True):
    """A delivery that is understood and of no interest; `reason` is a constant phrase."""

    reason: str


class Untranslatable(ValueError):  # noqa: N818 - an expected outcome that becomes a dead letter
    """A known event whose body lacks or garbles what its translation needs; says which field and why, no value."""


Translate = Callable[[bytes, Context], Sequence[FlowEvent] | Ignored]
"""Pure. Decodes only the needed fields, typed; returns events with `value_stream` unrouted (routing comes after), or
Ignored. Raises Untranslatable, msgspec.ValidationError (wrong shape) or msgspec.DecodeError (not JSON)."""


class Adapter(Struct, frozen=True, kw_only=True):
    """One tool. `translate` and `ignores` are keyed by event type.

    What `ignores` names is ignored as not of interest, any other type as not known: the two are counted apart, so that
    a tool's new event is noticed. `taken` is the status that a delivery which was taken is answered with: another one
    than 202 only where the tool hears no other.
    """

    tool: str
    verify: Scheme
    event_type: Callable[[Headers, bytes], str]
    delivery_id: Callable[[Headers, bytes], str]
    translate: Mapping[str, Translate]
    ignores: frozenset[str] = frozenset()
    taken: int = TAKEN
