"""`vsm map-test`, and the page on mappings, which is executed as it stands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.mapping import COMPANIONS, READERS
from schemas.mapping_values_text import KINDS, LINK_KINDS, VALUE_KEYS
from schemas.mappings_text import ACTOR_KEYS, EVENT_KEYS, MAPPING_KEYS, PROOF_KEYS, SCHEMES
from tests.builders.mappings import a_rule, mapping_text
from vsm.cli import app

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
