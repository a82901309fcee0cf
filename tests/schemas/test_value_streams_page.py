"""docs/value-streams.md says what is done: its examples load, every key is told, the standard map is the one used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.routing import Router
from schemas.calendar_text import CALENDAR_KEYS
from schemas.definition import ROUTE_TO_LIVE, SELECTABLE, standard_map
from schemas.definition_file import COST_KEYS, ROOT_KEYS, STREAM_KEYS, parse
from schemas.definition_schema import schema
from schemas.services_text import SERVICE_KEYS
from schemas.sources_text import SECRET_KEYS, SOURCE_KEYS
from schemas.steps_text import ACTORS, CLOSED, RULE_FIELDS, RULE_KEYS, STEP_KEYS
from tests.builders.engine_events import fact, part_of
from tests.builders.value_stream_files import plain, schema_problems

MONO = "github.com/acme/mono"
PAGE = (Path(__file__).parents[2] / "docs" / "value-streams.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
KEYS = {
    *ROOT_KEYS, *COST_KEYS, *SOURCE_KEYS, *SECRET_KEYS, *SERVICE_KEYS, *STREAM_KEYS, *SELECTABLE, *CALENDAR_KEYS,
    *STEP_KEYS, *RULE_KEYS, *RULE_FIELDS,
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_loads(example: str) -> None:
    """By the reader, with the adapters there are, and by the schema."""
    parse(example)
    assert schema_problems(schema(), plain(example)) == []


def test_every_key_is_explained() -> None:
    """Each key, and each value of a closed set, stands in the page's prose."""
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    words = set(re.findall(r"[\w.]+", prose))
    assert (KEYS | {value for values in CLOSED.values() for value in values} | set(ACTORS)) - words == set()


def test_the_first_example_uses_every_key_but_those_of_selectors_and_conditions() -> None:
    """A reader finds each key in its place."""
    used = set(re.findall(r"(\w+):(?= |$)", EXAMPLES[0], re.MULTILINE))
    assert KEYS - set(SELECTABLE) - set(RULE_FIELDS) - {"value"} - used == set()


def test_the_standard_map_is_the_one_that_is_used() -> None:
    """The page's standard map is what a stream without steps has."""
    written = next(example for example in EXAMPLES if "name: standard" in example)
    assert parse(written).value_streams[0].steps == standard_map(ROUTE_TO_LIVE)


def test_the_monorepo_is_claimed_as_the_page_says() -> None:
    """Commits go by their files, pull requests by the ticket they name, and all of these to the repository's stream."""
    router = Router(parse(next(example for example in EXAMPLES if "paying" in example)))
    ticket = part_of("ticket:*/CRT-12")
    facts = [
        fact("commit.created", "commit:a", 1, repository=MONO, paths="cart/a.py"),
        fact("commit.created", "commit:b", 1, repository=MONO, paths="cart/a.py\npay/b.py"),
        fact("commit.created", "commit:c", 1, repository=MONO, paths="README.md"),
        fact("change.created", f"change:{MONO}/1", 1, ticket, repository=MONO),
    ]
    assert [[claim.stream for claim in router.claims(event)] for event in facts] == [
        ["carting"], ["carting", "paying"], ["platform"], ["carting", "platform"],
    ]  # fmt: skip
