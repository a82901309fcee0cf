"""What is kept of branches, labels and words for environments."""

from __future__ import annotations

import re
from functools import partial

import pytest

from ingest.vocabulary.environments import normalise
from ingest.vocabulary.kept_text import kept_of_branch, kept_of_environment, kept_of_label, without_addresses
from schemas.identity import pseudonym

hashed = partial(pseudonym, b"a key of the tests", "github")


@pytest.mark.parametrize(
    "branch",
    ["main", "master", "trunk", "develop", "release/1.4.x", "release/2026-03-02", "releases/v2", "hotfix/CHK-12",
     "v1.2.3", "feature/chk-12", "12", "dependabot", "revert-97", "gh-pages", "gh-readonly-queue/main/pr-97",
     "Hotfix/12"],
)  # fmt: skip
def test_what_is_of_the_closed_list_is_kept_whole(branch: str) -> None:
    """Long-lived names, leading words, keys, numbers and versions stay as they are."""
    assert kept_of_branch(branch, hashed) == branch


@pytest.mark.parametrize(
    ("branch", "kept"),
    [
        ("feature/chk-12-let-carts-expire", "feature/chk-12-~"),
        ("hotfix/round-up", "hotfix/~"),
        ("hot_fix_round_up", "hot_fix_~"),
        ("hotfix2-round-up", "hotfix2-~"),
        ("octo-patch-1", "~-PATCH-1"),
        ("octo/chk-12-pay-3", "~-CHK-12-PAY-3"),
        ("octo", "~"),
        ("octo/main", "~"),
        ("octo.cat@people.invalid/x", "~"),
        ("12-let-carts-expire", "12-~"),
        ("revert-97-octo/chk-12", "revert-97-~-CHK-12"),
        ("dependabot/pip/octolib-1.2", "dependabot/~-OCTOLIB-1"),
        ("mainocto", "~"),
        ("müller/fix", "~"),
        ("octo" * 300, "~"),
    ],
)
def test_all_else_of_a_branch_is_one_hash(branch: str, kept: str) -> None:
    """Whatever is not of the closed list becomes one hash; ticket keys stay wherever they stand."""
    assert re.sub("~[0-9a-f]{8}", "~", kept_of_branch(branch, hashed) or "") == kept


@pytest.mark.parametrize("nothing", ["", None])
def test_no_branch_is_none(nothing: str | None) -> None:
    """Where there is no branch nothing is kept."""
    assert kept_of_branch(nothing, hashed) is None


def test_the_hash_is_of_the_whole_name_and_of_the_key() -> None:
    """One branch has one text; another branch, and the same under another key, has another."""
    other = partial(pseudonym, b"another key", "github")
    told = [kept_of_branch("fix/a", hashed), kept_of_branch("fix/b", hashed), kept_of_branch("fix/a", other)]
    assert (len(set(told)), kept_of_branch("fix/a", hashed)) == (3, told[0])


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("bug", "bug"),
        ("status: in progress", "status: in progress"),
        ("priority/high", "priority/high"),
        ("P1", "P1"),
        ("blocked by octo", "blocked by ~"),
        ("octo", "~"),
        (None, None),
    ],
)
def test_labels_keep_the_words_of_rules(label: str | None, kept: str | None) -> None:
    """Of a label the usual words of kinds, states and priorities are kept."""
    found = kept_of_label(label, hashed)
    assert (found and re.sub("~[0-9a-f]{8}", "~", found)) == kept


@pytest.mark.parametrize(
    ("word", "branch", "environment", "kept"),
    [
        ("prod-eu", "octo/chk-12", "production", "prod-eu"),
        ("eu-central", "octo/chk-12", "eu-central", "eu-central"),
        ("Preview: octo", None, "preview", "Preview: ~"),
        ("pr-97", "octo/chk-12", "preview", "pr-97"),
        ("octo-chk-12", "octo/chk-12", "preview", "~-CHK-12"),
        ("staging-octo-chk-12", "octo/chk-12", "staging", "staging-~-CHK-12"),
        ("müller-fix", "müller/fix", "preview", "~"),
        ("octo" * 40, "octo" * 40, "preview", "~"),
        ("main", "main", "main", "main"),
        ("mapped-octo", "mapped-octo", "production", "~"),
        ("octo.cat@people.invalid", None, "preview", "~"),
        ("staging octo.cat@people.invalid", None, "staging", "staging ~"),
        ("", "octo/chk-12", "", ""),
    ],
)
def test_what_is_made_for_a_branch_is_a_preview(word: str, branch: str | None, environment: str, kept: str) -> None:
    """A word is kept whole unless it is a preview's or holds the branch's name; all of it tells what it means."""
    meaning = partial(normalise, own={"mapped-octo": "production"})
    means, found = kept_of_environment(word, meaning, hashed, branch)
    assert (means, re.sub("~[0-9a-f]{8}", "~", found)) == (environment, kept)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Waiting for octo.cat@people.invalid (until Monday)", "Waiting for ~ (until Monday)"),
        ("<octo@people.invalid>, cat@people.invalid", "<~>, ~"),
        ("octo@people.invalid+cat@people.invalid", "~~"),
        ("octo@cat@people.invalid", "octo@~"),
        ("registry.acme.example/checkout@sha256:5ca1ab1e", "registry.acme.example/checkout@sha256:5ca1ab1e"),
        ("checkout@v1.2.0", "checkout@v1.2.0"),
        ("pkg:maven/acme/checkout@1.0.RELEASE", "pkg:maven/acme/checkout@1.0.RELEASE"),
    ],
)
def test_a_mail_address_in_a_text_is_a_hash(text: str, kept: str) -> None:
    """What only looks like one (digests, versions) stays."""
    assert re.sub("~[0-9a-f]{8}", "~", without_addresses(text, hashed)) == kept


@pytest.mark.parametrize("text", ["a" * 500_000 + "@", "@" + "a" * 500_000, "a." * 250_000 + "@" + "a." * 250_000])
def test_a_long_word_is_read_once(text: str) -> None:
    """What somebody writes into a field does not hold the ingester up: a word that is no address costs its length."""
    assert without_addresses(text, hashed) == text
