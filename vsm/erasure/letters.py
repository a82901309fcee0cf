"""The dead letters in the log, whole, and the keys that open them; for people with the identity key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter, LetterKey
from schemas.log import Log
from schemas.sealing import join
from schemas.topics import DEAD_LETTERS, LETTER_KEYS
from vsm.scanning import newest, scanned


class Copy(NamedTuple):
    """Where one writing of a letter lies, and under which key; parts of two copies make no letter."""

    letter_id: str
    partition: int
    key_id: str


class Letters(Struct, frozen=True, kw_only=True):
    """What the topic holds: whole letters, oldest first, and in words what could not be read.

    `keys` are those that are left, by their ids; `copies` says under which keys and where each letter lies, by its id.
    `tombstones` are the partitions that hold records without a value: what was deleted may lie there still.
    """

    whole: list[DeadLetter]
    unreadable: list[str]
    keys: Mapping[str, LetterKey]
    copies: Mapping[str, tuple[Copy, ...]]
    tombstones: frozenset[int]


def read_letters(log: Log, codec: Codec) -> Letters:
    """Return the dead letters of the log, joined from their parts; written twice is one, that can be opened if any can.

    Raises LogUnavailable when the topic could not be read to where it ended when asked, and what the codec's registry
    raises.
    """
    parts: dict[Copy, dict[int, DeadLetter]] = {}
    unreadable, tombstones = [], set()
    for record in scanned(log, DEAD_LETTERS.name):
        if record.value is None:
            tombstones.add(record.partition)
            letter_id = record.key.decode("utf-8", "replace")
            gone = [c for c in parts if (c.letter_id, c.partition) == (letter_id, record.partition)]
            for copy in gone:
                del parts[copy]
            continue
        try:
            part = codec.decode(record.value, DeadLetter)
        except BadRecord as bad:
            unreadable.append(f"{record.topic}/{record.partition} at {record.offset}: {bad}")
        else:
            copy = Copy(part.dead_letter_id, record.partition, part.key_id)
            parts.setdefault(copy, {})[part.part] = part
    keys = read_keys(log, codec)
    copies: dict[str, tuple[Copy, ...]] = {}
    for copy in parts:
        copies[copy.letter_id] = (*copies.get(copy.letter_id, ()), copy)
    whole = []
    for letter_id, each in copies.items():
        ordered = sorted(each, key=lambda copy: copy.key_id in keys or not copy.key_id)
        joined = [letter for copy in ordered if (letter := _joined(parts[copy])) is not None]
        if joined:
            whole.append(joined[-1])
        else:
            unreadable.append(f"{letter_id}: {_missing(parts[each[-1]])}")
    return Letters(
        whole=sorted(whole, key=lambda letter: (letter.received_at, letter.dead_letter_id)),
        unreadable=unreadable,
        keys=keys,
        copies=copies,
        tombstones=frozenset(tombstones),
    )


def read_keys(log: Log, codec: Codec) -> dict[str, LetterKey]:
    """Return the letters' keys that are left, by their ids. Raises LogUnavailable; what is no key is left out."""
    found = {}
    for record in newest(log, LETTER_KEYS.name):
        try:
            key = codec.decode(record.value, LetterKey)
        except BadRecord:
            continue
        found[key.key_id] = key
    return found


def _joined(parts: Mapping[int, DeadLetter]) -> DeadLetter | None:
    try:
        return join(tuple(parts.values()))
    except ValueError:
        return None


def _missing(found: Mapping[int, DeadLetter]) -> str:
    wanted = max(part.parts for part in found.values())
    return f"{len(found)} of its {wanted} parts are there"
