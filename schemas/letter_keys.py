"""A key for every dead letter, so that one can be destroyed alone.

The letter's key is sealed under the identity key and kept in `vsm.keys.v1`. Whoever destroys it there (a tombstone)
destroys the letter, wherever copies of it lie. A new identity key seals the same keys anew and touches no letter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct, structs

from schemas.dead_letter import DeadLetter, LetterKey
from schemas.sealing import BrokenSeal, seal, split, unseal
from schemas.topics import DEAD_LETTERS, LETTER_KEYS

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ID_DIGITS: Final = 32
_NUL: Final = "\0"


class KeyDestroyed(BrokenSeal):
    """The letter's own key is no longer there: nobody can open it any more."""


class Sealed(Struct, frozen=True):
    """A whole letter and the key that it alone is sealed under. The letter is of no use before its key is durable."""

    letter: DeadLetter
    key: LetterKey


class Message(Struct, frozen=True, gc=False):
    """A value, its topic and the key of its record."""

    topic: str
    key: str
    value: Struct


def seal_alone(letter: DeadLetter, clear: bytes, identity_key: bytes) -> Sealed:
    """Return the letter with `clear` as its body, sealed under a new key of its own."""
    own = AESGCM.generate_key(bit_length=8 * _KEY_BYTES)
    key_id = hashlib.sha256(own).hexdigest()[:_ID_DIGITS]
    named = LetterKey(tool=letter.tool, source=letter.source, key_id=key_id, sealed=b"")
    return Sealed(structs.replace(letter, body=seal(clear, own), key_id=key_id), _wrapped(named, own, identity_key))


def open_letter(letter: DeadLetter, keys: Mapping[str, LetterKey], identity_key: bytes) -> bytes:
    """Return what a whole letter was sealed around; `keys` are those that are left, by their ids.

    Raises KeyDestroyed, and BrokenSeal for another identity key or damaged bytes.
    """
    if not letter.key_id:
        return unseal(letter.body, identity_key)
    key = keys.get(letter.key_id)
    if key is None:
        raise KeyDestroyed("its key was destroyed: nobody can open it any more")
    return unseal(letter.body, _unwrapped(key, identity_key))


def sealed_anew(key: LetterKey, old: bytes, new: bytes) -> LetterKey:
    """Return a letter's key as sealed under a new identity key. Raises BrokenSeal where `old` does not open it."""
    return _wrapped(key, _unwrapped(key, old), new)


def messages(sealed: Sealed) -> list[Message]:
    """Return what is written of a letter: its key, then its parts."""
    key, letter = sealed.key, sealed.letter
    parts = [Message(DEAD_LETTERS.name, letter.dead_letter_id, part) for part in split(letter)]
    return [Message(LETTER_KEYS.name, name_of(key), key), *parts]


def name_of(key: LetterKey) -> str:
    """Return the key of its record: tool NUL source NUL id."""
    return _NUL.join((key.tool, key.source, key.key_id))


def _wrapped(key: LetterKey, own: bytes, identity_key: bytes) -> LetterKey:
    keyed = hmac.HMAC(_derive(identity_key, b"vsm letter key nonce"), hashes.SHA256())
    keyed.update(own)
    nonce = keyed.finalize()[:_NONCE_BYTES]
    cipher = AESGCM(_derive(identity_key, b"vsm letter key"))
    return structs.replace(key, sealed=nonce + cipher.encrypt(nonce, own, name_of(key).encode()))


def _unwrapped(key: LetterKey, identity_key: bytes) -> bytes:
    nonce, rest = key.sealed[:_NONCE_BYTES], key.sealed[_NONCE_BYTES:]
    try:
        return AESGCM(_derive(identity_key, b"vsm letter key")).decrypt(nonce, rest, name_of(key).encode())
    except (InvalidTag, ValueError) as bad:
        raise BrokenSeal("its key was sealed under another identity key, or is damaged") from bad


def _derive(identity_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(identity_key)
