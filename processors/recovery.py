"""A partition's memory from its durable state.

The changelog is read to its proven end and everything is derived; for a new generation every row is written again.

**Generations.** The state holds facts and nothing derived, so it serves every generation; its marker names the one
whose rows stand in the outputs. Where that differs from ours, every row is derived and written anew at our generation's
revision, then the marker, then reading goes on from the marker's offset: nothing is read twice and nothing left out. A
crash in between repeats idempotent upserts. All generations share one consumer group, because state can have but one
writer: a rolling upgrade hands partitions over one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from processors.engine import Core, NewCore
from processors.parts import Parts
from processors.progress import MARKER_KEY, Progress, from_record
from schemas import topics
from schemas.derived import Update, revision
from schemas.state import EntityRecord

_BATCH: Final = 1_000

Beat = Callable[[], None]
"""Called every so often while recovery goes on; raises OwnershipLost once the partition is no longer wanted."""


class Recovery:
    """Recovers partitions, one at a time, on whatever thread calls. Nothing in it is kept between two of them."""

    def __init__(self, parts: Parts, new_core: NewCore) -> None:
        self._log = parts.log
        self._codec = parts.codec
        self._outputs = parts.outputs
        self._new_core = new_core
        self._generation = parts.settings.generation

    def recover(self, partition: int, beat: Beat) -> tuple[Core, Progress]:
        """Return the partition's core and how far it has read.

        Raises RecoveryStalled, LogUnavailable, BadRecord (a state nobody can read is an error, never a start), and what
        `beat` raises.
        """
        core = self._new_core()
        progress = self._restore(core, partition, beat)
        emit = progress.generation != self._generation
        at = revision(self._generation, progress.offset)
        for updates in _batches(core.engine.rebuild()):
            beat()
            for update in updates:
                core.watch.observe(update)
            if emit:
                self._log.append_and_wait(self._outputs.rows(_at(updates, at), at))
        if emit:
            progress = Progress(offset=progress.offset, generation=self._generation)
            beat()
            self._log.append_and_wait(self._outputs.changelog((), partition, progress))
        return core, progress

    def _restore(self, core: Core, partition: int, beat: Beat) -> Progress:
        progress = Progress()
        for count, record in enumerate(self._log.read_compacted(topics.STATE.name, partition)):
            if count % _BATCH == 0:
                beat()
            entity = self._codec.decode(record.value, EntityRecord)
            if record.key == MARKER_KEY:
                progress = from_record(entity)
            else:
                core.engine.restore(entity)
        return progress


def _batches(updates: Iterator[Update]) -> Iterator[list[Update]]:
    while batch := list(islice(updates, _BATCH)):
        yield batch


def _at(updates: Iterable[Update], revision: int) -> Iterator[Update]:
    """Yield the updates with their rows at a revision."""
    for update in updates:
        if update.after is not None:
            yield Update(before=update.before, after=msgspec.structs.replace(update.after, revision=revision))
