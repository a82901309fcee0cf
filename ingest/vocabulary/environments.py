"""A tool's word for an environment, normalised; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

KNOWN: Final = ("production", "staging", "testing", "development", "preview")
"""What the usual words become; any other word stays itself, in lower case with single hyphens."""

_PART: Final = re.compile(r"[^0-9a-z]+")
_WORDS: Final = {
    "staging": ("staging", "stage", "stg", "preprod", "preproduction", "uat", "acceptance", "nonprod", "nonproduction",
                "canary"),
    "testing": ("testing", "test", "tst", "qa", "integration", "int", "e2e", "ci"),
    "development": ("development", "develop", "dev", "sandbox", "local"),
    "preview": ("preview", "pr", "review", "ephemeral"),
    "production": ("production", "prod", "prd", "live"),
}  # fmt: skip
_MEANING: Final = {word: name for name, words in _WORDS.items() for word in words}
_LONGEST: Final = 128
_DIGITS: Final = "0123456789"
_BEFORE_PRODUCTION: Final = frozenset({"pre", "non"})


def normalise(word: str, own: Mapping[str, str] | None = None) -> str:
    """Return the environment a tool's word means: `prod-eu`, `prod1` and `PRD` are production, `pre-prod` is staging.

    `own`: a source's own words, looked up first exactly, then without regard to case. A word of several parts is known
    by its parts; the parts before production win (`staging-live` is staging). '' stays ''.
    """
    if own:
        mapped = own.get(word) or {key.lower(): value for key, value in own.items()}.get(word.lower())
        if mapped:
            return mapped
    return _meaning(word[:_LONGEST])


def spelled(word: str) -> str:
    """Return what a word without any meaning becomes: its letters and digits in lower case, with single hyphens."""
    return _spelled(word[:_LONGEST])


@lru_cache(maxsize=4096)
def _spelled(word: str) -> str:
    return "-".join(_parts(word))


def _parts(word: str) -> list[str]:
    return [part for part in _PART.split(word.lower()) if part]


@lru_cache(maxsize=4096)
def _meaning(word: str) -> str:
    parts = _parts(word)
    meanings = {meaning for part in parts if (meaning := _MEANING.get(part) or _MEANING.get(part.rstrip(_DIGITS)))}
    if "production" in meanings and _BEFORE_PRODUCTION.intersection(parts):
        return "staging"
    for name in _WORDS:
        if name in meanings:
            return name
    return "-".join(parts)
