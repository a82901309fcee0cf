"""Dead letters are sealed so that nobody reads names in them, and open again whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from schemas.dead_letter import PART_BYTES, DeadLetter, DeadLetterReason
from schemas.identity_key import BadIdentityKey, load_identity_key
from schemas.sealing import BrokenSeal, join, seal, split, unseal

KEY = bytes(range(32))


def letter(body: bytes) -> DeadLetter:
    """A dead letter of ingest with a sealed `body`."""
    return DeadLetter(
        dead_letter_id="d1", stage="ingest", tool="github", source="acme", reason=DeadLetterReason.UNTRANSLATABLE,
        detail="", received_at=1, size_bytes=1, body_hash="00", body=body,
    )  # fmt: skip


@settings(max_examples=30)
@given(st.binary(max_size=2000))
def test_sealed_opens_again(clear: bytes) -> None:
    """What was sealed comes out unchanged."""
    assert unseal(seal(clear, KEY), KEY) == clear


def test_names_are_not_readable() -> None:
    """A name in the body is not in the sealed bytes."""
    assert b"ada.lovelace" not in seal(b'{"login":"ada.lovelace"}' * 9, KEY)


def test_same_bytes_same_seal() -> None:
    """A delivery that comes twice is the same dead letter."""
    assert seal(b"again", KEY) == seal(b"again", KEY)


@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\x02" + b"0" * 40, b"\x01" + b"0" * 60, seal(b"x", b"k" * 32)])
def test_wrong_key_or_damage_is_told(damaged: bytes) -> None:
    """Damaged bytes and another key's seal are refused."""
    with pytest.raises(BrokenSeal):
        unseal(damaged, KEY)


def test_large_letter_comes_in_parts() -> None:
    """A letter above the limit is cut, and joined from its parts in any order with duplicates."""
    whole = letter(random.Random(1).randbytes(2 * PART_BYTES + 5))
    parts = split(whole)

    assert (len(parts), join((parts[2], *parts, parts[0]))) == (3, whole)


def test_small_letter_is_one_part() -> None:
    """A letter below the limit stays whole."""
    assert split(letter(b"abc")) == (letter(b"abc"),)


def test_missing_part_is_told() -> None:
    """A letter is never joined from some of its parts."""
    parts = split(letter(bytes(PART_BYTES + 1)))
    with pytest.raises(ValueError, match="missing"):
        join(parts[:1])


def test_parts_of_two_letters_are_told() -> None:
    """Parts of different letters do not join."""
    with pytest.raises(ValueError, match="different"):
        join((letter(b"a"), structs.replace(letter(b"b"), dead_letter_id="d2")))


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    """The first start makes the key, mode 0600; the next ones read it."""
    first = load_identity_key("", tmp_path / "data")
    again = load_identity_key("", tmp_path / "data")
    mode = (tmp_path / "data" / "identity.key").stat().st_mode & 0o777

    assert (again, mode, len(first)) == (first, 0o600, 32)


def test_configured_key_wins(tmp_path: Path) -> None:
    """On a cluster the key comes from the environment, and no file is made."""
    key = load_identity_key("ab" * 32, tmp_path)

    assert (key, list(tmp_path.iterdir())) == (b"\xab" * 32, [])


@pytest.mark.parametrize("configured", ["xyz", "ab", "é" * 64])
def test_bad_key_is_told_without_showing_it(configured: str, tmp_path: Path) -> None:
    """A key that is no hex or too short is refused, and not printed."""
    with pytest.raises(BadIdentityKey) as told:
        load_identity_key(configured, tmp_path)
    assert configured not in str(told.value).replace("hexadecimal", "").split()
