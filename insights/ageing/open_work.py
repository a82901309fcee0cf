"""A stream's open items with their steps, each against what was finished and what is expected, by risk; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from insights.ageing.expectations import Expectation, Finished, Standing, Verdict, standing, targeted

_NONE = Finished()


class Doing(StrEnum):
    """What happens to an item in a step now."""

    WAITING = "waiting"
    ACTIVE = "active"
    BLOCKED = "blocked"


class OpenVisit(Struct, frozen=True, kw_only=True):
    """A visit that is not finished; `began_at` is microseconds UTC."""

    step: str
    visit: int
    began_at: int
    doing: Doing


class OpenItem(Struct, frozen=True, kw_only=True):
    """An item that is not over; `started_at` is microseconds UTC."""

    item_id: str
    kind: str | None
    state: str | None
    started_at: int
    visits: Sequence[OpenVisit] = ()


class StepStanding(Struct, frozen=True, kw_only=True):
    """One open visit and how its age stands; an expectation only where the step has a target for its lead time.

    `waiting`: how its wait so far stands to the step's target for its wait time; None where it does not wait, or no
    target is set.
    """

    step: str
    visit: int
    doing: Doing
    standing: Standing
    waiting: Standing | None


class ItemStanding(Struct, frozen=True, kw_only=True):
    """One open item and how its age stands; `steps` are those it is in, none between two."""

    item_id: str
    kind: str | None
    state: str | None
    standing: Standing
    steps: tuple[StepStanding, ...]


class Ageing(Struct, frozen=True, kw_only=True):
    """A stream's open work at a time (`at`, microseconds UTC), the one at most risk first.

    `expectation` None: no target is set and fewer than five items were finished in 90 days. `finished` says how many
    were.
    """

    value_stream: str
    at: int
    expectation: Expectation | None
    finished: int
    verdicts: dict[Verdict, int]
    items: tuple[ItemStanding, ...]
    definition_version: str


class Past(Struct, frozen=True):
    """What was finished lately: the stream's items, and by step its visits and their waits."""

    items: Finished
    visits: Mapping[str, Finished] = {}
    waits: Mapping[str, Finished] = {}


def ageing(
    stream: str, opened: Iterable[OpenItem], past: Past, targets: Mapping[str, str], *, at: int, version: str = ""
) -> Ageing:
    """Return how a stream's open items stand at a time. What began later is of age 0."""
    expectation = targeted(targets, "flow_time") or past.items.observed()
    items = [
        ItemStanding(
            item_id=item.item_id,
            kind=item.kind,
            state=item.state,
            standing=standing(max(0, at - item.started_at), past.items, expectation),
            steps=tuple(_step(visit, past, targets, at) for visit in item.visits),
        )
        for item in opened
    ]
    found = Counter(item.standing.verdict for item in items)
    return Ageing(
        value_stream=stream,
        at=at,
        expectation=expectation,
        finished=len(past.items),
        verdicts={verdict: found[verdict] for verdict in Verdict},
        items=tuple(sorted(items, key=_risk)),
        definition_version=version,
    )


def _step(visit: OpenVisit, past: Past, targets: Mapping[str, str], at: int) -> StepStanding:
    age = max(0, at - visit.began_at)
    wait = targeted(targets, f"{visit.step}.wait") if visit.doing is Doing.WAITING else None
    return StepStanding(
        step=visit.step,
        visit=visit.visit,
        doing=visit.doing,
        standing=standing(age, past.visits.get(visit.step, _NONE), targeted(targets, f"{visit.step}.lead")),
        waiting=None if wait is None else standing(age, past.waits.get(visit.step, _NONE), wait),
    )


def _risk(item: ItemStanding) -> tuple[bool, bool, float, float, str]:
    """Return the sort key: the broken by age, then by probability; where that is unknown last, and by age."""
    of = item.standing
    chance = None if of.breaking is None else of.breaking.value
    is_broken = of.verdict is Verdict.BROKEN
    return (
        not is_broken, chance is None and not is_broken, 0.0 if is_broken or chance is None else -chance,
        -of.age_seconds, item.item_id,
    )  # fmt: skip
