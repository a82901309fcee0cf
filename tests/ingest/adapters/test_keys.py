"""Ticket keys and issues found in branches, titles and messages."""

from __future__ import annotations

import pytest

from ingest.vocabulary.keys import (
    CONFIDENCES,
    MOST_KEYS,
    closed_issues,
    key_links,
    keys_in_branch,
    keys_in_text,
    keys_named_in_body,
    unique_links,
)
from schemas.event import Link, LinkKind, LinkMethod


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("CHK-12 Let carts expire", ("CHK-12",)),
        ("[CHK-12][PAY-3]: two", ("CHK-12", "PAY-3")),
        ("CHK-12, CHK-12 again", ("CHK-12",)),
        ("feat(CHK-12): x", ("CHK-12",)),
        ("Write UTF-8", ("UTF-8",)),
        ("chk-12 in lower case", ()),
        ("A-1 is too short, XCHK-012 begins with a nought", ()),
        ("fooCHK-12 CHK-12x", ()),
        ("2026-03-02", ()),
        ("", ()),
    ],
)
def test_keys_of_a_text(text: str, keys: tuple[str, ...]) -> None:
    """A text's keys are upper case and stand alone."""
    assert keys_in_text(text) == keys


@pytest.mark.parametrize(
    ("branch", "keys"),
    [
        ("feature/chk-12-let-carts-expire", ("CHK-12",)),
        ("CHK-12", ("CHK-12",)),
        ("chk-12_pay-3", ("CHK-12", "PAY-3")),
        ("main", ()),
        ("v1.2-3", ()),
        ("release-2026-03-02", ("RELEASE-2026",)),
    ],
)
def test_keys_of_a_branch(branch: str, keys: tuple[str, ...]) -> None:
    """A branch's keys may be of any case."""
    assert keys_in_branch(branch) == keys


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("Fixes CHK-12.", ("CHK-12",)),
        ("closes: CHK-12", ("CHK-12",)),
        ("Ticket: [CHK-12](https://acme.atlassian.net/browse/CHK-12)", ("CHK-12",)),
        ("https://acme.atlassian.net/browse/CHK-12", ("CHK-12",)),
        ("Like CHK-12, but better", ()),
        (None, ()),
        ("", ()),
    ],
)
def test_keys_that_a_description_names_as_its_own(body: str | None, keys: tuple[str, ...]) -> None:
    """A key that is only mentioned in a description does not count."""
    assert keys_named_in_body(body) == keys


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ("Fixes #12", ("acme/app/12",)),
        ("closes acme/shop#7, resolved: #8", ("acme/shop/7", "acme/app/8")),
        ("Fix https://github.com/acme/shop/issues/9", ("acme/shop/9",)),
        ("Let carts expire (#97)", ()),
        ("prefixes #12", ()),
        ("see #12", ()),
        (None, ()),
    ],
)
def test_issues_that_a_text_closes(text: str | None, issues: tuple[str, ...]) -> None:
    """Closing words name issues of the repository at hand or of another."""
    assert closed_issues(text, "acme/app") == issues


def test_a_list_of_keys_is_cut() -> None:
    """A text that names a hundred tickets is a list: only the first few become links."""
    assert len(keys_in_text(" ".join(f"CHK-{n}" for n in range(1, 101)))) == MOST_KEYS


def test_a_bare_key_links_to_any_tracker() -> None:
    """A bare key becomes a membership link to whatever tracker knows it."""
    expected = Link(
        uri="ticket:*/CHK-12", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_TITLE,
        confidence=CONFIDENCES[LinkMethod.KEY_IN_TITLE],
    )  # fmt: skip
    assert key_links(["CHK-12"], LinkMethod.KEY_IN_TITLE) == [expected]


def test_the_first_evidence_of_a_link_stands() -> None:
    """Of two links to the same entity the first stands."""
    branch = key_links(["CHK-12"], LinkMethod.KEY_IN_BRANCH)
    title = key_links(["CHK-12", "CHK-13"], LinkMethod.KEY_IN_TITLE)
    assert unique_links([*branch, *title]) == (branch[0], title[1])


def test_hostile_text_is_read_in_no_time() -> None:
    """A long text made to confuse the patterns is read within the time a test may take."""
    texts = ["A" * 60_000, "A-" * 30_000, "fixes " * 10_000 + "#", "Fixes " + " " * 60_000 + "#1", "/browse/" * 8_000]
    assert [(*keys_in_text(t), *keys_named_in_body(t + "-1"), *closed_issues(t, "a/b")) for t in texts]
