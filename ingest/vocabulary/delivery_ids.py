"""A delivery's id where the tool sends none; pure."""

from __future__ import annotations

import hashlib
from typing import Final

from ingest.adapter import Headers

MOST_CHARACTERS: Final = 128


def delivery_id(told: str | None, body: bytes) -> str:
    """Return the id the tool gave, or the body's hash where it gave none that is usable."""
    return told if told and len(told) <= MOST_CHARACTERS else body_hash(body)


def body_hash(body: bytes) -> str:
    """Return the id of a delivery without one: 32 hex digits of its body's SHA-256, the same for a second sending."""
    return hashlib.sha256(body).hexdigest()[:32]


def hashed_body(_headers: Headers, body: bytes) -> str:
    """Return the id of a delivery of a tool that never sends one, as an adapter asks for it."""
    return body_hash(body)
