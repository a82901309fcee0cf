"""The value-stream file: what a reader gets, and what a writer of a bad one is told."""

from __future__ import annotations

import pytest

from ingest.adapters import ADAPTERS
from ingest.importers.activities import STARTED, steps_yaml
from schemas.definition import Rule, standard_map
from schemas.definition_file import BadDefinition, parse
from schemas.sources_text import TOOLS

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


QUOTES = "'\""


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
        ("version: 1", "version: '1'", "version 1 is not known"),
        ("version: 1", "version: true", "version true is not known"),
        ("by: human", "by: []", "the list is empty"),
        ("by: human", "by: unknown", "'unknown' is not one of"),
        ("on: change.created", "on: []", "the list is empty"),
        ("where: {decision: changes_requested}", "where: {outcome: sucess}", "'sucess' is not one of"),
        ("where: {decision: changes_requested}", "where: {work_kind: bug}", "'bug' is not one of"),
        ("where: {decision: changes_requested}", "where: {actor_class: robot}", "'robot' is not one of"),
        ("where: {decision: changes_requested}", "where: {decision: []}", "the list is empty"),
        ("where: {decision: changes_requested}", "where: {links: x}", "rules do not read 'links'"),
        ("value_adding: true", "status: []", "the list is empty"),
        ("name: Review", 'name: "Re\\0view"', "holds the control character U+0000"),
        ("name: Review", f"name: {'R' * 201}", "a step's name cannot be 201 characters long"),
        ("        value_adding: true", "      - {name: Review, status: x}", "step 'Review' stands twice"),
        ("family: storefront", 'family: "a\\tb"', "holds the control character U+0009"),
        ("family: storefront", "family: true", "must be a text, is true"),
        ("family: storefront", "family: ''", "must be a text, is empty"),
        ("family: storefront", "family: {a: b}", "must be a text, is a mapping"),
        ("[development, staging, production]", "[staging, production, staging]", "environment 'staging' stands twice"),
        ("[development, staging, production]", "[]", "no environment"),
        ("Review.wait_p85", "Revue.wait_p85", "there is no step 'Revue'"),
        ("Review.wait_p85", "Review.wait_p90", "'wait_p90' is no target of a step"),
        ("Review.wait_p85", "Review.flow_time_p85", "'flow_time_p85' is no target of a step"),
        ("flow_time_p85", "flow_tme_p85", "'flow_tme_p85' is no target of a stream"),
        ("flow_time_p85", "wait_p85", "'wait_p85' is no target of a stream"),
        ("flow_time_p85: 3d", "review.wait_p85: 3d", "there is a target 'Review.wait_p85' already"),
        ("flow_time_p85: 3d", "flow_time_p85: 0d", "'0d' is no duration above 0"),
        ("flow_time_p85: 3d", "flow_time_p85: 3", "'3' is no duration above 0"),
        ("Mon-Fri 09:00-17:00", "Mon-Fri 09:75-17:00", "are no working hours"),
        ("Mon-Fri 09:00-17:00", "Fri 22:00-06:00", "ends before it begins"),
        ("Mon-Fri 09:00-17:00", "Montag 09:00-17:00", "are no working hours"),
        ('"Mon-Fri 09:00-17:00"', "[]", "the list is empty"),
        ("2026-12-25", "2026-02-30", "'2026-02-30' is no date"),
        ("2026-12-25", "20261225", "'20261225' is no date"),
        ("2026-12-25", "Christmas", "'Christmas' is no date"),
        ("Europe/Berlin", "Europe", "'Europe' is no time zone"),
        ("Europe/Berlin", "../etc/passwd", "'../etc/passwd' is no time zone"),
        ('- {project: "jira/CHK"}', "- {}", "a selector names at least one field"),
        ('- {project: "jira/CHK"}', "- checkout", "must be a mapping, is 'checkout'"),
        ('- {project: "jira/CHK"}', "- {tool: jira}", "unknown key"),
        ('paths: ["cart/**"]', "paths: []", "the list is empty"),
        ('paths: ["cart/**"]', "paths: [/cart]", "'/cart' is no path inside a repository"),
        ('paths: ["cart/**"]', "path: cart", "unknown key"),
        (
            ', paths: ["cart/**"]}',
            "}\n  - {service: b, repositories: github.com/acme/shop}",
            "is all of service 'cart'",
        ),
        ("secret: {env: GITHUB_WEBHOOK_SECRET}", "secret: {env: A}, insecure: true", "cannot be insecure"),
        ("secret: {env: GITHUB_WEBHOOK_SECRET}", "secret: {}", "a secret is one reference"),
        ("secret: {env: GITHUB_WEBHOOK_SECRET}", "secret: {env: A, file: b}", "a secret is one reference"),
        ("secret: {env: GITHUB_WEBHOOK_SECRET}", "insecure: false", "a source needs a secret"),
        ("secret: {env: GITHUB_WEBHOOK_SECRET}", "secrets: []", "the list is empty"),
        ("name: acme,", "name: acme, rate_per_second: .inf,", "must be a number above 0, is '.inf'"),
        ("name: acme,", "name: acme, rate_per_second: 1e999,", "must be a number above 0, is '1e999'"),
        ("name: acme,", "name: acme, rate_per_second: 0,", "must be a number above 0, is '0'"),
        ("name: acme,", "name: acme, rate_per_second: -1,", "must be a number above 0, is '-1'"),
        ("name: acme,", "name: acme, rate_per_second: '5',", "must be a number above 0, is '5'"),
        ("services:\n", "  - {tool: github, name: acme, insecure: true}\nservices:\n", "acme' stands twice"),
    ],
)
def test_each_mistake_has_its_message(old: str, new: str, message: str) -> None:
    """One wrong word gives one problem that says so, and what to do."""
    assert old in GOOD
    *_, said, suggestion = problems_of(GOOD.replace(old, new, 1))[0]
    assert (message in said, bool(suggestion)) == (True, True)


