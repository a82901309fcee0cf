"""Old and new dead letters under a new identity key, without a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from schemas.codec import Codec
from schemas.dead_letter import DeadLetter, LetterKey
from schemas.letter_keys import messages, open_letter, seal_alone
from schemas.log import Log, LogUnavailable, Outgoing
from schemas.log_local import LocalLog
from schemas.sealing import BrokenSeal, seal
from schemas.topics import DEAD_LETTERS
from tests.builders.derived_rows import letter
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.erasure.letters import read_letters
from vsm.erasure.rotation import Rotated, rotate
from vsm.scanning import scanned

CODEC = Codec()
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


class Interrupted(LocalLog):
    """A log that can go away when records are to be deleted."""

    broken = False

    def delete_before(self, topic: str, offsets: Sequence[int]) -> None:
        """Delete, unless told to be away."""
        if self.broken:
            raise LogUnavailable("told to be away")
        super().delete_before(topic, offsets)


def put(log: Log, name: str, clear: bytes, identity_key: bytes) -> None:
    """Append a letter under a key of its own."""
    made = messages(seal_alone(letter(name), clear, identity_key))
    log.append_and_wait([Outgoing(m.topic, 0, m.key.encode(), CODEC.encode(m.value)) for m in made])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Interrupted]:
    """A log with a letter as older releases sealed it, one of today, and one of a key that nobody has."""
    log = Interrupted(tmp_path / "log", 1)
    ancient = replace(letter("ancient"), body=seal(b"of old", OLD))
    log.append_and_wait([Outgoing(DEAD_LETTERS.name, 0, b"ancient", CODEC.encode(ancient))])
    put(log, "today", b"of today", OLD)
    put(log, "strange", b"of others", OTHER)
    yield log
    log.close()


def opened(log: Log, identity_key: bytes) -> dict[str, bytes | None]:
    """Return what each letter holds, None where it cannot be opened."""
    found = read_letters(log, CODEC)
    return {one.dead_letter_id: _opened(one, found.keys, identity_key) for one in found.whole}


def _opened(one: DeadLetter, keys: Mapping[str, LetterKey], identity_key: bytes) -> bytes | None:
    try:
        return open_letter(one, keys, identity_key)
    except BrokenSeal:
        return None


def test_every_letter_of_the_old_key_is_opened_by_the_new_one(log: LocalLog) -> None:
    """Also one that was sealed under the identity key itself; the old key opens none any more."""
    rotate(log, CODEC, OLD, NEW, 5.0)

    assert (opened(log, NEW), opened(log, OLD)) == (
        {"ancient": b"of old", "today": b"of today", "strange": None},
        {"ancient": None, "today": None, "strange": None},
    )


def test_it_may_be_said_again(log: LocalLog) -> None:
    """The second time nothing is left to be done, but for what neither key opens."""
    said = [rotate(log, CODEC, OLD, NEW, 5.0) for _ in range(2)]

    assert said == [Rotated(keys=1, letters=1, already=0, left=1), Rotated(keys=0, letters=0, already=2, left=1)]


def test_what_the_old_key_sealed_is_nowhere_any_more(log: LocalLog, tmp_path: Path) -> None:
    """Neither the old letter's body nor the seals of keys: who holds the old key and the files opens nothing."""
    found = read_letters(log, CODEC)
    old = [key.sealed for key in found.keys.values() if key.source == "acme"]
    body = seal(b"of old", OLD)
    rotate(log, CODEC, OLD, NEW, 5.0)

    files = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert (body in files, sum(sealed in files for sealed in old)) == (False, 1)


def test_an_old_copy_that_an_interrupted_run_left_goes_with_the_next(log: Interrupted, tmp_path: Path) -> None:
    """The letter has its new key already; the old key must open the copy beside it no more."""
    log.broken = True
    with pytest.raises(LogUnavailable):
        rotate(log, CODEC, OLD, NEW, 5.0)
    log.broken = False
    body = CODEC.decode(next(iter(scanned(log, DEAD_LETTERS.name))).value, DeadLetter).body
    rotate(log, CODEC, OLD, NEW, 5.0)

    files = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert (body in files, opened(log, NEW)["ancient"]) == (False, b"of old")


def test_a_letter_that_was_deleted_stays_so(log: LocalLog) -> None:
    """What lies before a record without value is not written anew behind it."""
    put(log, "gone", b"of nobody", OLD)
    log.append_and_wait([Outgoing(DEAD_LETTERS.name, 0, b"gone", None)])
    rotate(log, CODEC, OLD, NEW, 5.0)

    assert set(opened(log, NEW)) == {"ancient", "today", "strange"}


def test_an_old_copy_stays_where_the_new_one_has_a_key_that_nobody_has(log: Interrupted) -> None:
    """A run for another key was stopped, and that key was thrown away: the old copy is the only one to be read."""
    log.broken = True
    with pytest.raises(LogUnavailable):
        rotate(log, CODEC, OLD, OTHER, 5.0)
    log.broken = False
    old = next(iter(scanned(log, DEAD_LETTERS.name))).value
    rotate(log, CODEC, OLD, NEW, 5.0)

    assert old in [record.value for record in scanned(log, DEAD_LETTERS.name)]


def test_a_rotation_is_refused_while_something_is_forgotten(log: LocalLog, tmp_path: Path) -> None:
    """It would bring back what is being removed; nothing is sealed anew."""
    folder = DataDir(tmp_path)
    folder.make()
    new = tmp_path / "new.key"
    new.write_text(NEW.hex())
    new.chmod(0o600)
    before = read_letters(log, CODEC)
    with folder.rewriting():
        done = CliRunner().invoke(app, ["rotate-key", "--new-key-file", str(new), "--data", str(tmp_path)])

    assert (done.exit_code, "another `vsm forget`" in done.output, read_letters(log, CODEC)) == (1, True, before)
