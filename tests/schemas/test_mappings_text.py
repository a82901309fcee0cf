"""The `mappings` of a value-stream file: every mistake has its place and a suggestion."""

from __future__ import annotations

import pytest

from schemas.definition_file import BadDefinition, parse
from schemas.mapping import Path
from schemas.mapping_paths import BadPath, read_path
from tests.builders.mappings import a_rule, mapping_text


def told(text: str) -> str:
    """Return what the reader has against a file."""
    with pytest.raises(BadDefinition) as found:
        parse(text)
    return str(found.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("type: pipelinerun.ended", "'pipelinerun.ended' is no event type (did you mean 'pipelinerun.queued'?"),
        ("type: link.asserted", "'link.asserted' is no event type"),
        ("type: change.merged", "change.merged happens to a change (write {change: ...}"),
        ("subject: {ticket: $.id, run: $.id}", "an entity has one kind"),
        ("subject: {ticket: $.id, attempt: 1}", "'attempt' says nothing of a ticket"),
        ("subject: {tickt: $.id}", "unknown key (did you mean 'ticket'?"),
        ("at: '$.a[?(@.b)]'", "is none of .member, ['member'], [0] and [*] (such as"),
        ("at: $..at", "'..at' in '$..at' is none of"),
        ("at: $each.at", "'$each' is an element of 'each', and there is none (begin at the body, '$', or add 'each'"),
        ("at: {header: x, path: $.at}", "a value comes from a path or from a header"),
        ("at: {map: {a: b}}", "a value comes from a path or from a header"),
        ("state: {path: $.s, otherwise: a}", "'otherwise' stands for words that 'map' does not list"),
        ("state: {path: build}", "'build' is no path: paths begin with '$' (the body)"),
        ("state: {header: 'x y'}", "'x y' is no header's name"),
        ("outcome: passed", "'passed' is not one of cancelled, error, failure, success"),
        ("outcome: {path: $.o, map: {a: passed}}", "'passed' is not one of cancelled, error, failure, success"),
        ("work_kind: {path: $.k, missing: bug}", "'bug' is not one of debt, defect, feature, risk"),
        ("actor: {id: $.i, class: person}", "'person' is not one of agent, bot, human, unknown"),
        ("when: {result: x}", "'result' is no condition (write a path such as $.build.result, or 'event_type'"),
        ("when: {$.a.: x}", "'.' in '$.a.' is none of"),
        ("when: {event_type: x}", "the mapping says no 'event_type'"),
        ("unless: {event_type: x}", "'event_type' is no condition"),
        ("links: [{part: {commit: $.c}}]", "unknown key (did you mean 'part_of'?"),
        ("links: [{part_of: {commit: $.c}, deploys: {commit: $.c}}]", "a link is of one kind"),
        ("links: [{part_of: {commit: $.c}, confidence: 2}]", "a confidence is at most 1 (such as 0.8"),
        ("links: [{part_of: {branch: $.b}}]", "a branch needs its repository"),
        ("attributes: {environment_raw: $.e}", "'environment_raw' is written by itself (leave it out"),
        ("attributes: {Assignee: $.e}", "'Assignee' cannot be an attribute"),
        ("quantities: {Tests: $.t}", "'Tests' cannot be a quantity"),
        ("order: true", "must be a text, is true"),
        (f"url: $.{'a' * 256}", "the path is longer than 256 characters"),
        (f"url: ${'.a' * 17}", "the path has more than 16 steps"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_told(rule: str, said: str) -> None:
    """At the line of the rule."""
    found = told(mapping_text(a_rule(rule)))
    assert (said in found, found.startswith("value-streams.yaml:7:")) == (True, True), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("acmeci", "github", "'github' has an adapter of its own"),
        ("acmeci", "import", "'import' is what our own facts are from"),
        ("acmeci", "vsm", "'vsm' is what our own facts are from"),
        ("acmeci", "Acme CI", "'Acme CI' cannot be a tool"),
        ("{scheme: bearer_token}", "{scheme: hmac}", "'hmac' is not one of basic_auth, bearer_token"),
        ("{scheme: bearer_token}", "{scheme: token_header}", "'header' is missing (add 'header: x-acme-signature'"),
        ("{scheme: bearer_token}", "{scheme: slack, prefix: a}", "'slack' has no 'prefix'"),
        ("{scheme: bearer_token}", "[]", "the list is empty"),
        ("    proof: {scheme: bearer_token}\n", "", "'proof' is missing"),
        ("events:\n      - ", "events: []\n    ignores: [x]\n#", "no events (add a rule"),
        (
            "value_streams",
            "  - {tool: acmeci, proof: {scheme: slack}, events: [{type: a.b}]}\nvalue_streams",
            "mapping of 'acmeci' stands twice",
        ),
        (
            "value_streams",
            "sources: [{tool: acmecy, name: a, insecure: true}]\nvalue_streams",
            "did you mean 'acmeci'?",
        ),
    ],
)
def test_a_mistake_in_a_mapping_is_told(old: str, new: str, said: str) -> None:
    """With what to do."""
    assert said in told(mapping_text(a_rule("")).replace(old, new, 1))


def test_many_rules_are_too_many() -> None:
    """A mapping has at most 200."""
    assert "there are 201 rules" in told(mapping_text(*[a_rule("")] * 201))


def test_a_source_may_be_of_a_mapped_tool() -> None:
    """Beside those that have an adapter."""
    text = mapping_text(a_rule("")) + "sources: [{tool: acmeci, name: a, insecure: true}]\n"
    assert parse(text).sources[0].tool == "acmeci"


def test_mappings_change_no_version() -> None:
    """What is derived depends on streams, not on where events come from."""
    without = parse("version: 1\nvalue_streams: [{name: all, select: ['*']}]\n")
    assert parse(mapping_text(a_rule(""))).version == without.version


@pytest.mark.parametrize(
    ("text", "steps", "of_element"),
    [
        ("$", (), False),
        ("$each", (), True),
        ("$.each", ("each",), False),
        ("$.a.b-c_d", ("a", "b-c_d"), False),
        ("$['a.b'][\"c d\"]", ("a.b", "c d"), False),
        ("$each.a[0][-1][*]", ("a", 0, -1, None), True),
        ("$.größe", ("größe",), False),
    ],
)
def test_a_path_is_its_steps(text: str, steps: tuple[str | int | None, ...], of_element: bool) -> None:  # noqa: FBT001 - what is expected
    """Members, indices and every element."""
    assert read_path(text) == Path(text, steps, of_element=of_element)


@pytest.mark.parametrize(
    "text", ["", "a", "$a", "$eachother", "$.", "$.a b", "$[a]", "$[1:2]", "$['a'", "$[99999]", "$.*"]
)
def test_what_is_no_path_is_told(text: str) -> None:
    """With what would be one."""
    with pytest.raises(BadPath):
        read_path(text)
