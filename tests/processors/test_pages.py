"""Dictionaries in packed pages: whatever is put, related and undone, they hold what plain dictionaries would."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.pages import Records, Relation

NAMES = st.sampled_from([f"commit:{n}" for n in range(40)])
KEYS = st.sampled_from(("ticket:a", "ticket:b", "change:c"))
RECORDS = st.sampled_from((None, b"", b"small", b"large" * 2_000))


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), KEYS, NAMES), max_size=200))
def test_a_relation_holds_what_sets_would(steps: list[tuple[bool, str, str]]) -> None:
    """Added and discarded in any order, asked of in between, few of a key or too many for a page."""
    relation, plain = Relation(), dict[str, set[str]]()
    for adds, key, other in steps:
        (relation.add if adds else relation.discard)(key, other)
        (plain.setdefault(key, set()).add if adds else plain.get(key, set()).discard)(other)
        relation.of(key)
    assert {key: set(relation.of(key)) for key in plain} == plain


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, RECORDS), max_size=200))
def test_records_come_with_their_entities(steps: list[tuple[str, bytes | None]]) -> None:
    """Put, put again and taken away, small or large: each entity comes once, with the record put last."""
    records, plain = Records(), dict[str, bytes | None]()
    for uri, record in steps:
        records.put(uri, record)
        plain[uri] = record
    assert sorted(records.items()) == sorted((uri, record) for uri, record in plain.items() if record is not None)
