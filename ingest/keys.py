"""Ticket keys and other names of entities found in branches, titles and messages; pure.

What only looks like a key (`UTF-8`, `SHA-256`, `CVE-2024`) is found too: its link is inert until a ticket of that key
has a fact of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import bare_ticket_uri, ticket_uri

MOST_KEYS: Final = 16
"""How many different keys of one text become links: a text that names more is a list, no membership."""

_KEY: Final = r"[A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,6}"
_DASH: Final = re.compile("-[1-9]")
_IN_TEXT: Final = re.compile(rf"(?<![A-Za-z0-9_-])({_KEY})(?![A-Za-z0-9_])")
_IN_BRANCH: Final = re.compile(rf"(?<![A-Za-z0-9])({_KEY})(?![A-Za-z0-9])", re.IGNORECASE)
_CLOSING: Final = r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|implements?)"
_ISSUE: Final = r"(?:([\w.-]+/[\w.-]+)#|#|https?://[\w.:-]+/([\w.-]+/[\w.-]+)/issues/)([1-9][0-9]{0,8})\b"
_CLOSED_ISSUE: Final = re.compile(rf"\b{_CLOSING}:?\s{{1,4}}{_ISSUE}", re.IGNORECASE)
_NAMED_KEY: Final = re.compile(
    rf"(?:\b(?i:{_CLOSING}|ticket|issue|jira|story|task)\s{{0,4}}:?\s{{1,4}}\[?|/browse/)({_KEY})(?![A-Za-z0-9_])"
)
_BODY_CHARACTERS: Final = 65_536
_REMEMBERED_CHARACTERS: Final = 256


def keys_in_text(text: str) -> tuple[str, ...]:
    """Return the keys of a title or message, upper case, each once, in their order; () without any."""
    return _short_text(text) if len(text) <= _REMEMBERED_CHARACTERS else _in_text(text)


def keys_in_branch(branch: str) -> tuple[str, ...]:
    """Return the keys of a branch name in any case (`feature/chk-12-login`), upper case, each once; () without any."""
    return _in_branch(branch[:_REMEMBERED_CHARACTERS])


def keys_named_in_body(body: str | None) -> tuple[str, ...]:
    """Return the keys a description names as its own (`Fixes CHK-12`, `Ticket: CHK-12`, `.../browse/CHK-12`).

    A key that is only mentioned is none of them: descriptions cite other tickets freely.
    """
    return _first(_NAMED_KEY.findall(body[:_BODY_CHARACTERS])) if body and _DASH.search(body) else ()


def closed_issues(text: str | None, repository: str) -> tuple[str, ...]:
    """Return `owner/name/12` of the issues a text closes (`Fixes #12`, `closes acme/app#3`), each once.

    `repository` is the `owner/name` that a bare number belongs to.
    """
    if not text or ("#" not in text and "/issues/" not in text):
        return ()
    found = _CLOSED_ISSUE.findall(text[:_BODY_CHARACTERS])
    return _first([f"{there or by_address or repository}/{number}" for there, by_address, number in found], upper=False)


def key_links(keys: Sequence[str], method: LinkMethod) -> list[Link]:
    """Return the membership links of bare keys, inert until such a ticket is known."""
    return [Link(uri=bare_ticket_uri(key), kind=LinkKind.PART_OF, method=method) for key in keys]


def issue_links(tracker: str, issues: Sequence[str], method: LinkMethod) -> list[Link]:
    """Return the membership links of a tracker's issues, each `owner/name/12`."""
    return [Link(uri=ticket_uri(tracker, issue), kind=LinkKind.PART_OF, method=method) for issue in issues]


def unique_links(links: list[Link]) -> tuple[Link, ...]:
    """Return the links, each (uri, kind) once: the first evidence stands."""
    first: dict[tuple[str, LinkKind], Link] = {}
    for link in links:
        first.setdefault((link.uri, link.kind), link)
    return tuple(first.values())


def _in_text(text: str) -> tuple[str, ...]:
    return _first(_IN_TEXT.findall(text)) if _DASH.search(text) else ()


@lru_cache(maxsize=4096)
def _in_branch(branch: str) -> tuple[str, ...]:
    return _first(_IN_BRANCH.findall(branch)) if _DASH.search(branch) else ()


_short_text: Final = lru_cache(maxsize=4096)(_in_text)


def _first(found: list[str], *, upper: bool = True) -> tuple[str, ...]:
    return tuple(dict.fromkeys([key.upper() if upper else key for key in found]))[:MOST_KEYS]
