"""How far a partition's state has read the source, kept in the state itself; pure.

The changelog of a partition ends each chunk with this marker, so that the state says for itself up to which source
offset it is complete: a restart reads on from there whatever the group committed, a state that was deleted is filled
again from the beginning, and a new generation knows that it has not yet written its rows.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from schemas import topics
from schemas.state import EntityRecord

MARKER_KEY: Final = topics.key("", "progress")
"""The marker's key in every partition of the state topic: no value stream has an empty name."""

_ENCODING: Final = 1


class Progress(Struct, frozen=True, kw_only=True):
    """What the state says of itself.

    `offset` is the next source offset to read. `generation` (0: none yet) and `version` are those of the rows in the
    outputs, `packing` is that of the records. `whole_at` is the offset from which on every row stands in that
    generation: behind `offset` but for a log that is being read again.
    """

    offset: int = 0
    generation: int = 0
    version: str = ""
    packing: str = ""
    whole_at: int = 0

    @property
    def whole(self) -> bool:
        """Whether every row stands in the generation."""
        return self.offset >= self.whole_at


def to_record(progress: Progress) -> EntityRecord:
    """Return the marker as a record of the state topic."""
    return EntityRecord(value_stream="", entity="progress", encoding=_ENCODING, facts=msgspec.json.encode(progress))


def from_record(record: EntityRecord) -> Progress:
    """Return the progress that a marker holds. Raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(record.facts, type=Progress)
