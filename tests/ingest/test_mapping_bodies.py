"""Mappings under bodies that no tool would send: whatever comes, a translation or a named rejection."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapter import Adapter, Ignored, Untranslatable
from ingest.mapping.compile import adapters_of
from ingest.mapping.rules import MOST_FACTS
from ingest.mapping.shape import MOST_VALUES
from schemas.codec import Codec
from schemas.definition_file import BadDefinition, parse
from schemas.event import FlowEvent
from schemas.mapping_paths import BadPath, read_path
from tests.builders.deliveries import context
from tests.builders.mappings import OF_PAGERDUTY, a_rule, mapped
from tests.builders.value_stream_files import EVERY_KEY

REJECTIONS = (Untranslatable, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
(EVERYTHING,) = adapters_of(parse(EVERY_KEY))
(PAGER,) = adapters_of(parse(OF_PAGERDUTY))
NAMES = (
    "id", "kind", "dry_run", "builds", "pipeline", "attempt", "finished_at", "at", "sequence", "url", "status",
    "labels", "by", "login", "sha", "pull", "repository", "ticket", "branch", "app", "tests", "event", "data",
    "service", "agent", "summary", "occurred_at", "created_at", "html_url", "type",
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
    | st.sampled_from(["2026-02-03T10:15:30Z", "passed", "a" * 40, "https://github.com/acme/app", "CHK-12", "user"])
)  # fmt: skip
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=30,
)
PARTS = st.sampled_from(
    ["$", "$each", ".", ".a", "[0]", "[*]", "['x y']", "[-1]", "[", "]", "..", "?", "@", "*", " ", "ü"]
)


def facts(adapter: Adapter, event_type: str, raw: bytes) -> list[FlowEvent]:
    """Return the facts of a body, none where it is ignored."""
    found = adapter.translate[event_type](raw, context(adapter.tool, {}))
    return [] if isinstance(found, Ignored) else list(found)


@settings(deadline=None)
@given(body=BODIES, adapter=st.sampled_from([EVERYTHING, PAGER]))
def test_any_body_gives_a_translation_or_a_named_rejection(body: object, adapter: Adapter) -> None:
    """Nothing else is ever raised, and what is made survives an Avro round trip."""
    codec, raw = Codec(), json.dumps(body).encode()
    for event_type in adapter.translate:
        with suppress(*REJECTIONS):
            made = facts(adapter, event_type, raw)
            assert [codec.decode(codec.encode(event), FlowEvent) for event in made] == made


@settings(deadline=None)
@given(body=BODIES)
def test_a_second_sending_has_the_same_ids(body: object) -> None:
    """Whatever the order of an object's members, and at whatever time it comes."""
    first = json.dumps(body).encode()
    second = json.dumps(body, indent=1, sort_keys=True).encode()
    for event_type in EVERYTHING.translate:
        with suppress(*REJECTIONS):
            made = facts(EVERYTHING, event_type, first)
            assert [event.event_id for event in made] == [e.event_id for e in facts(EVERYTHING, event_type, second)]


@given(parts=st.lists(PARTS, max_size=20))
def test_any_text_is_a_path_or_none(parts: list[str]) -> None:
    """And a path says itself."""
    text = "".join(parts)
    with suppress(BadPath):
        assert read_path(text).text == text


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6).map("".join))
def test_any_path_in_a_file_is_taken_or_told(path: str) -> None:
    """The reader raises nothing but what it has to say, and what it takes can be made ready and used."""
    rule = f"{{type: ticket.updated, subject: {{ticket: {json.dumps(path)}}}, at: $.at, each: $.list}}"
    with suppress(BadDefinition, *REJECTIONS):
        facts(mapped(rule), "delivery", b'{"at":1770113730,"a":[{"a":[1]}],"x y":2}')


