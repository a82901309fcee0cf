"""What the driver asks of one partition's pure core: an engine that folds facts, and measures that watch the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from schemas.derived import Update
from schemas.event import FlowEvent
from schemas.measurement import Measurement
from schemas.state import EntityRecord


class StepFailed(Exception):  # noqa: N818 - an expected outcome that becomes a dead letter
    """A readable event that could not be folded in; it left no trace. Says what and where, never a value."""


class StreamSigns(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of one stream's facts as a whole; times are microseconds UTC, None before the first fact.

    `facts` counts them, `implausible` those that derive nothing for their time, `squeezed` the entities whose record
    could not hold all of theirs: at least so many facts are lost. `days`: by UTC day number, how many earlier facts its
    facts presuppose, and how many of these are known; `twice`: how many facts have two deliveries that tell them.
    """

    newest_occurred_at: int | None = None
    newest_received_at: int | None = None
    facts: int = 0
    implausible: int = 0
    squeezed: int = 0
    days: Mapping[int, tuple[int, int]] = {}
    twice: int = 0


class Drained(Struct, frozen=True, kw_only=True, gc=False):
    """What the facts since the last drain touched: every record, changed or not, and every row derived from them.

    Where a row is no longer derived, `after` is the row withdrawn.
    """

    records: tuple[EntityRecord, ...] = ()
    updates: tuple[Update, ...] = ()


def together(parts: Sequence[Drained]) -> Drained:
    """Return what was touched in several drains, one after another: every update, the last record of each entity."""
    if len(parts) == 1:
        return parts[0]
    records = {(r.value_stream, r.entity): r for part in parts for r in part.records}
    return Drained(records=tuple(records.values()), updates=tuple(u for part in parts for u in part.updates))


Beat = Callable[[], None]
"""Called every so often while something takes long; raises OwnershipLost once it is no longer wanted."""


def no_beat() -> None:
    """Nobody listens."""


class Engine(Protocol):
    """The facts of one partition and what is derived from them; memory only, changed in place."""

    def restore(self, record: EntityRecord) -> None:
        """Take one record of the changelog; any order, the last of a key stands."""

    def rebuild(self, beat: Beat = no_beat) -> Iterator[Update]:
        """Derive everything anew and yield every row, `before` None; may be called again."""

    def fold(self, event: FlowEvent) -> None:
        """Put one fact. Raises StepFailed, leaving no trace."""

    def drain(self, progress: int) -> Drained:
        """Return what was touched since the last drain, rows at the revision of `progress` (next source offset)."""

    def signs(self) -> Mapping[str, StreamSigns]:
        """Return each stream's signs."""


class Watch(Protocol):
    """The rolling measurements of one partition; memory only, changed in place."""

    def observe(self, update: Update) -> None:
        """Take one row's change into the windows."""

    def measure(self, now_micros: int, signs: Mapping[str, StreamSigns]) -> Sequence[Measurement]:
        """Return the series that changed, aged or are due to be repeated."""

    def measure_all(self, now_micros: int, signs: Mapping[str, StreamSigns]) -> Sequence[Measurement]:
        """Return every series."""


class Core(Struct, frozen=True):
    """One partition's engine and the measures that watch it."""

    engine: Engine
    watch: Watch


class Derivation(Struct, frozen=True, kw_only=True):
    """How rows come from facts, as this process knows it.

    `new_core` makes the empty core of one partition. `version` names what rows depend on beside the facts, `packing`
    what the state's records depend on beside the events: state of another packing cannot be used.
    """

    new_core: Callable[[], Core]
    version: str
    packing: str
