"""The identity key, and the seal on dead letters: compressed, then AES-256-GCM under a key derived from it.

Sealing the same bytes twice gives the same seal (the nonce is a keyed hash of the clear text), so a delivery that comes
again is the same dead letter.
"""

from __future__ import annotations

import os
import secrets
import zlib
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import structs

from schemas.dead_letter import PART_BYTES, DeadLetter

KEY_FILE: Final = "identity.key"
"""The file in the data directory that holds the identity key in hex, mode 0600."""

_KEY_BYTES: Final = 32
_LEAST_KEY_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_MOST_CLEAR_BYTES: Final = 64 * 1024 * 1024


class BadIdentityKey(ValueError):  # noqa: N818 - a broken configuration, shown to whoever wrote it
    """There is no identity key, or it is no hex of at least 16 bytes; says where it stands, never what it is."""


class BrokenSeal(ValueError):  # noqa: N818 - the caller's fault: another key, or damaged bytes
    """Sealed bytes that this key does not open."""


def load_identity_key(configured: str, data: Path, *, may_make: bool = True) -> bytes:
    """Return the identity key: `configured` (hex), else that of `data`/identity.key, made (mode 0600) if absent.

    Several processes may call it at once and get the same key. On a cluster each would make its own, whose pseudonyms
    and seals no other knows: there none `may_make` one. Raises BadIdentityKey, OSError.
    """
    if configured:
        return _parse(configured, "VSM_IDENTITY_KEY")
    path = data / KEY_FILE
    if not path.exists():
        if not may_make:
            raise BadIdentityKey(
                f"VSM_IDENTITY_KEY is not set and {path} does not exist: give every process the same key, "
                "64 hexadecimal digits, kept for ever (`openssl rand -hex 32` makes one)"
            )
        _create(path)
    return _parse(path.read_text(encoding="ascii", errors="replace").strip(), str(path))


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


def _parse(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError as bad:
        raise BadIdentityKey(f"{where} must be hexadecimal") from bad
    if len(key) < _LEAST_KEY_BYTES:
        raise BadIdentityKey(f"{where} must hold at least {_LEAST_KEY_BYTES} bytes (32 hexadecimal digits)")
    return key


def _create(path: Path) -> None:
    """Write a new key beside and link it into place, so that whoever is second finds the first one's, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return
    finally:
        beside.unlink()