@pytest.mark.parametrize("value_streams", ["", " []", " ~"])
def test_a_file_needs_a_stream(value_streams: str) -> None:
    """Without a value stream nothing would be derived."""
    assert problems_of(f"version: 1\nvalue_streams:{value_streams}\n")[0][2:4] == ("value_streams", "no value stream")


def test_a_misspelled_tool_is_told_with_the_nearest_one() -> None:
    """A tool that nobody knows is an error that names those that are known."""
    sources = "sources:\n  - {tool: githb, name: a, insecure: true}\n"
    said = f"'githb' is not one of {', '.join(TOOLS)}"
    assert problems_of(f"version: 1\n{sources}value_streams: [{{name: a, select: ['*']}}]\n") == [
        (3, 6, "sources[0].tool", said, "did you mean 'github'?"),
    ]


def test_the_tools_are_those_that_have_an_adapter() -> None:
    """A new adapter's tool is one that a source may be of."""
    assert sorted(TOOLS) == sorted({adapter.tool for adapter in ADAPTERS} | {"cloudevents"})


@pytest.mark.parametrize("written", ["0123", "1_000", "0x1F", "1e3", "2026-12-25", "abc", "'true'", '"null"'])
def test_a_secret_is_the_text_as_it_is_written(written: str) -> None:
    """Nothing that looks like a number or a date is read as one."""
    secrets = parse(GOOD.replace("{env: GITHUB_WEBHOOK_SECRET}", f"{{value: {written}}}")).sources[0].secrets
    assert secrets == (f"value:{written.strip(QUOTES)}",)


@pytest.mark.parametrize(
    "written", ["planted", "[planted]", "{value: [planted]}", "{value: {planted: 1}}", "{env: true}"]
)
def test_no_complaint_shows_a_secret(written: str) -> None:
    """A secret in the wrong place is named by its place alone."""
    ((*_, said, suggestion),) = problems_of(GOOD.replace("{env: GITHUB_WEBHOOK_SECRET}", written))
    assert "planted" not in said + suggestion


def test_a_targets_step_is_named_in_any_case() -> None:
    """`review.wait_p85` is a target of the step Review, unless there is a step review."""
    text = GOOD.replace("Review.wait_p85", "review.wait_p85")
    both = text.replace("        value_adding: true", "      - {name: review, status: x}")
    assert [sorted(parse(file).value_streams[0].targets) for file in (text, both)] == [
        ["Review.wait_p85", "flow_time_p85"], ["flow_time_p85", "review.wait_p85"],
    ]  # fmt: skip


