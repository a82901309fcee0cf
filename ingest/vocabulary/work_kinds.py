"""Issue types, labels and title prefixes as the Flow Framework's four kinds of work; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from schemas.event import WorkKind

MOST_LABELS: Final = 256
"""So many labels of one thing are read, the first ones: nobody gives it more."""

_NONE: Final[frozenset[WorkKind]] = frozenset()
_LONGEST: Final = 128
_SPLIT: Final = re.compile(r"[^a-z]+")
_WORDS: Final = {
    WorkKind.RISK: ("security", "vulnerability", "vuln", "cve", "risk", "compliance", "privacy", "audit"),
    WorkKind.DEBT: ("debt", "techdebt", "chore", "refactor", "refactoring", "maintenance", "dependencies", "cleanup",
                    "deprecation", "migration", "housekeeping"),
    WorkKind.DEFECT: ("bug", "defect", "regression", "incident", "hotfix", "crash", "fault"),
    WorkKind.FEATURE: ("feature", "enhancement", "story", "improvement", "epic", "feat"),
}  # fmt: skip
_NEGATIONS: Final = frozenset({"no", "non", "none", "not", "never", "without", "free", "zero", "false"})
_SLIGHT: Final = frozenset({"low", "minimal", "negligible"})
KIND_WORDS: Final = frozenset(word for words in _WORDS.values() for word in words)
"""Every word that tells a kind of work."""

_PREFIX: Final = re.compile(r"\s*(\w+)(?:\([^)]{0,40}\))?!?:\s")
_PREFIXES: Final = {
    "feat": WorkKind.FEATURE, "fix": WorkKind.DEFECT, "hotfix": WorkKind.DEFECT, "security": WorkKind.RISK,
    "chore": WorkKind.DEBT, "refactor": WorkKind.DEBT, "build": WorkKind.DEBT, "ci": WorkKind.DEBT,
}  # fmt: skip


def work_kind(issue_type: str | None = None, labels: Sequence[str] = (), title: str = "") -> WorkKind | None:
    """Return the kind of work, or None when nothing tells it (a plain task tells nothing).

    Risk and debt among the labels win over the type (a story labelled `tech-debt` is debt); then the type, then the
    other labels, then a conventional prefix of the title (`fix: ...`), which is read and not kept. What negates a kind
    (`risk: none`, `no-migration`, `not-a-bug`) tells none, nor does a risk that is said to be low.
    """
    labelled = {kind for label in labels[:MOST_LABELS] if (kind := _kind_of(label[:_LONGEST]))} if labels else _NONE
    for kind in (WorkKind.RISK, WorkKind.DEBT) if labelled else ():
        if kind in labelled:
            return kind
    if issue_type and (typed := _kind_of(issue_type[:_LONGEST])):
        return typed
    for kind in (WorkKind.DEFECT, WorkKind.FEATURE) if labelled else ():
        if kind in labelled:
            return kind
    prefix = _PREFIX.match(title) if ":" in title else None
    return _PREFIXES.get(prefix[1].lower()) if prefix else None


@lru_cache(maxsize=4096)
def _kind_of(words: str) -> WorkKind | None:
    parts = set(_SPLIT.split(words.lower()))
    if parts & _NEGATIONS:
        return None
    if parts & _SLIGHT:
        parts.discard("risk")
    return next((kind for kind, known in _WORDS.items() if parts.intersection(known)), None)
