"""Destroys dead letters: their keys first, then their rows, then their bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.dead_letters import opened
from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter, LetterKey
from schemas.event import FlowEvent
from schemas.identity import pseudonym
from schemas.letter_keys import name_of, open_letter
from schemas.log import Log, Outgoing, Record
from schemas.sealing import BrokenSeal
from schemas.topics import DEAD_LETTERS, LETTER_KEYS, partition_of
from vsm.erasure.forgetting import Forgetting
from vsm.erasure.letters import Letters

LETTERS: Final = DEAD_LETTERS.name


class Doomed(Struct, frozen=True, kw_only=True):
    """Letters to be destroyed, the keys to be destroyed with them, and how many letters could not be looked into."""

    letters: Sequence[DeadLetter]
    keys: Sequence[LetterKey]
    closed: int = 0


def of_source(found: Letters, tool: str, source: str) -> Doomed:
    """Return the letters of a source, and every key that was made for it."""
    letters = [one for one in found.whole if (one.tool, one.source) == (tool, source)]
    keys = [key for key in found.keys.values() if (key.tool, key.source) == (tool, source)]
    return Doomed(letters=letters, keys=keys)


def of_account(found: Letters, codec: Codec, tool: str, account: str, identity_key: bytes) -> Doomed:
    """Return the letters of a tool, and those of no tool known, in which an account stands."""
    letters, closed = [], 0
    actor = pseudonym(identity_key, tool, account)
    for one in found.whole:
        if one.tool not in {tool, ""}:
            continue
        try:
            held = _holds(one, found, codec, account, actor, identity_key)
        except BrokenSeal:
            closed += 1
        else:
            letters += [one] if held else []
    ids = {copy.key_id for one in letters for copy in found.copies[one.dead_letter_id]}
    return Doomed(letters=letters, keys=[key for key in found.keys.values() if key.key_id in ids], closed=closed)


def destroy(log: Log, doomed: Doomed, found: Letters, work: Forgetting, say: Callable[[str], None]) -> None:
    """Destroy letters with all that is kept of them, and what an earlier run left. Raises NotObeyed, LogUnavailable."""
    count = log.partitions(LETTER_KEYS.name)
    names = [name_of(key) for key in doomed.keys]
    log.append_and_wait([Outgoing(LETTER_KEYS.name, partition_of(name, count), name.encode(), None) for name in names])
    say(f"{len(names):>8}  keys of dead letters destroyed")
    copies = {(c.partition, c.letter_id) for one in doomed.letters for c in found.copies[one.dead_letter_id]}
    partitions = found.tombstones | {place for place, _ in copies}
    if not partitions:
        return
    log.append_and_wait([Outgoing(LETTERS, place, name.encode(), None) for place, name in sorted(copies)])
    begin = work.wait_for_sink(LETTERS, partitions)
    last = tombstones(work.records(LETTERS))
    work.rewrite(LETTERS, partitions, begin, lambda record: kept(record, last))
    say(f"{len(doomed.letters):>8}  dead letters deleted")


def tombstones(records: Iterable[Record]) -> Mapping[tuple[int, bytes], int]:
    """Return where the last record without a value lies, by partition and key."""
    return {(record.partition, record.key): record.offset for record in records if record.value is None}


def kept(record: Record, last: Mapping[tuple[int, bytes], int]) -> bytes | None:
    """Return a record's value, None where a later record without one deletes it."""
    return None if record.offset < last.get((record.partition, record.key), -1) else record.value


def _holds(letter: DeadLetter, found: Letters, codec: Codec, account: str, actor: str, identity_key: bytes) -> bool:
    if letter.topic is None:
        return mentions(opened(letter, found.keys, identity_key).body, account)
    clear = open_letter(letter, found.keys, identity_key)
    try:
        return codec.decode(clear, FlowEvent).actor == actor
    except BadRecord:
        return actor.encode() in clear or mentions(clear, account)


def mentions(body: bytes, account: str) -> bool:
    """Tell whether an account stands in a body: as a whole string or number of JSON, else as a word of its bytes."""
    try:
        return any(value == account for value in _scalars(msgspec.json.decode(body)))
    except (msgspec.DecodeError, RecursionError):
        word = re.escape(account.encode())
        return re.search(rb"(?<![0-9A-Za-z_-])" + word + rb"(?![0-9A-Za-z_-])", body) is not None


def _scalars(body: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    ahead = [body]
    while ahead:
        match ahead.pop():
            case dict() as fields:
                ahead += fields.values()
                ahead += fields.keys()
            case list() as elements:
                ahead += elements
            case bool() | None:
                pass
            case scalar:
                yield str(scalar)
