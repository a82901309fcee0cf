"""What is kept of texts that people write freely, a branch's name above all: what can name nobody; pure.

The words of a closed list that a text begins with, numbers and versions among them, and ticket keys wherever they stand
are kept. All the rest is one short keyed hash, the same for the same text:

| branch | kept |
|---|---|
| `main`, `release/1.4.x`, `hotfix/CHK-12`, `12` | itself |
| `feature/chk-12-let-carts-expire` | `feature/chk-12-~5e1f0c3a` |
| `octo/chk-12`, `octo-patch-1` | `~0b7d44e1-CHK-12`, `~9c2e6f08-PATCH-1` |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from ingest.vocabulary.environments import spelled
from ingest.vocabulary.keys import KEY, keys_in_branch
from ingest.vocabulary.work_kinds import KIND_WORDS

LONG_LIVED: Final = frozenset(
    {
        "alpha", "beta", "canary", "default", "dev", "devel", "develop", "development", "edge", "experimental",
        "gh-pages", "head", "integration", "main", "mainline", "master", "next", "nightly", "preprod", "prod",
        "production", "qa", "release", "releases", "stable", "stage", "staging", "test", "testing", "trunk", "uat",
        "unstable",
    }
)  # fmt: skip
"""What branches are called that live on from change to change, or the first word of their names."""

_BRANCH_WORDS: Final = LONG_LIVED | {
    "auto", "automated", "automation", "backport", "bot", "bug", "bugfix", "bugs", "build", "bump", "cherry-pick",
    "chore", "ci", "codex", "copilot", "defect", "dependabot", "dependencies", "deploy", "deployment", "deps", "doc",
    "docs", "draft", "enhancement", "env", "environment", "epic", "experiment", "feat", "feature", "features", "fix",
    "fixes", "gh-readonly-queue", "greenkeeper", "heads", "hot-fix", "hot_fix", "hotfix", "hotfixes", "improvement",
    "issue", "issues", "maint", "maintenance", "merge", "merge-queue", "perf", "pr", "pre-commit-ci", "preview", "pull",
    "rc", "refactor", "refs", "renovate", "revert", "review", "rollback", "security", "snyk", "spike", "story", "style",
    "support", "sync", "tag", "tags", "task", "tech-debt", "techdebt", "tests", "ticket", "update", "updates",
    "upgrade", "v", "version", "wip",
}  # fmt: skip
_LABEL_WORDS: Final = KIND_WORDS | {
    "a", "and", "at", "backlog", "blocked", "blocker", "by", "closed", "complete", "critical", "design", "dev",
    "development", "discussion", "do", "doing", "done",
    "duplicate", "external", "first", "for", "good", "help", "high", "hold", "impediment", "in", "info", "internal",
    "invalid", "is", "issue", "kind", "l", "low", "m", "major", "medium", "minor", "more", "must", "need", "needed",
    "needs", "no", "none", "not", "on", "open", "p", "parked", "pending", "planned", "postponed", "prio", "priority",
    "production", "progress", "question", "ready", "reopened", "review", "rework", "s", "sev", "severity", "should",
    "size", "spike", "stale", "state", "status", "support", "task", "test", "testing", "to", "todo", "tracking",
    "triage", "triaged", "type", "unblocked", "urgent", "verification", "waiting", "wanted", "wip", "wont", "wontfix",
    "work", "workflow", "xl", "xs", "xxl",
}  # fmt: skip
_ENVIRONMENT_WORDS: Final = LONG_LIVED | {
    "app", "branch", "environment", "ephemeral", "pr", "pull", "preview", "request", "review",
}  # fmt: skip

# A word is taken whole, with or without an address's other half: read from each of its letters on, a long one with an
# `@` somewhere would take the square of its length.
_WORD: Final = re.compile(r"""[^\s/@<>()\[\],;:"'=]+(@(?:[\w-]+\.)+[A-Za-z]{2,}(?![\w.-]))?""")
_PACKAGE: Final = "pkg:"
_LONGEST: Final = 256
_HASH_DIGITS: Final = 8
_BETWEEN: Final = re.compile(r"[\W_]+")

Pseudonym = Callable[[str], str]
"""The keyed hash of a text."""


def _beginning(words: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of the known words, numbers, versions and ticket keys that a text begins with."""
    known = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    number = r"#?v?[0-9]{1,9}(?:\.(?:[0-9]{1,9}|x))*"
    return re.compile(rf"(?:(?:(?:{known})[0-9]{{0,6}}|{number}|{KEY})(?:[\W_]+|$))*", re.IGNORECASE)


_BEGINNINGS: Final = {
    "branch": _beginning(_BRANCH_WORDS),
    "label": _beginning(_LABEL_WORDS),
    "environment": _beginning(_ENVIRONMENT_WORDS),
}


def kept_of_branch(branch: str | None, pseudonym: Pseudonym) -> str | None:
    """Return what is kept of a branch's name; None for none."""
    return _kept(branch[:_LONGEST], "branch", pseudonym) if branch else None


def kept_of_label(label: str | None, pseudonym: Pseudonym) -> str | None:
    """Return what is kept of a label: the usual words of kinds, states, priorities and sizes; None for none."""
    return _kept(label[:_LONGEST], "label", pseudonym) if label else None


def kept_of_environment(
    word: str, meaning: Callable[[str], str], pseudonym: Pseudonym, branch: str | None = None
) -> tuple[str, str]:
    """Return what a tool's word for an environment means, and what is kept of the word; ('', '') for ''.

    `meaning` normalises. The word is kept whole but for that of a preview, one that holds the name of the `branch` and
    one that holds a mail address: what is made for a branch or a person is a preview, where its word has no other
    meaning.
    """
    means = meaning(word) if word else ""
    made_for = branch is not None and kept_of_branch(branch, pseudonym) != branch and holds_branch(word, branch)
    if means != "preview" and not made_for and without_addresses(word, pseudonym) == word:
        return means, word
    kept = _kept(word[:_LONGEST], "environment", pseudonym)
    return "preview" if spelled(word) == means else means, kept


def without_addresses(text: str, pseudonym: Pseudonym) -> str:
    """Return a text with a short keyed hash for each mail address in it; a package url has versions, no addresses."""
    if "@" not in text or text.startswith(_PACKAGE):
        return text
    return _WORD.sub(lambda word: f"~{pseudonym(f'text {word[0]}')[:_HASH_DIGITS]}" if word[1] else word[0], text)


def holds_branch(text: str, branch: str) -> bool:
    """Tell whether a text holds a branch's name, whatever joins its words: `octo-chk-12` holds `octo/chk-12`."""
    name = _slug(branch[:_LONGEST])
    return name != "" and f"-{name}-" in f"-{_slug(text)}-"


def _slug(text: str) -> str:
    return _BETWEEN.sub("-", text.lower()).strip("-")


@lru_cache(maxsize=4096)
def _kept(text: str, words: str, pseudonym: Pseudonym) -> str:
    known = _BEGINNINGS[words].match(text)
    end = known.end() if known else 0
    if end == len(text):
        return text
    return "-".join([f"{text[:end]}~{pseudonym(f'text {text}')[:_HASH_DIGITS]}", *keys_in_branch(text[end:])])
