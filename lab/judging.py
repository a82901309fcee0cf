"""Which stays their receiver could not use as they came, by the lab's own books; whole seconds.

| evidence | what happened | who passed it on |
|---|---|---|
| `changes_requested` | a review sent the work back | the latest stay in Develop (the ledger writes it down) |
| `failed_build` | a build failed | whoever was done last when the build's stay began, another step than Build |
| `reopened` | a closed ticket was opened again | whoever was done last by then |
| `reverted` | another change took a landed one back | whoever was done last when that landed, itself aside |
| `rolled_back` | the deployment of a change was undone | the stay in Deploy that it was, else whoever was done last |

The backlog passes nothing on that could be wrong, nor does a stay that ended with the work going back. The earliest
judgement is the one that stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from lab.ledger import STEPS, Verdict, Visit

_PASSING_ON: Final = frozenset(STEPS[1:])


class Setback(Struct, frozen=True, kw_only=True):
    """Something that shows work to be wrong after it was passed on.

    `deployed`: when the deployment was done that was undone, None for what undid none. `by`: the change that undid it,
    whose own stays had nothing to do with what was wrong.
    """

    at: int
    evidence: str
    deployed: int | None = None
    by: str = ""


def judge(visits: Sequence[Visit], setbacks: Iterable[Setback], end: int) -> None:
    """Write into the stays what failed builds and setbacks up to `end` say of them; before any is ended as untold."""
    for failed in [visit for visit in visits if visit.failed]:
        by_others = [visit for visit in visits if visit.step != failed.step]
        _blame(_passed_on(by_others, failed.began), Verdict(failed.finished or 0, "failed_build"))
    for setback in setbacks:
        if setback.at <= end:
            own = [
                v for v in visits if v.step == "Deploy" and v.finished is not None and v.finished == setback.deployed
            ]
            others = [v for v in visits if not setback.by or v.of != setback.by]
            _blame(own[-1] if own else _passed_on(others, setback.at), Verdict(setback.at, setback.evidence))


def _passed_on(visits: Iterable[Visit], by: int) -> Visit | None:
    done = [
        (v.finished, STEPS.index(v.step), v.number)
        for v in visits
        if v.finished is not None and v.finished <= by and not v.sent_back
    ]
    passed = max((one for one in done if STEPS[one[1]] in _PASSING_ON), default=None)
    return next((v for v in visits if passed == (v.finished, STEPS.index(v.step), v.number)), None) if passed else None


def _blame(visit: Visit | None, verdict: Verdict) -> None:
    if visit is not None:
        visit.find_wrong(verdict)
