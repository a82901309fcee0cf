"""The identity key, from which pseudonyms and seals are derived: as configured, or in a file that is made once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

_KEY_FILE: Final = "identity.key"
OLD_KEY_FILE: Final = f"{_KEY_FILE}.old"
"""Where the key before the last is kept until it is of no use any more."""

_KEY_BYTES: Final = 32
_LEAST_KEY_BYTES: Final = 16


class BadIdentityKey(ValueError):  # noqa: N818 - a broken configuration, shown to whoever wrote it
    """There is no identity key, or it is no hex of at least 16 bytes; says where it stands, never what it is."""


def load_identity_key(configured: str, data: Path, *, may_make: bool = True) -> bytes:
    """Return the identity key: `configured` (hex), else that of `data`/identity.key, made (mode 0600) if absent.

    Several processes may call it at once and get the same key. On a cluster each would make its own, whose pseudonyms
    and seals no other knows: there none `may_make` one. Raises BadIdentityKey, OSError.
    """
    if configured:
        return _parse(configured, "VSM_IDENTITY_KEY")
    path = data / _KEY_FILE
    if not path.exists():
        if not may_make:
            raise BadIdentityKey(
                f"VSM_IDENTITY_KEY is not set and {path} does not exist: give every process the same key, "
                "64 hexadecimal digits, kept for ever (`openssl rand -hex 32` makes one)"
            )
        _create(path)
    return read_key_file(path)


def read_key_file(path: Path) -> bytes:
    """Return the key that a file holds in hexadecimal. Raises BadIdentityKey, OSError."""
    return _parse(path.read_text(encoding="ascii", errors="replace").strip(), str(path))


def replace_key(data: Path, key: bytes) -> None:
    """Put a key in the place of `data`/identity.key; the one that was there stays beside it, as identity.key.old.

    Raises OSError.
    """
    path = data / _KEY_FILE
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    old = path.with_name(OLD_KEY_FILE)
    old.unlink(missing_ok=True)
    os.link(path, old)
    fresh.replace(path)


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
