"""The issues that a text closes, as GitLab reads it: `Closes #12, #13 and shop/web#4`, or an issue's address; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ingest.vocabulary.keys import MOST_KEYS

_VERB: Final = r"(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)"
_PATH: Final = r"[\w.-]{1,255}(?:/[\w.-]{1,255}){0,20}"
_ADDRESS: Final = rf"https?://[\w.:-]{{1,255}}/{_PATH}/(?:issues|work_items)/"
_ISSUE: Final = rf"(?:{_ADDRESS}|{_PATH}#|#)[1-9][0-9]{{0,8}}\b"
_CLOSING: Final = re.compile(
    rf"(?=[cfir])\b{_VERB}:?\s{{1,4}}(?:issues?\s{{1,4}})?({_ISSUE}(?:(?:\s{{0,4}},)?\s{{0,4}}(?:and\s{{1,4}})?{_ISSUE}){{0,15}})",
    re.IGNORECASE,
)
_ONE: Final = re.compile(
    rf"(?:https?://[\w.:-]{{1,255}}/(?P<there>{_PATH})/(?:issues|work_items)/|(?P<path>{_PATH})?#)(?P<number>[1-9][0-9]{{0,8}})",
    re.IGNORECASE,
)
_BY_NUMBER: Final = re.compile("#[1-9]")
_BY_ADDRESS: Final = re.compile("/(?:issues|work_items)/[1-9]")
_CHARACTERS: Final = 65_536


def closed_issues(text: str | None, home: str) -> tuple[str, ...]:
    """Return `group/name/12` of each issue that a text closes, once; a bare number is of the project `home`."""
    if not text or not _numbers(text):
        return ()
    lines = [line for line in text[:_CHARACTERS].split("\n") if _numbers(line)]
    return tuple(dict.fromkeys([issue for line in lines for issue in _found(line, home)]))[:MOST_KEYS]


def _numbers(text: str) -> bool:
    return _BY_NUMBER.search(text) is not None or _BY_ADDRESS.search(text) is not None


def _found(line: str, home: str) -> Iterator[str]:
    for closing in _CLOSING.finditer(line):
        for one in _ONE.finditer(closing[1]):
            there = (one["there"] or one["path"] or home).removesuffix("/-")
            name = there if "/" in there else f"{home.rpartition('/')[0]}/{there}"
            yield f"{name}/{one['number']}"
