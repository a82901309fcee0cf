"""The text under a value-stream file: whatever is wrong with it has a place, and merges and anchors work."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definition_file import BadDefinition, parse

HEAD = "version: 1\nvalue_streams:\n  - name: a\n    select: ['*']\n"
STEPS = "    steps: &steps\n      - {name: Review, status: In Review}\n"


def only_problem(source: bytes | str) -> tuple[int, int, str, str]:
    """Return (line, column, field, message) of the one problem, which has a suggestion."""
    with pytest.raises(BadDefinition) as bad:
        parse(source)
    (problem,) = bad.value.problems
    assert problem.suggestion
    return problem.line, problem.column, problem.field, problem.message.removeprefix("not YAML: ")


@pytest.mark.parametrize(
    ("source", "line", "column", "field", "message"),
    [
        (HEAD.encode() + b"    owner: caf\xe9\n", 5, 15, "value_streams[0].owner", "byte 0xE9 is no UTF-8"),
        (HEAD.encode("utf-16"), 1, 1, "", "byte 0xFF is no UTF-8"),
        (HEAD + "    owner: a\0b\n", 5, 13, "value_streams[0].owner", "control character U+0000"),
        (HEAD + "    owner: \x07\n", 5, 12, "value_streams[0].owner", "control character U+0007"),
        (HEAD + "    owner: !!int abc\n", 5, 12, "value_streams[0].owner", "'abc' is not a whole number"),
        (
            HEAD + "    owner: !!timestamp 2026-13-45\n",
            5,
            12,
            "value_streams[0].owner",
            "the tag '!!timestamp' means no",
        ),
        (HEAD + "    owner: !who me\n", 5, 12, "value_streams[0].owner", "the tag '!who' means nothing here"),
        (HEAD + "    owner: *who\n", 5, 12, "value_streams[0].owner", "no anchor '&who' stands before"),
        (HEAD + '    owner: "\\UFFFFFFFF"\n', 5, 5, "value_streams[0].owner", "an escape names no character"),
        (HEAD + "    name: b\n", 5, 5, "value_streams[0].name", "the key stands twice"),
        (HEAD + "    ? [a, b]\n    : c\n", 5, 7, "value_streams[0]", "a key must be a text on one line"),
        (HEAD + "    <<: [x]\n", 5, 5, "value_streams[0].<<", "only a mapping can be merged"),
        (HEAD + "---\nversion: 1\n", 5, 1, "", "another document begins"),
        ("version: 1\n\tvalue_streams: []\n", 2, 1, "", "found character '\\t' that cannot start any token"),
        ("version: 1\nvalue_streams: &all\n  - *all\n", 3, 5, "value_streams[0]", "'*all' stands inside what it names"),
        (
            HEAD.replace("'*'", "*"),
            4,
            15,
            "value_streams[0].select",
            "expected alphabetic or numeric character, but fou",
        ),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(
    source: bytes | str, line: int, column: int, field: str, message: str
) -> None:
    """Broken bytes, characters, tags, anchors and keys are problems with line, column, field and suggestion."""
    found = only_problem(source)
    assert (*found[:3], found[3][: len(message)]) == (line, column, field, message)


def test_deep_nesting_is_told_at_once() -> None:
    """Brackets by the hundred thousand are one problem at the bracket that is too many."""
    assert only_problem(HEAD + "    owner: " + "[" * 100_000)[0::3] == (5, "nested more than 32 deep")


def test_a_stream_merges_another_and_its_own_keys_win() -> None:
    """`<<: *a` takes over what the mapping does not say itself."""
    text = (
        "version: 1\nvalue_streams:\n  - &a\n    name: a\n    owner: team\n    select: ['*']\n  - <<: *a\n    name: b\n"
    )
    assert [(s.name, s.owner, s.select) for s in parse(text).value_streams] == [
        ("a", "team", ({"repository": "*"},)),
        ("b", "team", ({"repository": "*"},)),
    ]


def test_the_first_of_several_merged_mappings_wins() -> None:
    """`<<: [*one, *two]` looks a key up in `one` before `two`."""
    text = (
        "version: 1\nvalue_streams:\n  - &a {name: a, owner: x, select: ['*']}\n  - &b {name: b, family: f, <<: *a}\n"
        "  - {<<: [*b, *a], name: c}\n"
    )
    assert [(s.name, s.owner, s.family) for s in parse(text).value_streams] == [
        ("a", "x", None), ("b", "x", "f"), ("c", "x", "f"),
    ]  # fmt: skip


def test_an_anchor_stands_for_its_value_wherever_it_is_named() -> None:
    """Two streams share one list of steps."""
    streams = parse(HEAD + STEPS + "  - {name: b, select: ['*'], steps: *steps}\n").value_streams
    assert streams[0].steps == streams[1].steps != ()


def test_a_mistake_in_a_merged_mapping_is_told_where_it_stands() -> None:
    """The place is the key's own, the field is that of the mapping that merges it."""
    text = "version: 1\nvalue_streams:\n  - &a {name: a, select: ['*'], ownr: x}\n  - {<<: *a, name: b}\n"
    with pytest.raises(BadDefinition) as bad:
        parse(text)
    assert [(p.line, p.column, p.field) for p in bad.value.problems] == [
        (3, 33, "value_streams[0].ownr"), (3, 33, "value_streams[1].ownr"),
    ]  # fmt: skip


def test_a_byte_order_mark_is_skipped() -> None:
    """Editors on Windows put one in front."""
    assert parse(b"\xef\xbb\xbf" + HEAD.encode()).value_streams[0].name == "a"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_definition_or_problems(data: bytes) -> None:
    """No file of any bytes does anything but parse or be refused."""
    with contextlib.suppress(BadDefinition):
        parse(data)


PIECES = st.sampled_from(
    [
        *"&*!|>%@`'\"#,[]{}:?-~ \n\t\0",
        "<<: ",
        "*a",
        "&a ",
        "!!int ",
        "0x",
        "\\x",
        "é",
        "\ud800",
        ": ",
        "- ",
        "---\n",
        "a",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(HEAD + STEPS)), st.integers(0, 6), st.lists(PIECES, max_size=4))
def test_any_slip_of_the_pen_is_a_definition_or_problems(at: int, gone: int, typed: list[str]) -> None:
    """A good file with something cut out and something typed in is parsed or refused, and every problem has a place."""
    good = HEAD + STEPS
    try:
        parse(good[:at] + "".join(typed) + good[at + gone :])
    except BadDefinition as bad:
        assert [p for p in bad.problems if p.line < 1 or p.column < 1 or not p.suggestion] == []  # noqa: PT017 - may not
