"""A dead letter: what could not be translated or processed, kept whole and sealed until it can be tried again."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

PART_BYTES: Final = 900_000
"""The largest body of one part; a larger dead letter is written in several parts of the same id."""


class DeadLetterReason(StrEnum):
    """Why it could not be handled."""

    UNTRANSLATABLE = "untranslatable"
    BAD_RECORD = "bad_record"
    UNKNOWN_SCHEMA = "unknown_schema"
    STEP_FAILED = "step_failed"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One part of one dead letter.

    `body` is compressed and sealed; `size_bytes` and `body_hash` (SHA-256, hex) are of the clear body. `stage` is
    `ingest`
    or `processors`; the latter gives `topic`, `partition`, `offset` of the record. `detail` says where and what, and
    holds
    nothing of the body but field names. `key_id` names the letter's own key in `vsm.keys.v1`; '' in old letters, which
    were sealed under a key derived from the identity key.
    """

    dead_letter_id: str
    part: int = 0
    parts: int = 1
    stage: str
    tool: str
    source: str
    event_type: str = ""
    delivery_id: str = ""
    reason: DeadLetterReason
    detail: str
    received_at: int
    size_bytes: int
    body_hash: str
    body: bytes
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    key_id: str = ""


class LetterKey(Struct, frozen=True, kw_only=True):
    """The key of one dead letter, itself sealed under the identity key.

    `tool` and `source` are the letter's; a tombstone in its place destroys it, and the letter with it.
    """

    tool: str
    source: str
    key_id: str
    sealed: bytes
