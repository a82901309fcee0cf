"""A new identity key: the letters' keys are sealed anew under it, and what was sealed under the old one itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter
from schemas.letter_keys import messages, name_of, open_letter, seal_alone, sealed_anew
from schemas.log import Log, Outgoing, Record
from schemas.sealing import BrokenSeal, unseal
from schemas.topics import DEAD_LETTERS, LETTER_KEYS, partition_of
from vsm.erasure.forgetting import Forgetting, batches
from vsm.erasure.forgetting_letters import kept, tombstones
from vsm.erasure.letters import Letters, read_letters

_AT_ONCE: Final = 500


class Rotated(Struct, frozen=True, kw_only=True):
    """How many keys and old letters were sealed anew, how many were already, and how many neither key opens."""

    keys: int
    letters: int
    already: int
    left: int


def rotate(log: Log, codec: Codec, old: bytes, new: bytes, seconds: float) -> Rotated:
    """Seal anew what only `old` opens; safe to repeat. Raises NotObeyed, LogUnavailable."""
    found = read_letters(log, codec)
    keys, already, left = [], 0, 0
    for key in found.keys.values():
        try:
            keys.append(sealed_anew(key, old, new))
        except BrokenSeal:
            known = _opens(lambda key=key: sealed_anew(key, new, new))  # type: ignore[misc]
            already, left = already + known, left + (not known)
    count = log.partitions(LETTER_KEYS.name)
    records = (
        Outgoing(LETTER_KEYS.name, partition_of(name_of(key), count), name_of(key).encode(), codec.encode(key))
        for key in keys
    )
    for some in batches(records, _AT_ONCE):
        log.append_and_wait(some)
    letters = _old_letters(log, codec, found, old, new, seconds)
    log.delete_before(LETTER_KEYS.name, log.end_offsets(LETTER_KEYS.name))  # on one machine the old seals go at once
    return Rotated(keys=len(keys), letters=letters, already=already, left=left)


def _old_letters(log: Log, codec: Codec, found: Letters, old: bytes, new: bytes, seconds: float) -> int:
    """Give a key of its own to each letter that was sealed under the identity key itself, in the old one's place."""
    done = set()
    for letter in found.whole:
        if letter.key_id and _left_beside(letter, found, old, new):
            done.add(letter.dead_letter_id)
        if letter.key_id or not _opens(lambda letter=letter: unseal(letter.body, old)):  # type: ignore[misc]
            continue
        sealed = seal_alone(replace(letter, part=0, parts=1), unseal(letter.body, old), new)
        records = [
            Outgoing(m.topic, partition_of(m.key, log.partitions(m.topic)), m.key.encode(), codec.encode(m.value))
            for m in messages(sealed)
        ]
        log.append_and_wait(records)
        done.add(letter.dead_letter_id)
    if done:
        work = Forgetting(log, codec, now=time.time_ns() // 1_000, seconds=seconds, say=lambda _: None)
        partitions = {copy.partition for name in done for copy in found.copies[name] if not copy.key_id}
        begin = work.wait_for_sink(DEAD_LETTERS.name, partitions)
        last = tombstones(work.records(DEAD_LETTERS.name))
        work.rewrite(DEAD_LETTERS.name, partitions, begin, lambda record: _kept(record, codec, done, last))
    return len(done)


def _left_beside(letter: DeadLetter, found: Letters, old: bytes, new: bytes) -> bool:
    """Tell whether an earlier run gave a letter its key, which can be used, and did not cut the old copy."""
    if all(copy.key_id for copy in found.copies[letter.dead_letter_id]):
        return False
    return any(_opens(lambda key=key: open_letter(letter, found.keys, key)) for key in (old, new))  # type: ignore[misc]


def _kept(record: Record, codec: Codec, done: set[str], last: Mapping[tuple[int, bytes], int]) -> bytes | None:
    value = kept(record, last)
    try:
        part = codec.decode(value, DeadLetter)
    except BadRecord:
        return value
    return None if part.dead_letter_id in done and not part.key_id else value


def _opens(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except BrokenSeal:
        return False
    return True
