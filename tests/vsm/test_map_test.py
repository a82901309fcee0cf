"""`vsm map-test`, and the page on mappings, which is executed as it stands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.definition_file import parse
from schemas.mapping import COMPANIONS, READERS
from schemas.mapping_values_text import KINDS, LINK_KINDS, VALUE_KEYS
from schemas.mappings_text import ACTOR_KEYS, EVENT_KEYS, MAPPING_KEYS, PROOF_KEYS, SCHEMES
from tests.builders.mappings import a_rule, mapping_text
from vsm.cli import app
from vsm.notes import notes

PAGE = (Path(__file__).parents[2] / "docs" / "tools" / "mapping.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^```console\n\$ vsm ([^\n]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
KEYS = {
    *MAPPING_KEYS, *PROOF_KEYS, *EVENT_KEYS, *ACTOR_KEYS, *VALUE_KEYS, *SCHEMES, *KINDS, *LINK_KINDS, *READERS,
    *COMPANIONS.values(),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder to work in, with the page's files."""
    for name, text in FILES:
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["map-test", *arguments])


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=range(len(SHOWN)))
def test_the_page_shows_what_is_printed(folder: Path, command: str, output: str) -> None:
    """Each command of the page prints what stands below it."""
    assert folder.exists()
    found = CliRunner().invoke(app, shlex.split(command))
    assert (found.exit_code, found.output) == (0, output)


def test_the_page_has_commands() -> None:
    """So that the test above tests something."""
    assert (len(FILES), len(SHOWN)) == (3, 2)


def test_the_page_explains_every_key() -> None:
    """Each key, scheme, kind of entity and link stands in its prose."""
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert KEYS - set(re.findall(r"\w+", prose)) == set()


def test_json_is_the_events_alone(folder: Path) -> None:
    """One a line, with the stream that claims it."""
    found = ran("value-streams.yaml", "rollout.json", "--header", "x-acme-event: rollout.changed", "--json")
    lines = [json.loads(line) for line in found.output.splitlines()]
    assert (folder.exists(), [(line["type"], line["value_stream"]) for line in lines]) == (
        True, [("service.deployed", "shop")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "body", "status", "said"),
    [
        ("when: {$.a: x}", {"a": "y"}, 0, "$.a is 'y', wanted x"),
        ("when: {$.a: '*'}", {}, 0, "$.a is nothing, wanted anything"),
        ("unless: {$.a: y}", {"a": "y"}, 0, "$.a is 'y', and 'unless' asks for no y"),
        ("each: '$.a[*]'", {"a": []}, 0, "$.a[*] finds no element"),
        ("when: {$.a: x}", {"a": "y"}, 0, "ignored: no rule of the mapping speaks of it"),
        ("", {"id": "12"}, 1, "dead letter: $.at is missing"),
        ("", {"id": {"a": 1}, "at": 1}, 1, "untranslatable: $.id is missing"),
        ("", {"id": [1]}, 1, "dead letter: Expected `array` of length 0 - at `$.id`"),
        ("", "{", 1, "refused: body is not JSON"),
        ("", "[" * 5_000, 1, "refused: body is nested too deep"),
    ],
)
def test_says_why_there_is_no_event(tmp_path: Path, rule: str, body: object, status: int, said: str) -> None:
    """By rule, path and reason."""
    (tmp_path / "one.yaml").write_text(mapping_text(a_rule(rule)))
    (tmp_path / "body.json").write_text(body if isinstance(body, str) else json.dumps(body))
    found = ran(str(tmp_path / "one.yaml"), str(tmp_path / "body.json"))
    assert (found.exit_code, said in found.output) == (status, True)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ("value-streams.yaml", "build.json", "--tool", "acmeci"),
            2,
            "value-streams.yaml maps acmeship, and not acmeci",
        ),
        (("value-streams.yaml", "build.json", "--header", "x"), 2, "'x' is no header: write 'Name: value'"),
        (("value-streams.yaml", "gone.json"), 1, "gone.json: No such file or directory"),
        (("build.json", "build.json"), 1, "build.json:2:3: id: unknown key"),
        (("none.yaml", "build.json"), 2, "none.yaml maps no tool"),
        (("value-streams.yaml",), 2, "Missing argument"),
    ],
)
def test_wrong_use_is_told(folder: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    """With what to do."""
    (folder / "none.yaml").write_text("version: 1\nvalue_streams: [{name: all, select: ['*']}]\n")
    found = ran(*arguments)
    assert (found.exit_code, said in found.output) == (status, True)


@pytest.mark.parametrize(
    ("rule", "note"),
    [
        ("type: change.created, subject: {change: $.id}", "mappings.acmeci.events[0]: change.created says no state"),
        ("type: change.created, subject: {change: $.id}, state: ready", None),
        ("type: service.deployed, subject: {deployment: $.id}", "service.deployed says no outcome"),
        ("type: service.deployed, subject: {deployment: $.id}, outcome: success", None),
        ("", "mappings.acmeci: no source is of this tool, so nothing of it comes in"),
    ],
)
def test_what_is_likely_not_meant_is_noted(rule: str, note: str | None) -> None:
    """`vsm check` says what a mapping leaves out that the numbers ask for."""
    source = "" if note and "no source" in note else "sources: [{tool: acmeci, name: a, insecure: true}]\n"
    found = list(notes(parse(mapping_text(a_rule(rule)) + source)))
    assert (len(found), note is None or note in found[0]) == (int(note is not None), True)


def test_check_counts_mappings(folder: Path) -> None:
    """Beside streams and sources."""
    found = CliRunner().invoke(app, ["check", "value-streams.yaml"])
    assert (folder.exists(), found.exit_code, "1 value streams, 1 sources, 1 mappings" in found.output) == (
        True,
        0,
        True,
    )