def test_the_steps_that_an_import_prints_are_read() -> None:
    """Whatever the activities of a log are called."""
    names = ["Sign", "sign", 'say "hi"', "back\\slash", "yes", "0123", "#1: a, b", "- {x}", "*", "<<", " é ", "x" * 200]
    text = "version: 1\nvalue_streams:\n  - name: a\n    select: ['*']\n" + steps_yaml(names, {STARTED})
    steps = parse(text).value_streams[0].steps
    assert [(s.name, s.start and s.start.where["activity"]) for s in steps] == [(name, (name,)) for name in names]


def test_a_rule_asks_for_any_attribute() -> None:
    """A name that is no field of an event is an attribute's, whatever it is."""
    text = GOOD.replace("{decision: changes_requested}", "{squad: [red, 7], draft: 'true'}")
    returned = parse(text).value_streams[0].steps[0].returned
    assert returned is not None
    assert returned.where == {"squad": ("red", "7"), "draft": ("true",)}


def test_a_step_by_status_may_be_sent_back_and_blocked() -> None:
    """Statuses stand in place of queue, start and finish, not of the other rules."""
    text = GOOD.replace("        queue:  {on: change.created}\n", "        status: [In Review, Reviewing]\n")
    text = text.replace("        start:  {on: change.reviewed, by: human}\n", "")
    text = text.replace("        finish: {on: [change.merged, change.abandoned]}\n", "")
    step = parse(text).value_streams[0].steps[0]
    assert (step.status, step.returned is not None) == (("In Review", "Reviewing"), True)


def test_a_calendar_without_hours_has_those_of_an_office() -> None:
    """Mon-Fri 09:00-17:00; a span over the week's end goes around."""
    office = parse(GOOD.replace(', hours: "Mon-Fri 09:00-17:00"', "")).value_streams[0].calendar
    shift = parse(GOOD.replace("Mon-Fri 09:00-17:00", "Sat-Mon 20:00-24:00")).value_streams[0].calendar
    assert office is not None
    assert shift is not None
    assert (office.hours, shift.hours) == (
        tuple((day, 540, 1020) for day in range(5)),
        ((5, 1200, 1440), (6, 1200, 1440), (0, 1200, 1440)),
    )


def test_a_streams_own_services_go_before_those_of_the_file() -> None:
    """What a stream says of its services is looked up first."""
    own = "  - name: rest\n    services: [{service: own, repositories: 'github.com/acme/*'}]\n"
    services = parse(GOOD.replace("  - name: rest\n", own)).value_streams[1].services
    assert [service.service for service in services] == ["own", "cart"]


@pytest.mark.parametrize("more", ["targets: {flow_time_p85: 3d}", "cost: {per_hour: 90, currency: EUR}"])
def test_what_changes_numbers_and_no_row_changes_the_end_of_the_version(more: str) -> None:
    """Another target is another version, of rows that are the same."""
    bare = parse(f"{GOOD}  - {{name: more, select: ['*']}}\n")
    told = parse(f"{GOOD}  - {{name: more, select: ['*'], {more}}}\n")
    assert (told.version == bare.version, told.derived_version == bare.derived_version) == (False, True)


def test_the_version_of_a_file_without_targets_and_costs_says_so() -> None:
    """A `0` follows that of its rows: what was noted without it is of a release that did not know of them."""
    bare = parse("version: 1\nvalue_streams: [{name: rest, select: ['*']}]\n")
    assert (bare.version, len(bare.derived_version)) == (f"{bare.derived_version}+0", 12)


def test_the_version_follows_what_derivations_depend_on() -> None:
    """An owner changes nothing; a rule does."""
    owner = parse(GOOD.replace("team-checkout", "team-cart")).version
    rule = parse(GOOD.replace("on: change.created", "on: change.readied")).version
    assert (owner == parse(GOOD).version, rule == parse(GOOD).version) == (True, False)
