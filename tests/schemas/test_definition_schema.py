"""The JSON Schema and the reader are two forms of one thing: what one takes, the other takes; unknown keys neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.organisation import definition_yaml
from schemas.calendar_text import CALENDAR_KEYS
from schemas.definition import SELECTABLE
from schemas.definition_file import COST_KEYS, ROOT_KEYS, STREAM_KEYS, BadDefinition, parse
from schemas.definition_schema import SHIPPED, schema, schema_text
from schemas.mapping import READERS
from schemas.mapping_values_text import BESIDE, KINDS, LINK_KINDS, VALUE_KEYS
from schemas.mappings_text import ACTOR_KEYS, EVENT_KEYS, MAPPING_KEYS, PROOF_KEYS
from schemas.services_text import SERVICE_KEYS
from schemas.sources_text import SECRET_KEYS, SOURCE_KEYS
from schemas.steps_text import RULE_KEYS, STEP_KEYS
from tests.builders.ingester import CONFIG
from tests.builders.value_stream_files import EVERY_KEY, plain, schema_problems
from vsm.data_dir import DataDir
from vsm.one_machine.defaults import write_default_config

ROOT = Path(__file__).parents[2]
SCHEMA = schema()
FREE = ("where", "environments", "targets", "when", "unless", "attributes", "quantities", "map")


def takes(text: str) -> tuple[bool, bool]:
    """Return whether the reader takes a file, and whether the schema does."""
    try:
        parse(text)
    except BadDefinition:
        return False, schema_problems(SCHEMA, plain(text)) == []
    return True, schema_problems(SCHEMA, plain(text)) == []


def test_the_shipped_file_is_what_the_code_says() -> None:
    """schemas/value-streams.schema.json is up to date; `make docs-write` renews it."""
    assert SHIPPED.read_text(encoding="utf-8") == schema_text()


def test_the_shipped_file_is_a_schema() -> None:
    """It holds to its own dialect."""
    jsonschema.Draft7Validator.check_schema(json.loads(SHIPPED.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        EVERY_KEY,
        CONFIG,
        definition_yaml(),
        (ROOT / "deploy" / "value-streams.yaml").read_text(encoding="utf-8"),
        "version: 1\nsources:\nservices:\nvalue_streams: [{name: a, select: ['*'], targets: }]\n",
    ],
)
def test_what_the_reader_takes_the_schema_takes(text: str) -> None:
    """Every good file of this repository holds to the schema."""
    assert takes(text) == (True, True)


def test_the_file_of_a_first_start_holds_to_the_schema(tmp_path: Path) -> None:
    """So does what `vsm up` makes where there is none."""
    folder = DataDir(tmp_path)
    write_default_config(folder)
    assert takes(folder.config.read_text(encoding="utf-8")) == (True, True)


def objects(part: Any, name: str = "") -> Iterator[tuple[str, frozenset[str]]]:  # noqa: ANN401 - a part of a schema
    """Yield the keys of every closed object of the schema."""
    if isinstance(part, dict):
        if part.get("additionalProperties") is False:
            yield name, frozenset(part["properties"])
        for key, inner in part.items():
            yield from objects(inner, key)
    elif isinstance(part, list):
        for inner in part:
            yield from objects(inner, name)


def test_every_key_of_the_reader_is_in_the_schema_and_no_other() -> None:
    """The schema's objects have the reader's keys, kind by kind."""
    by_reader = {
        frozenset(keys)
        for keys in (
            ROOT_KEYS, COST_KEYS, SOURCE_KEYS, SECRET_KEYS, SERVICE_KEYS, STREAM_KEYS, SELECTABLE, CALENDAR_KEYS,
            STEP_KEYS, RULE_KEYS, MAPPING_KEYS, PROOF_KEYS, EVENT_KEYS, ACTOR_KEYS, VALUE_KEYS,
            (*LINK_KINDS, "confidence"),
            (*KINDS, *BESIDE), (*KINDS, *READERS, *BESIDE),
        )
    }  # fmt: skip
    assert {keys for name, keys in objects(SCHEMA) if name not in FREE} == by_reader


def mappings(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 - data
    """Yield the paths of all mappings that have known keys only."""
    if isinstance(value, dict):
        if not path or path[-1] not in FREE:
            yield path
        for key, inner in value.items():
            yield from mappings(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from mappings(inner, (*path, i))


@pytest.mark.parametrize("path", list(mappings(plain(EVERY_KEY))))
def test_an_unknown_key_is_refused_by_both(path: tuple[str | int, ...]) -> None:
    """Wherever it stands."""
    changed = there = plain(EVERY_KEY)
    for step in path:
        there = there[step]
    there["unheard_of"] = "x"
    assert takes(json.dumps(changed)) == (False, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("version: 1", "version: '1'"),
        ("tool: acmeci\n", "tool: github.com\n"),
        ("scheme: bearer_token", "scheme: bearer"),
        ("scheme: bearer_token", "scheme: token_header"),
        ("scheme: bearer_token", "scheme: bearer_token, header: x-token"),
        ("encoding: base64", "encoding: base32"),
        ("event_type: {header: x-acme-event}", "event_type: {header: x-acme-event, path: $.event}"),
        ("event_type: {header: x-acme-event}", "event_type: {map: {a: b}}"),
        ("delivery_id: $.id", "delivery_id: $..id"),
        ("delivery_id: $.id", "delivery_id: $.a[?(@.b)]"),
        ('$.kind: "*"', 'kind: "*"'),
        ("type: pipelinerun.finished", "type: pipelinerun.ended"),
        ("missing: 1}", "absent: 1}"),
        ("otherwise: error", "otherwise: broken"),
        ("failed: failure}", "failed: broken}"),
        ("work_kind: feature\n", "work_kind: bug\n"),
        ("as: slug", "as: lower"),
        ("confidence: 0.9", "confidence: 1.1"),
        ("{part_of: {commit: $each.sha}, confidence: 0.9}", "{confidence: 0.9}"),
        ("quantities: {tests: $each.tests}", "quantities: {tests: 7}"),
        ("attributes: {repository", "attributes: {environment_raw: $.x, repository"),
        ("name: acme", "name: a b"),
        ("rate_per_second: 50", "rate_per_second: 0"),
        ("insecure: true", "insecure: false"),
        ("insecure: true", "insecure: true, secret: {env: A}"),
        ("insecure: true", "insecure: yes"),
        ("{env: GITHUB_SECRET}", "{env: A, file: b}"),
        ("{env: GITHUB_SECRET}", "abc"),
        ("family: storefront", "family: ''"),
        ("family: storefront", "family: true"),
        ("family: storefront", 'family: "a\\0b"'),
        ('select: ["*"]', "select: []"),
        ('select: ["*"]', "select: ['**']"),
        ('select: ["*"]', "select: [{}]"),
        ("Sat 10:00-12:00", "Sat 10:75-12:00"),
        ("[2026-12-25]", "['2026-02-30']"),
        ("status: [To Do, 3]", "status: []"),
        ("status: [To Do, 3], ", ""),
        ("value_adding: false", "value_adding: false, queue: {on: change.created}"),
        ("on: change.created", "on: change.creatd"),
        ("on: change.created", "by: human"),
        ("by: [human, agent]", "by: unknown"),
        ("work_kind: [feature, defect]", "work_kind: bug"),
        ("outcome: failure", "links: x"),
        ("[staging, production]", "[staging, staging]"),
        ("[staging, production]", "[]"),
        ("flow_time_p85: 3d", "flow_time_p85: 0d"),
        ("Backlog.lead_p50", "lead_p50"),
        ('paths: ["cart/**", "libs/*/cart.py"]', "paths: []"),
    ],
)
def test_a_mistake_of_form_is_refused_by_both(old: str, new: str) -> None:
    """What can be told without looking around, an editor tells."""
    assert old in EVERY_KEY
    assert takes(EVERY_KEY.replace(old, new, 1)) == (False, False)
