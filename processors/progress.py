"""How far a partition's state has read the source, kept in the state itself; pure.

The changelog of a partition ends each chunk with this marker, so that the state says for itself up to which source
offset it is complete: a restart reads on from there whatever the group committed, a state that was deleted is filled
again from the beginning, and a new generation knows that it has not yet written its rows.

**Doubts.** Whoever went before us may have written rows and died before the state followed. What it wrote stands, but
at which offset it stopped is not known, only between which two. A row that it saw, and that a later event of a larger
chunk of ours makes vanish, we would never see: neither before the chunk nor after it. So between these two offsets rows
are drawn record by record: whatever was written is then said again or taken back.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas import topics
from schemas.state import EntityRecord

MARKER_KEY: Final = topics.key("", "progress")
"""The marker's key in every partition of the state topic: no value stream has an empty name."""

_ENCODING: Final = 1


class Progress(Struct, frozen=True, kw_only=True):
    """What the state says of itself.

    `offset` is the next source offset to read. `generation` (0: none yet) and `version` are those of the rows in the
    outputs, `packing` is that of the records. `whole_at` is the offset from which on every row stands in that
    generation: behind `offset` but for a log that is being read again. `chunk_records` is the most that its writer
    takes at once; `doubts` are the spans of offsets ahead, in one of which rows may have been written last.
    """

    offset: int = 0
    generation: int = 0
    version: str = ""
    packing: str = ""
    whole_at: int = 0
    chunk_records: int = 1_000
    doubts: tuple[tuple[int, int], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every row stands in the generation."""
        return self.offset >= self.whole_at

    @property
    def taken_over(self) -> tuple[tuple[int, int], ...]:
        """The doubts of whoever takes over from here: those that are left, and the chunk that may have been in hand."""
        return tuple(sorted({*self.doubts, (self.offset, self.offset + self.chunk_records)}))

    def is_doubtful(self, offset: int) -> bool:
        """Tell whether rows may have been written last at this offset or just after it."""
        return any(start <= offset < end for start, end in self.doubts)

    def moved_to(self, offset: int) -> Progress:
        """Return the progress at another offset, without the doubts that lie behind it."""
        return replace(self, offset=offset, doubts=tuple(d for d in self.doubts if d[1] > offset))


def to_record(progress: Progress) -> EntityRecord:
    """Return the marker as a record of the state topic."""
    return EntityRecord(value_stream="", entity="progress", encoding=_ENCODING, facts=msgspec.json.encode(progress))


def from_record(record: EntityRecord) -> Progress:
    """Return the progress that a marker holds. Raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(record.facts, type=Progress)
