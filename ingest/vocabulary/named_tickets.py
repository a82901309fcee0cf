"""The tickets that a change names: in its branch, its title, and as its own in its description; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.vocabulary.keys import branch_links, issue_links, key_links, keys_in_text, keys_named_in_body, unique_links
from schemas.event import Link, LinkMethod

_ISSUE_BRANCH: Final = re.compile(r"([1-9][0-9]{0,5})-[a-z]")
_YEARS: Final = range(1990, 2100)
_REMEMBERED: Final = 256


class Tracker(Struct, frozen=True):
    """A tracker of issues that lives beside its code.

    `closed` returns `owner/name/12` of the issues that a text closes, given the `owner/name` of a bare number.
    """

    name: str
    closed: Callable[[str | None, str], Sequence[str]]


def change_tickets(tracker: Tracker, home: str, branch: str, title: str, body: str | None) -> list[Link]:
    """Return the links to the tickets that a change of the repository `home` (`owner/name`) names."""
    short = len(title) <= _REMEMBERED and len(branch) <= _REMEMBERED
    named = (_named if short else _named.__wrapped__)(tracker, home, branch, title)
    if not body:
        return list(named)
    return [
        *issue_links(tracker.name, tracker.closed(body, home), LinkMethod.EXPLICIT),
        *named,
        *key_links(keys_named_in_body(body), LinkMethod.KEY_IN_MESSAGE),
    ]


def message_tickets(tracker: Tracker, home: str, message: str) -> list[Link]:
    """Return the links to the tickets that a commit's message closes or names."""
    return [
        *issue_links(tracker.name, tracker.closed(message, home), LinkMethod.KEY_IN_MESSAGE),
        *key_links(keys_in_text(message), LinkMethod.KEY_IN_MESSAGE),
    ]


@lru_cache(maxsize=4096)
def _named(tracker: Tracker, home: str, branch: str, title: str) -> tuple[Link, ...]:
    """Return the links to the tickets named in a branch and a title; a branch `12-some-words` is of issue 12."""
    number = _ISSUE_BRANCH.match(branch)
    issue = [f"{home}/{number[1]}"] if number and int(number[1]) not in _YEARS else []
    return unique_links(
        [
            *issue_links(tracker.name, tracker.closed(title, home), LinkMethod.KEY_IN_TITLE),
            *issue_links(tracker.name, issue, LinkMethod.KEY_IN_BRANCH),
            *branch_links(branch),
            *key_links(keys_in_text(title), LinkMethod.KEY_IN_TITLE),
        ]
    )
