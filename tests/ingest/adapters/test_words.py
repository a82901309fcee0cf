"""Environments, actors, kinds of work and addresses: a tool's words as ours."""

from __future__ import annotations

import pytest

from ingest.vocabulary.actors import classify
from ingest.vocabulary.environments import normalise
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import ActorClass, WorkKind
from tests.builders.deliveries import golden, translated


@pytest.mark.parametrize(
    ("word", "environment"),
    [
        ("production", "production"), ("PRD", "production"), ("prod-eu-1", "production"),
        ("live", "production"), ("prod1", "production"), ("pre-prod", "staging"), ("non_prod", "staging"),
        ("preproduction", "staging"), ("uat", "staging"), ("stg", "staging"), ("staging-live", "staging"),
        ("qa", "testing"), ("test2", "testing"), ("e2e", "testing"), ("dev", "development"), ("PR-97", "preview"),
        ("github-pages", "github-pages"), ("EU Central", "eu-central"), ("", ""), ("生产", ""),
    ],
)  # fmt: skip
def test_environment_words(word: str, environment: str) -> None:
    """The usual words are normalised, others are kept in lower case."""
    assert normalise(word) == environment


@pytest.mark.parametrize("word", ["eu-central", "EU-Central"])
def test_a_sources_own_words_go_first(word: str) -> None:
    """A source's own mapping is asked first, in any case."""
    assert normalise(word, {"eu-central": "production", "prod": "staging"}) == "production"


@pytest.mark.parametrize(
    ("account", "automated", "expected"),
    [
        ("octocat", False, ActorClass.HUMAN),
        ("claude", False, ActorClass.HUMAN),
        ("claude[bot]", False, ActorClass.AGENT),
        ("Copilot", True, ActorClass.AGENT),
        ("copilot-swe-agent[bot]", True, ActorClass.AGENT),
        ("coderabbitai[bot]", True, ActorClass.AGENT),
        ("dependabot[bot]", True, ActorClass.BOT),
        ("dependabot", False, ActorClass.BOT),
        ("web-flow", False, ActorClass.BOT),
        ("acme-bot", False, ActorClass.BOT),
        ("svc-deploy", False, ActorClass.BOT),
        ("abbot", False, ActorClass.HUMAN),
        ("", False, ActorClass.UNKNOWN),
    ],
)
def test_who_acts(account: str, automated: bool, expected: ActorClass) -> None:  # noqa: FBT001 - a parameter of the table
    """Humans, bots and AI agents are told apart by account."""
    assert classify(account, automated=automated) == expected


@pytest.mark.parametrize(
    ("issue_type", "labels", "title", "expected"),
    [
        ("Bug", [], "", WorkKind.DEFECT),
        ("Story", [], "", WorkKind.FEATURE),
        ("New Feature", [], "", WorkKind.FEATURE),
        ("Story", ["tech-debt"], "", WorkKind.DEBT),
        ("Bug", ["security"], "", WorkKind.RISK),
        ("Task", [], "", None),
        ("Task", ["bug"], "", WorkKind.DEFECT),
        (None, ["type: enhancement"], "", WorkKind.FEATURE),
        (None, ["dependencies"], "", WorkKind.DEBT),
        ("Story", ["low-risk"], "", WorkKind.FEATURE),
        ("Story", ["risk: none"], "", WorkKind.FEATURE),
        ("Story", ["no-migration"], "", WorkKind.FEATURE),
        ("Task", ["not-a-bug"], "", None),
        ("Task", ["risk: high"], "", WorkKind.RISK),
        ("Task", ["security: low"], "", WorkKind.RISK),
        (None, [], "fix(cart)!: round up", WorkKind.DEFECT),
        (None, [], "feat: carts", WorkKind.FEATURE),
        (None, [], "docs: carts", None),
        (None, [], "Fix carts", None),
        (None, [], "", None),
    ],
)
def test_kinds_of_work(issue_type: str | None, labels: list[str], title: str, expected: WorkKind | None) -> None:
    """Type, labels and prefix tell the kind of work in that order, risk and debt first; a negation tells none."""
    assert work_kind(issue_type, labels, title) == expected


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("https://github.com/acme/app", "github.com/acme/app"),
        ("https://github.com/acme/app.git", "github.com/acme/app"),
        ("https://GitHub.com/Acme/App/", "github.com/Acme/App"),
        ("git@github.com:acme/app.git", "github.com/acme/app"),
        ("ssh://git@git.acme.example:7999/acme/app.git", "git.acme.example/acme/app"),
        ("https://token:x@gitlab.acme.example/group/sub/app", "gitlab.acme.example/group/sub/app"),
        ("github.com/acme/app", "github.com/acme/app"),
        ("https://charts.acme.example", None),
        ("acme/app", None),
        ("https://ci.acme.example/users/octo.cat@people.invalid", None),
        ("https://octo.cat:half/of-it@git.acme.example/acme/app", None),
        ("", None),
    ],
)
def test_addresses_of_repositories(address: str, repository: str | None) -> None:
    """A web or clone address is a repository whatever its spelling; credentials fall away."""
    assert repository_of(address) == repository


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("jira/issue_updated__status_reopened", "Done"),
        ("pagerduty/incident.triggered__triggered", "Checkout API"),
        ("pagerduty/incident.custom_field_values.updated__naming_the_deployment", "production"),
    ],
)
def test_no_mail_address_is_kept_of_a_word(name: str, word: str) -> None:
    """A status, a service or an environment called after somebody's address is kept, but for the address."""
    one = golden(name)
    assert word.encode() in one.body
    found = translated(one.tool, one.body.replace(word.encode(), b"octo.cat@people.invalid"), one.headers)
    assert found
    assert "people" not in repr(found)
