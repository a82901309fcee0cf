"""Scores %C&A by its evidence: how many stays of each step each kind of evidence speaks against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from lab.ledger import EVIDENCE, STEPS
from lab.score_groups import GROUPS, Facts, Key, true_rows
from lab.score_rows import Measured, ScoreRow, measured_rows
from lab.truth import Truth

_VISITS: Final = next(group for group in GROUPS if group.name == "visits")
_COUNTED, _SAID = (_VISITS.columns.index(name) for name in ("counted", "evidence"))
_STEP: Final = 1 + _VISITS.identity.index("step")


def score_evidence(truth: Truth, measured: Measured) -> Iterator[ScoreRow]:
    """Yield a row for each stream and kind of evidence, with the numbers of its steps."""
    true = _counts(true_rows(_VISITS, truth.items))
    seen = _counts(measured_rows(_VISITS, measured.query(_VISITS.sql)))
    for stream in truth.streams:
        for evidence in EVIDENCE:
            expected, found = ([each[stream, evidence, step] for step in STEPS] for each in (true, seen))
            yield ScoreRow(
                group="evidence", value_stream=stream, what=evidence, expected=_told(expected), measured=_told(found),
                allowed="exactly", n=sum(expected), met=expected == found,
            )  # fmt: skip


def _counts(rows: Mapping[Key, Facts]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (str(key[0]), str(facts[_SAID]), str(key[_STEP]))
        for key, facts in rows.items()
        if facts[_SAID] and facts[_COUNTED]
    )


def _told(numbers: list[int]) -> str:
    return ", ".join(f"{step} {n}" for step, n in zip(STEPS, numbers, strict=True) if n) or "none"