@pytest.mark.parametrize("text", ["/", "a.", "\n", "x:", "A-1 ", "fixes ", "@", "-1", "%25"], ids=repr)
def test_any_text_is_read_in_time(text: str) -> None:
    """A long text in every field makes no translation slow."""
    long = text * (100_000 // len(text)) + "~"
    rule = (
        "url: $.x, state: $.x, environment: $.x, work_kind: $.x, labels: $.x, actor: {id: $.x, name: $.x},"
        " links: [{part_of: {keys_in_branch: $.x}}, {part_of: {keys_in_title: $.x}}, {part_of: {keys_named_in: $.x}},"
        " {part_of: {change: $.x}}, {deploys: {artifact: $.x}}, {part_of: {ticket: $.x}}],"
        " attributes: {branch: $.x, repository: $.x, service: {path: $.x, as: slug}, other: $.x}"
    )
    adapter = mapped(a_rule(rule))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    facts(adapter, "delivery", json.dumps({"id": "12", "at": 1_770_113_730, "x": long}).encode())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.5


def test_too_many_elements_are_untranslatable() -> None:
    """One delivery makes no flood of events."""
    adapter = mapped("{each: '$.list[*]', type: ticket.updated, subject: {ticket: $each}, at: $.at}")
    body = json.dumps({"at": 1_770_113_730, "list": list(range(MOST_FACTS + 1))}).encode()
    with pytest.raises(Untranslatable, match="elements"):
        facts(adapter, "delivery", body)


def test_many_rules_are_no_way_around() -> None:
    """Nor do many rules make one."""
    rule = "{each: '$.list[*]', type: ticket.updated, subject: {ticket: $each}, at: $.at, state: STATE}"
    body = json.dumps({"at": 1_770_113_730, "list": list(range(MOST_FACTS))}).encode()
    with pytest.raises(Untranslatable, match="more than 2000 events"):
        facts(mapped(rule.replace("STATE", "a"), rule.replace("STATE", "b")), "delivery", body)


def test_many_elements_cost_no_more_than_there_are(capfd: pytest.CaptureFixture[str]) -> None:
    """A path of the body that finds much is looked at once, not once an element."""
    adapter = mapped(
        "{each: '$.list[*]', when: {'$.flags[*]': on}, type: ticket.updated, subject: {ticket: $each}, at: $.at,"
        " state: '$.flags[*].none', links: [{part_of: {commit: '$.flags[*].sha'}}]}"
    )
    flags = ["on", *([{}] * 50_000)]
    body = json.dumps({"at": 1_770_113_730, "list": list(range(MOST_FACTS)), "flags": flags}).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found = facts(adapter, "delivery", body)
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    assert (len(found), spent < 5, capfd.readouterr().err) == (MOST_FACTS, True, "")


HOSTILE = {
    "an array of nothing": "b'{\"list\":[' + b'{},' * 8_000_000 + b'{}]}'",
    "an array of lists": "b'{\"list\":[' + b'[],' * 8_000_000 + b'[]]}'",
    "members that nobody reads": "b'{' + b'\"a\":{\"b\":[1]},' * 1_700_000 + b'\"at\":1}'",
    "one long text": "b'{\"id\":\"' + b'x' * 25_000_000 + b'\"}'",
    "as many elements as may be": "b'{\"list\":[' + b'{\"id\":\"abcdefghijk\"},' * 999_000 + b'{}]}'",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_memory_stays_flat_under_large_bodies(body: str) -> None:
    """25 MB of whatever take no more than four times as much beside them."""
    rule = "{each: '$.list[*]', when: {$each.id: '7'}, type: ticket.updated, subject: {ticket: $.id}, at: $.at}"
    program = f"""
import resource, msgspec
from tests.builders.deliveries import context
from tests.builders.mappings import mapped
from ingest.adapter import Untranslatable
adapter = mapped({rule!r})
body = {body}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    adapter.translate["delivery"](body, context("acmeci", {{}}))
except (Untranslatable, msgspec.DecodeError):
    pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, cwd=Path(__file__).parents[2], text=True
    )
    assert int(ran.stdout) < 100


def test_the_limit_of_values_is_told() -> None:
    """A body that holds more than may be looked at is a dead letter, and says so."""
    adapter = mapped("{each: '$.list[*]', type: ticket.updated, subject: {ticket: $each}, at: $.at}")
    with pytest.raises(Untranslatable, match="too many values"):
        facts(adapter, "delivery", b'{"list":[' + b"1," * (MOST_VALUES + 1) + b"1]}")
