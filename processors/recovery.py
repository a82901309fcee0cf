"""A partition's memory from its durable state.

The changelog is read to its proven end and everything is derived.

**Generations.** The state's marker names the generation whose rows stand in the outputs. Where ours is higher, either
- the records are packed as we would pack them: they serve us as they are. Every row is written anew at our generation's
  revision, then the marker, and reading goes on where it was: nothing is read twice and nothing left out; or
- they are not (a rule reads an attribute that was not kept, a stream is new, the packing has changed): they are
  deleted, then the marker says 0, and the log is read from its beginning. Rows are whole again where it was.
A crash in between repeats idempotent writes. All generations share one consumer group, because state can have but one
writer: a rolling upgrade hands partitions over one by one. Rows that change without a higher generation would be taken
for old ones, so that is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

import msgspec

from processors.engine import Beat, Core, Derivation
from processors.outputs import TOPIC_OF
from processors.parts import Parts
from processors.progress import MARKER_KEY, Progress, from_record
from schemas import topics
from schemas.derived import Update, revision
from schemas.log import Outgoing
from schemas.state import EntityRecord

_BATCH: Final = 1_000
_T = TypeVar("_T")


class GenerationRefused(ValueError):  # noqa: N818 - a broken configuration, shown to whoever made it
    """The rows would not win over those that stand: the generation must be raised."""


class Recovery:
    """Recovers partitions, one at a time, on whatever thread calls. Nothing in it is kept between two of them."""

    def __init__(self, parts: Parts, derivation: Derivation) -> None:
        self._log = parts.log
        self._codec = parts.codec
        self._outputs = parts.outputs
        self._derivation = derivation
        self._generation = parts.settings.generation
        self._chunk_records = parts.settings.chunk_records

    def recover(self, partition: int, committed: int | None, beat: Beat) -> tuple[Core, Progress]:
        """Return the partition's core and how far it has read; `committed` is what its group says of that.

        Raises RecoveryStalled, LogUnavailable, GenerationRefused, BadRecord or ValueError (a state nobody can read is
        an error, never a start), and what `beat` raises.
        """
        records, marked = self._read(partition, beat)
        was = marked or self._unmarked(partition, committed or 0)
        now = self._next(was)
        if now.offset == 0:  # where the log begins: what was before that was forgotten
            now = now.moved_to(self._log.start_offsets(topics.FLOW_EVENTS.name)[partition])
        self._refuse_if_rows_would_not_win(was)
        core = self._derivation.new_core()
        if was.packing != now.packing:
            self._start_over(partition, records, now, beat)
            return core, now
        while records:  # given back one by one: the state is held once, not twice
            core.engine.restore(self._codec.decode(records.popitem()[1], EntityRecord))
            if len(records) % _BATCH == 0:
                beat()
        for updates in _batches(core.engine.rebuild(beat)):
            beat()
            for update in updates:
                core.watch.observe(update)
            if was.generation != now.generation:
                at = revision(now.generation, now.offset)
                self._log.append_and_wait(self._outputs.rows(_at(updates, at), at))
        beat()
        self._log.append_and_wait(self._outputs.changelog((), partition, now))
        return core, now

    def _next(self, was: Progress) -> Progress:
        """Return what the state will say once it is ours."""
        known = was.packing == self._derivation.packing
        now = Progress(
            generation=self._generation,
            version=self._derivation.version,
            packing=self._derivation.packing,
            whole_at=was.whole_at if known else max(was.offset, was.whole_at),
            chunk_records=self._chunk_records,
            doubts=was.taken_over,
        )
        return now.moved_to(was.offset if known else 0)

    def _unmarked(self, partition: int, committed: int) -> Progress:
        """Return what is known without a marker: nothing was ever written, or rows were, up to wherever that was."""
        if not any(offset for topic in TOPIC_OF.values() for offset in self._log.end_offsets(topic)):
            return Progress(chunk_records=0)
        end = self._log.end_offsets(topics.FLOW_EVENTS.name)[partition]
        return Progress(whole_at=end, chunk_records=0, doubts=((committed, end),))

    def _refuse_if_rows_would_not_win(self, was: Progress) -> None:
        if was.generation > self._generation:
            raise GenerationRefused(f"rows of generation {was.generation} stand; VSM_GENERATION is {self._generation}")
        if was.generation == self._generation and was.version != self._derivation.version:
            raise GenerationRefused(f"the derivation has changed: raise VSM_GENERATION above {self._generation}")

    def _read(self, partition: int, beat: Beat) -> tuple[dict[bytes, bytes], Progress | None]:
        """Return the newest value of each key, and what the marker says, None without one."""
        records: dict[bytes, bytes] = {}
        for count, record in enumerate(self._log.read_compacted(topics.STATE.name, partition)):
            if count % _BATCH == 0:
                beat()
            if record.value is None:
                records.pop(record.key, None)
            else:
                records[record.key] = record.value
        marker = records.pop(MARKER_KEY, None)
        return records, None if marker is None else from_record(self._codec.decode(marker, EntityRecord))

    def _start_over(self, partition: int, records: Iterable[bytes], now: Progress, beat: Beat) -> None:
        """Delete the records, then say that nothing was read."""
        for keys in _batches(iter(records)):
            beat()
            self._log.append_and_wait([Outgoing(topics.STATE.name, partition, key, None) for key in keys])
        beat()
        self._log.append_and_wait(self._outputs.changelog((), partition, now))


def _batches(given: Iterator[_T]) -> Iterator[list[_T]]:
    while batch := list(islice(given, _BATCH)):
        yield batch


def _at(updates: Iterable[Update], revision: int) -> Iterator[Update]:
    """Yield the updates with their rows at a revision."""
    for update in updates:
        if update.after is not None:
            yield Update(before=update.before, after=msgspec.structs.replace(update.after, revision=revision))
