"""What `vsm backfill` and `vsm reconcile` say of options that are wrong: one line, and a status."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from ingest.history.history import Unit
from schemas.identity_key import load_identity_key
from schemas.sealing import seal, unseal
from tests.builders.recorded_api import Trouble, recording, serving
from vsm.cli import app
from vsm.history.checkpoints import Progress

STREAMS = """\
version: 1
sources:
  - {tool: github, name: acme, secret: {value: planted}}
  - {tool: jira, name: default, secret: {value: planted}}
value_streams:
  - {name: shop, select: ["*"]}
"""
GITHUB = ("github", "--repository", "acme/shop", "--source", "acme", "--since", "2026-03-01")
JIRA = ("jira", "--project", "CHK", "--since", "2026-03-01")
CASES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no place": (("github", "--repository", "shop", "--since", "2026-03-01"), 2, "'shop' is not a repository own"),
    "a query in a project": (
        ("jira", "--project", 'CHK") OR (1=1', "--since", "2026-03-01", "--api", "http://127.0.0.1:1"), 2, "is not a",
    ),
    "a path out of a repository": (
        ("github", "--repository", "acme/../x", "--since", "2026-03-01"), 2, "'acme/../x' is not a repository",
    ),
    "a repository of dots": (
        ("github", "--repository", "acme/..", "--since", "2026-03-01"), 2, "'acme/..' is not a repository",
    ),
    "no address of Jira": (JIRA, 2, "jira needs --api: the address of your site"),
    "no address": ((*JIRA, "--api", "ftp://jira"), 2, "--api is no address"),
    "a password in an address": ((*JIRA, "--api", "https://planted:pw@jira.invalid"), 2, "--api is no address"),
    "a time before all others": ((*GITHUB[:-1], "0001-01-01T00:00+05:00"), 2, "is before 1971 or after 2199"),
    "no time": ((*GITHUB[:-1], "yesterday"), 2, "--since: 'yesterday' is no time such as 2026-01-31"),
    "an end before the begin": ((*GITHUB, "--until", "2026-02-01"), 2, "--since is not before --until"),
    "no source": (
        ("github", "--repository", "acme/shop", "--since", "2026-03-01"), 2,
        "has no source github/default; its github sources: acme",
    ),
    "no token file": ((*GITHUB, "--token-file", "none"), 1, "none: No such file or directory"),
}  # fmt: skip


@pytest.mark.parametrize("command", ["backfill", "reconcile"])
@pytest.mark.parametrize("name", CASES)
def test_wrong_use_is_said(command: str, name: str, tmp_path: Path) -> None:
    """Nothing is asked of anybody."""
    arguments, status, line = CASES[name]
    (tmp_path / "streams.yaml").write_text(STREAMS)
    where = ("--config", str(tmp_path / "streams.yaml"), "--data", str(tmp_path / "data"))
    ended = CliRunner().invoke(app, [command, *arguments, *where])
    assert (ended.exit_code, line in ended.stderr) == (status, True), ended.stderr


def test_a_token_is_sent_and_never_shown(tmp_path: Path) -> None:
    """The API refuses it; the message names the question alone."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    (tmp_path / "token").write_text("planted-token\n")
    refusal = Trouble(status=401, body='{"message": "Bad credentials"}')
    with serving(recording("github/api"), {0: [refusal]}) as api:
        where = ("--config", str(tmp_path / "streams.yaml"), "--data", str(tmp_path / "data"), "--api", api.address)
        ended = CliRunner().invoke(app, ["backfill", *GITHUB, *where, "--token-file", str(tmp_path / "token")])
    said = "answered 401 to GET repos/acme/shop: Bad credentials"
    assert (ended.exit_code, said in ended.stderr, "planted-token" in ended.output, api.tokens) == (
        1, True, False, {"Bearer planted-token"},
    ), ended.stderr  # fmt: skip


@pytest.mark.parametrize("token", ["planted\ntoken", "planted-t\u00f6ken"])
def test_a_token_that_no_header_holds_is_wrong_use(token: str, tmp_path: Path) -> None:
    """Nothing is asked, and the token is not shown."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    (tmp_path / "token").write_text(token)
    where = ("--config", str(tmp_path / "streams.yaml"), "--data", str(tmp_path / "data"))
    ended = CliRunner().invoke(app, ["backfill", *GITHUB, *where, "--token-file", str(tmp_path / "token")])
    shown = "planted" in ended.output or "planted" in ended.stderr
    assert (ended.exit_code, "a token is one line of ASCII" in ended.stderr, shown) == (2, True, False), ended.stderr


def test_an_answer_of_another_shape_ends_it(tmp_path: Path) -> None:
    """What was asked is named, no value."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    with serving(recording("github/api"), {0: [Trouble(status=200, body='{"name": "planted-shop"}')]}) as api:
        where = ("--config", str(tmp_path / "streams.yaml"), "--data", str(tmp_path / "data"), "--api", api.address)
        ended = CliRunner().invoke(app, ["backfill", *GITHUB, *where])
    said = "the answer to GET repos/acme/shop is not as expected (no 'full_name')"
    assert (ended.exit_code, said in ended.stderr, "planted-shop" in ended.output) == (1, True, False), ended.stderr


def test_what_another_version_left_is_begun_anew(tmp_path: Path) -> None:
    """Units that this version does not know cannot be gone on with, and what is known already changes nothing."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    where = ("--config", str(tmp_path / "streams.yaml"), "--data", str(tmp_path / "data"))
    with serving(recording("github/api", size=1)) as api:
        arguments = ["backfill", *GITHUB[:-1], "2026-04-02", *where, "--api", api.address]
        api.refuse = "/releases"
        CliRunner().invoke(app, arguments)
        (file,) = (tmp_path / "data" / "backfill").iterdir()
        key = load_identity_key("", tmp_path / "data")
        left = msgspec.json.decode(unseal(file.read_bytes(), key), type=Progress)
        left.pending.append(Unit("of another version"))
        file.write_bytes(seal(msgspec.json.encode(left), key))
        api.refuse = ""
        ended = CliRunner().invoke(app, arguments)
    assert (ended.exit_code, "going on where" in ended.stderr) == (0, False), ended.output + ended.stderr


def test_a_run_without_an_end_goes_on_to_the_end_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left out, the end is now; given again a day later, the command still does what the first run had begun."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    where = ("--config", str(tmp_path / "streams.yaml"), "--data", str(tmp_path / "data"))
    with serving(recording("github/api", size=1)) as api:
        arguments = ["backfill", *GITHUB[:-1], "2026-04-02", *where, "--api", api.address]
        api.refuse = "/releases"
        monkeypatch.setenv("VSM_CLOCK", "2026-05-01T00:00:00Z")
        first = CliRunner().invoke(app, arguments)
        api.refuse = ""
        monkeypatch.setenv("VSM_CLOCK", "2026-05-02T00:00:00Z")
        second = CliRunner().invoke(app, arguments)
    said = "going on where the last run was interrupted" in second.stderr, "up to 2026-05-01T00:00" in second.stdout
    assert (first.exit_code, second.exit_code, said) == (1, 0, (True, True)), first.stderr + second.output
