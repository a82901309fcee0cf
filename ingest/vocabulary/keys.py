"""Ticket keys and other names of entities found in branches, titles and messages; pure.

What only looks like a key (`UTF-8`, `SHA-256`, `CVE-2024`) is found too: its link is inert until a ticket of that key
has a fact of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import bare_ticket_uri, ticket_uri

MOST_KEYS: Final = 16
"""How many different keys of one text become links: of a list of more, the first ones."""

CONFIDENCES: Final[Mapping[LinkMethod, float]] = {
    LinkMethod.KEY_IN_BRANCH: 0.95,
    LinkMethod.KEY_IN_MESSAGE: 0.95,
    LinkMethod.KEY_IN_TITLE: 0.85,
}
"""How sure it is that what names a ticket belongs to it; what a tool itself says is certain."""

KEY: Final = r"[A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,6}"
"""The pattern of a ticket key."""

_DASH: Final = re.compile("-[1-9]")
_ANY_KEY: Final = re.compile(rf"{KEY}(?![A-Za-z0-9_])")
_BRANCH_KEY: Final = re.compile(rf"{KEY}(?![A-Z0-9])")
_CLOSING: Final = r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|implements?)"
_ISSUE: Final = r"(?:([\w.-]+/[\w.-]+)#|#|https?://[\w.:-]+/([\w.-]+/[\w.-]+)/issues/)([1-9][0-9]{0,8})\b"
_BY_NUMBER: Final = re.compile("#[1-9]")
_BY_ADDRESS: Final = re.compile("/issues/[1-9]")
# What can begin a match is looked at first: a long text is searched in a quarter of the time.
_CLOSED_ISSUE: Final = re.compile(rf"(?=[cfir])\b{_CLOSING}:?\s{{1,4}}{_ISSUE}", re.IGNORECASE)
_NAMED_KEY: Final = re.compile(
    rf"(?i:(?=[/cfijrst]))(?:\b(?i:{_CLOSING}|ticket|issue|jira|story|task)\s{{0,4}}:?\s{{1,4}}\[?|/browse/)({KEY})"
    r"(?![A-Za-z0-9_])"
)
_BODY_CHARACTERS: Final = 65_536
_BEFORE_DASH: Final = 40
_AFTER_DASH: Final = 9
_REMEMBERED_CHARACTERS: Final = 256


def keys_in_text(text: str) -> tuple[str, ...]:
    """Return the keys of a title or message, upper case, each once, in their order; () without any."""
    return _short_text(text) if len(text) <= _REMEMBERED_CHARACTERS else _in_text(text)


def keys_in_branch(branch: str) -> tuple[str, ...]:
    """Return the keys of a branch name in any case (`feature/chk-12-login`), upper case, each once; () without any."""
    return _first(_standing_alone(_BRANCH_KEY, branch.upper(), "")) if _DASH.search(branch) else ()


def keys_named_in_body(body: str | None) -> tuple[str, ...]:
    """Return the keys a description names as its own (`Fixes CHK-12`, `Ticket: CHK-12`, `.../browse/CHK-12`).

    A key that is only mentioned is none of them: descriptions cite other tickets freely.
    """
    return _first(_named(body[:_BODY_CHARACTERS])) if body and "-" in body else ()


def _named(body: str) -> Iterator[str]:
    """Yield the keys that are named as a description's own: only what stands around a dash and a digit is looked at."""
    for dash in _DASH.finditer(body):
        yield from _NAMED_KEY.findall(body, max(dash.start() - _BEFORE_DASH, 0), dash.start() + _AFTER_DASH)


def closed_issues(text: str | None, repository: str) -> tuple[str, ...]:
    """Return `owner/name/12` of the issues a text closes (`Fixes #12`, `closes acme/app#3`), each once.

    `repository` is the `owner/name` that a bare number belongs to.
    """
    if not text or not (_BY_NUMBER.search(text) or _BY_ADDRESS.search(text)):
        return ()
    found = _CLOSED_ISSUE.findall(text[:_BODY_CHARACTERS])
    return _first([f"{there or by_address or repository}/{number}" for there, by_address, number in found], upper=False)


def key_links(keys: Sequence[str], method: LinkMethod) -> list[Link]:
    """Return the membership links of bare keys, inert until such a ticket is known."""
    return [_membership(bare_ticket_uri(key), method) for key in keys] if keys else []


def issue_links(tracker: str, issues: Sequence[str], method: LinkMethod) -> list[Link]:
    """Return the membership links of a tracker's issues, each `owner/name/12`."""
    return [_membership(ticket_uri(tracker, issue), method) for issue in issues] if issues else []


def _membership(ticket: str, method: LinkMethod) -> Link:
    return Link(uri=ticket, kind=LinkKind.PART_OF, method=method, confidence=CONFIDENCES.get(method, 1.0))


def branch_links(branch: str) -> tuple[Link, ...]:
    """Return the membership links of the keys in a branch name."""
    return _links_of_branch(branch[:_REMEMBERED_CHARACTERS])


@lru_cache(maxsize=4096)
def _links_of_branch(branch: str) -> tuple[Link, ...]:
    return tuple(key_links(keys_in_branch(branch), LinkMethod.KEY_IN_BRANCH))


def unique_links(links: list[Link]) -> tuple[Link, ...]:
    """Return the links, each (uri, kind) once: the first evidence stands."""
    first: dict[tuple[str, LinkKind], Link] = {}
    for link in links:
        first.setdefault((link.uri, link.kind), link)
    return tuple(first.values())


def _in_text(text: str) -> tuple[str, ...]:
    return _first(_standing_alone(_ANY_KEY, text, "_-")) if _DASH.search(text) else ()


_short_text: Final = lru_cache(maxsize=4096)(_in_text)


def _standing_alone(pattern: re.Pattern[str], text: str, joining: str) -> Iterator[str]:
    """Yield the keys that no letter, digit or joining character stands before."""
    start = 0
    while found := pattern.search(text, start):
        begin = found.start()
        before = text[begin - 1] if begin else " "
        if (before.isascii() and before.isalnum()) or before in joining:
            start = begin + 1
        else:
            yield found[0]
            start = found.end()


def _first(found: Iterable[str], *, upper: bool = True) -> tuple[str, ...]:
    return tuple(dict.fromkeys([key.upper() if upper else key for key in found]))[:MOST_KEYS]
