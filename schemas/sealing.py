"""The seal on dead letters: compressed, then AES-256-GCM under a key derived from the identity key; pure.

Sealing the same bytes twice gives the same seal (the nonce is a keyed hash of the clear text), so a delivery that comes
again is the same dead letter.
"""

from __future__ import annotations

import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import structs

from schemas.dead_letter import PART_BYTES, DeadLetter

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_MOST_CLEAR_BYTES: Final = 64 * 1024 * 1024


class BrokenSeal(ValueError):  # noqa: N818 - the caller's fault: another key, or damaged bytes
    """Sealed bytes that this key does not open."""


def seal(clear: bytes, identity_key: bytes) -> bytes:
    """Return `clear` compressed and sealed; deterministic."""
    key = _derive(identity_key, b"vsm dead letter seal")
    keyed = hmac.HMAC(_derive(identity_key, b"vsm dead letter nonce"), hashes.SHA256())
    keyed.update(clear)
    nonce = keyed.finalize()[:_NONCE_BYTES]
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, zlib.compress(clear, 6), _VERSION)


def unseal(sealed: bytes, identity_key: bytes) -> bytes:
    """Return what `seal` was given. Raises BrokenSeal for another key, damaged bytes or a body beyond 64 MiB."""
    if sealed[:1] != _VERSION or len(sealed) <= 1 + _NONCE_BYTES:
        raise BrokenSeal("not a sealed body")
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        packed = AESGCM(_derive(identity_key, b"vsm dead letter seal")).decrypt(nonce, rest, _VERSION)
        inflater = zlib.decompressobj()
        clear = inflater.decompress(packed, _MOST_CLEAR_BYTES)
    except (InvalidTag, zlib.error) as bad:
        raise BrokenSeal("the body was sealed under another key, or is damaged") from bad
    if inflater.unconsumed_tail:
        raise BrokenSeal("the body is larger than 64 MiB")
    return clear


def split(letter: DeadLetter) -> tuple[DeadLetter, ...]:
    """Return a letter with its whole sealed body as parts of at most 900 kB; one part when it fits."""
    if len(letter.body) <= PART_BYTES:
        return (structs.replace(letter, part=0, parts=1),)
    pieces = [letter.body[at : at + PART_BYTES] for at in range(0, len(letter.body), PART_BYTES)]
    return tuple(
        structs.replace(letter, part=number, parts=len(pieces), body=piece) for number, piece in enumerate(pieces)
    )


def join(parts: tuple[DeadLetter, ...]) -> DeadLetter:
    """Return the letter that `split` was given, from its parts in any order, duplicates allowed.

    Raises ValueError when parts are missing or of different letters.
    """
    by_number = {part.part: part for part in parts}
    if not parts or len({(p.dead_letter_id, p.parts) for p in parts}) != 1 or len(by_number) != parts[0].parts:
        raise ValueError("parts are missing or of different dead letters")
    body = b"".join(by_number[number].body for number in range(parts[0].parts))
    return structs.replace(parts[0], part=0, parts=1, body=body)


def _derive(identity_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(identity_key)
