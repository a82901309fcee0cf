"""Values to records of the log: which topic, which key, which partition; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from processors.progress import Progress, to_record
from schemas import topics
from schemas.codec import Codec
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, Update, WorkItem
from schemas.letter_keys import Sealed, messages
from schemas.log import Outgoing
from schemas.measurement import Measurement
from schemas.state import EntityRecord

TOPIC_OF: Final[Mapping[type[Derived], str]] = {
    StepVisit: topics.STEP_VISITS.name,
    WorkItem: topics.WORK_ITEMS.name,
    Change: topics.CHANGES.name,
    Deployment: topics.DEPLOYMENTS.name,
    Incident: topics.INCIDENTS.name,
}
"""Where each kind of derived row goes."""

WRITTEN: Final = (
    *TOPIC_OF.values(), topics.STATE.name, topics.MEASUREMENTS.name, topics.DEAD_LETTERS.name, topics.LETTER_KEYS.name,
)  # fmt: skip
"""Every topic the processors write."""

_NUL: Final = "\0"


def identity(row: Derived) -> str:
    """Return what tells a row from all others of its kind and stream, NUL-separated."""
    match row:
        case StepVisit():
            return f"{row.item_id}{_NUL}{row.step}{_NUL}{row.visit}"
        case WorkItem():
            return row.item_id
        case Change():
            return f"{row.change_id}{_NUL}{row.service}"
        case Deployment():
            return row.deployment_id
        case Incident():
            return row.incident_id


def series(measurement: Measurement) -> str:
    """Return what tells a series from all others of its stream, NUL-separated."""
    m = measurement
    return _NUL.join((m.step, m.metric, m.window, m.statistic, m.kind, m.environment, m.service))


class Outputs:
    """Makes records; knows each written topic's partition count."""

    def __init__(self, codec: Codec, counts: Mapping[str, int]) -> None:
        self._codec = codec
        self._counts = counts
        self._partition_of = lru_cache(maxsize=65_536)(topics.partition_of)

    def rows(self, updates: Iterable[Update], revision: int) -> list[Outgoing]:
        """Return the upserts; a row that is no longer derived is written withdrawn, at `revision`, or erased."""
        return [
            self._row(row, erased=update.erased)
            for update in updates
            if (row := _standing(update, revision)) is not None
        ]

    def changelog(self, records: Iterable[EntityRecord], partition: int, progress: Progress) -> list[Outgoing]:
        """Return the records of one partition's state, closed by the marker of how far it has read.

        A record without facts is written as a tombstone.
        """
        topic = topics.STATE.name
        return [
            Outgoing(topic, partition, topics.key(r.value_stream, r.entity), self._codec.encode(r) if r.facts else None)
            for r in (*records, to_record(progress))
        ]

    def measurements(self, measurements: Iterable[Measurement]) -> list[Outgoing]:
        """Return the measurements, keyed by their series."""
        topic = topics.MEASUREMENTS.name
        return [self._outgoing(topic, m.value_stream, series(m), self._codec.encode(m)) for m in measurements]

    def dead_letters(self, letters: Iterable[Sealed]) -> list[Outgoing]:
        """Return the records of dead letters, each behind its key's."""
        made = [message for letter in letters for message in messages(letter)]
        places = [self._partition_of(message.key, self._counts[message.topic]) for message in made]
        return [
            Outgoing(message.topic, place, message.key.encode(), self._codec.encode(message.value))
            for message, place in zip(made, places, strict=True)
        ]

    def _row(self, row: Derived, *, erased: bool = False) -> Outgoing:
        value = None if erased else self._codec.encode(row)
        return self._outgoing(TOPIC_OF[type(row)], row.value_stream, identity(row), value)

    def _outgoing(self, topic: str, stream: str, name: str, value: bytes | None) -> Outgoing:
        return Outgoing(topic, self._partition_of(stream, self._counts[topic]), topics.key(stream, name), value)


def _standing(update: Update, revision: int) -> Derived | None:
    """Return the row as it now stands; None where there never was one."""
    if update.after is not None:
        return update.after
    if update.before is None:
        return None
    return msgspec.structs.replace(update.before, withdrawn=True, revision=revision)
