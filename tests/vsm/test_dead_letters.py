"""`vsm dead-letters list|show`: letters as they are, and nothing left in the directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.adapter import Delivery
from ingest.dead_letters import Refused, dead_letter
from schemas.codec import Codec
from schemas.letter_keys import messages
from schemas.log import Outgoing
from schemas.log_local import LocalLog
from schemas.topics import LETTER_KEYS
from tests.builders.command import on_terminal, vsm
from tests.builders.ingester import KEY

BODY = 'root:x:0:0 :warning: [main] [/] [bold]fat[/bold] "\x1b]0;title\x07"\r\nend'
DETAIL = "field 'branch[0]' of :smile: is missing, " + "and so on " * 30


def delivery(body: bytes) -> Delivery:
    """A delivery of GitHub's."""
    return Delivery(
        tool="github", source="acme", headers={"x-github-event": "[push]"}, body=body,
        url="/webhooks/github/acme", received_at=1_767_225_600_000_000,
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with one dead letter, full of what looks like markup."""
    sealed = dead_letter(delivery(BODY.encode()), Refused(detail=DETAIL, event_type="[push]"), [], bytes.fromhex(KEY))
    log = LocalLog(tmp_path / "log")
    log.append_and_wait([Outgoing(m.topic, 0, m.key.encode(), Codec().encode(m.value)) for m in messages(sealed)])
    log.close()
    return tmp_path


def test_a_letter_is_shown_as_it_came(data: Path) -> None:
    """Off a terminal its headers and its body stand there byte by byte."""
    done = vsm("dead-letters", "show", "all", "--data", data, VSM_IDENTITY_KEY=KEY)
    headers = "POST /webhooks/github/acme\nx-github-event: [push]\n"
    assert (done.returncode, done.stdout.partition("\n")[2]) == (0, headers + BODY.replace("\r\n", "\n") + "\n")


def test_a_letter_steers_no_terminal(data: Path) -> None:
    """On a terminal its control characters are spelled out."""
    status, said = on_terminal("dead-letters", "show", "all", "--data", data, columns=80, VSM_IDENTITY_KEY=KEY)
    assert (status, "\x1b]0" in said, r"\x1b]0;title\x07" in said, "root:x:0:0 :warning: [main] [/]" in said) == (
        0, False, True, True,
    )  # fmt: skip


def test_the_list_is_whole_off_a_terminal(data: Path) -> None:
    """A line a letter, nothing cut."""
    done = vsm("dead-letters", "list", "--data", data)
    (line,) = [line for line in done.stdout.splitlines() if "github/acme" in line]
    assert (done.returncode, DETAIL.strip() in line, "[push]" in line, "…" in done.stdout) == (0, True, True, False)


def test_looking_leaves_nothing_behind(data: Path) -> None:
    """No lock of a reader that has gone."""
    vsm("dead-letters", "list", "--data", data)
    assert list((data / "log").glob("group-*")) == []


def test_a_letter_whose_key_was_destroyed_is_opened_no_more(data: Path) -> None:
    """It is still listed; whoever wants to see it or send it again is told why nobody can, and gets the others."""
    log = LocalLog(data / "log")
    (key,) = log.read_compacted(LETTER_KEYS.name, 0)
    log.append_and_wait([Outgoing(LETTER_KEYS.name, 0, key.key, None)])
    again = messages(dead_letter(delivery(b"another"), Refused(detail="no"), [], bytes.fromhex(KEY)))
    log.append_and_wait([Outgoing(m.topic, 0, m.key.encode(), Codec().encode(m.value)) for m in again])
    log.close()
    listed = vsm("dead-letters", "list", "--data", data)
    shown = vsm("dead-letters", "show", "all", "--data", data, VSM_IDENTITY_KEY=KEY)
    said = ("its key was destroyed" in shown.stderr, "another" in shown.stdout)
    assert (listed.returncode, shown.returncode, said) == (0, 1, (True, True))
