"""The value-stream file: what a reader gets, and what a writer of a bad one is told."""

from __future__ import annotations

import pytest

from schemas.definition import Rule, standard_map
from schemas.definition_file import BadDefinition, parse

GOOD = """\
version: 1
sources:
  - {tool: github, name: acme, secret: {env: GITHUB_WEBHOOK_SECRET}}
services:
  - {service: cart, repositories: ["github.com/acme/shop"], paths: ["cart/**"]}
value_streams:
  - name: checkout
    family: storefront
    owner: team-checkout
    select:
      - {repository: "github.com/acme/checkout-*"}
      - {project: "jira/CHK"}
    calendar: {zone: Europe/Berlin, hours: "Mon-Fri 09:00-17:00", holidays: [2026-12-25]}
    steps:
      - name: Review
        queue:  {on: change.created}
        start:  {on: change.reviewed, by: human}
        finish: {on: [change.merged, change.abandoned]}
        returned: {on: change.reviewed, where: {decision: changes_requested}}
        value_adding: true
    environments: [development, staging, production]
    targets: {flow_time_p85: 3d, Review.wait_p85: 4h}
  - name: rest
    select: ["*"]
"""


def problems_of(text: str) -> list[tuple[int, int, str, str, str]]:
    """Return (line, column, field, message, suggestion) of every problem."""
    with pytest.raises(BadDefinition) as bad:
        parse(text)
    return [(p.line, p.column, p.field, p.message, p.suggestion) for p in bad.value.problems]


def test_the_contracts_example_is_read() -> None:
    """Sources, rules, calendar and route to live arrive as values."""
    definition = parse(GOOD)
    stream = definition.value_streams[0]
    assert (
        definition.sources[0].secrets,
        stream.steps[0].start,
        stream.steps[0].returned,
        stream.production,
        stream.calendar is not None and (len(stream.calendar.hours), stream.calendar.holidays),
        stream.services[0].service,
    ) == (
        ("env:GITHUB_WEBHOOK_SECRET",),
        Rule(on=("change.reviewed",), by=("human",)),
        Rule(on=("change.reviewed",), where={"decision": ("changes_requested",)}),
        "production",
        (5, ("2026-12-25",)),
        "cart",
    )


def test_a_stream_without_steps_has_the_standard_map() -> None:
    """`steps` left out means the standard map over the route to live."""
    assert parse(GOOD).value_streams[1].steps == standard_map(("development", "staging", "production"))


def test_an_unknown_key_is_named_with_its_place_and_the_nearest_known_one() -> None:
    """Line, column, field and suggestion point at the misspelt key."""
    text = GOOD.replace("        queue: ", "        qeue: ")
    assert problems_of(text) == [(16, 9, "value_streams[0].steps[0].qeue", "unknown key", "did you mean 'queue'?")]


def test_every_problem_is_listed_at_once() -> None:
    """A misspelt type, a bad zone and a source without a secret are three lines."""
    text = (
        GOOD.replace("change.merged", "change.mergd")
        .replace("Europe/Berlin", "Europe/Berlinn")
        .replace(", secret: {env: GITHUB_WEBHOOK_SECRET}", "")
    )
    assert [(line, message, hint.split("'")[1]) for line, _, _, message, hint in problems_of(text)] == [
        (3, "a source needs a secret", "secret: {env: NAME}"),
        (13, "'Europe/Berlinn' is no time zone", "Europe/Berlin"),
        (18, "no tool sends 'change.mergd'", "change.merged"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1", "version: 2", "version 2 is not known"),
        ("tool: github", "tool: gihub", "'gihub' is not one of"),
        ("name: rest", "name: checkout", "value stream 'checkout' stands twice"),
        ("name: rest", "name: unrouted", "'unrouted' is where unclaimed events go"),
        ("name: rest", "name: 'a b'", "'a b' cannot be a name"),
        ('select: ["*"]', "select: []", "no selector: the stream would claim nothing"),
        ('select: ["*"]', "select: '*'", "must be a list"),
        ("by: human", "by: humans", "'humans' is not one of"),
        ("09:00-17:00", "09:00-25:00", "are no working hours"),
        ("flow_time_p85: 3d", "flow_time_p85: soon", "'soon' is no duration"),
        ("value_adding: true", "value_adding: perhaps", "must be true or false"),
        ("value_adding: true", "status: In Review", "'status' stands in place of"),
        ("version: 1", "version: [1", "not YAML"),
    ],
)
def test_each_mistake_has_its_message(old: str, new: str, message: str) -> None:
    """One wrong word gives one problem that says so."""
    assert message in problems_of(GOOD.replace(old, new, 1))[0][3]


def test_the_version_follows_what_derivations_depend_on() -> None:
    """An owner changes nothing; a rule does."""
    owner = parse(GOOD.replace("team-checkout", "team-cart")).version
    rule = parse(GOOD.replace("on: change.created", "on: change.readied")).version
    assert (owner == parse(GOOD).version, rule == parse(GOOD).version) == (True, False)
