"""What a stream's facts presuppose: earlier facts that must have been told, and whether they were; pure.

A run that finished was started, an incident that was resolved had been detected, a ticket that changes was created.
Where the later fact is known and the earlier one is not, something was lost on its way; the share that is known says
how much of everything arrives, as far as losses strike at random.

| of | the later fact | presupposes |
|---|---|---|
| runs, builds, tasks, test suites | finished, started | started, queued |
| deployments | deployed (upgraded, rolled back), started | started, queued |
| incidents | resolved | detected or reported |
| tickets, changes | any | created |

Four things are no loss. What one delivery told together. What later deliveries tell again: of such a pair of a tool
nothing is seen lost but what lost both, so it says nothing of how many are. What a tool tells seldom or never: a pair
of a tool counts where at least half of what it presupposes is known by itself. And what was before anybody listened: a
ticket or change counts only with a greater number than the least whose creation is known in its project or repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from processors.facts import Fact
from schemas.identity import entity_kind

DAY_MICROS: Final = 86_400_000_000

_EARLIER: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"{run}.finished": (f"{run}.started",) for run in ("pipelinerun", "build", "taskrun", "testsuiterun")},
    **{f"{run}.started": (f"{run}.queued",) for run in ("pipelinerun", "build", "taskrun", "testsuiterun")},
    "service.deployed": ("deployment.started",),
    "service.upgraded": ("deployment.started",),
    "service.rolledback": ("deployment.started",),
    "deployment.started": ("deployment.queued",),
    "incident.resolved": ("incident.detected", "incident.reported"),
}
_BIRTHS: Final[Mapping[str, str]] = {"ticket": "ticket.created", "change": "change.created"}

Days = dict[int, list[int]]
"""By UTC day: how many facts were presupposed, and how many of these are known."""


class Presumption(Struct, frozen=True, gc=False):
    """One earlier fact that a later one of the same entity presupposes.

    `group` is the pair of types and the tool; `day` the UTC day of the later fact, or of the earlier one where known.
    `number` orders the entity in its `project`, None where nothing orders it. `retold`: the later fact's delivery told
    the earlier one too, so whether another had is not known.
    """

    group: str
    day: int
    found: bool
    project: str = ""
    number: int | None = None
    retold: bool = False


class Birth(Struct, frozen=True, gc=False):
    """An entity whose creation is known: its project and number there."""

    project: str
    number: int


def told_by(uri: str, facts: Sequence[Fact]) -> tuple[list[Presumption], Birth | None]:
    """Return what an entity's plausible facts presuppose; and its place among those created in its project.

    That is None if its creation is not known, or nothing orders it.
    """
    if not facts or (kind := entity_kind(uri)) == "commit":
        return [], None
    created = _BIRTHS.get(kind)
    return (list(_of_run(uri, facts)), None) if created is None else _of_numbered(uri, facts, created)


def _of_run(uri: str, facts: Sequence[Fact]) -> Iterator[Presumption]:
    by_type: dict[str, Fact] = {}
    for fact in facts:
        by_type.setdefault(fact.type, fact)
    for later in by_type.values():
        wanted = _EARLIER.get(later.type)
        if wanted is not None:
            earlier = next((by_type[name] for name in wanted if name in by_type), None)
            retold = earlier is not None and earlier.packed_delivery == later.packed_delivery
            day = (earlier or later).occurred_at // DAY_MICROS
            yield Presumption(f"{_tool(uri)} {later.type}", day, earlier is not None, retold=retold)


def _of_numbered(uri: str, facts: Sequence[Fact], created: str) -> tuple[list[Presumption], Birth | None]:
    project, number = _place(uri)
    if number is None:
        return [], None
    born: Fact | None = None
    for fact in facts:
        if fact.type == created:
            born = fact
            break
    found = None if born is None else Birth(project, number)
    for fact in facts:
        if fact is not born and fact.type != created and (born is None or fact.packed_delivery != born.packed_delivery):
            day = (born or fact).occurred_at // DAY_MICROS
            return [Presumption(_tool(uri), day, born is not None, project, number)], found
    return [], found


def _tool(uri: str) -> str:
    """Return the kind of an entity and its tool or host."""
    return uri.partition("/")[0]


def _place(uri: str) -> tuple[str, int | None]:
    """Return the project or repository of a ticket or change, and its number there: `CHK-12`, `acme/app/97`."""
    cut = max(uri.rfind("-"), uri.rfind("/"))
    digits = uri[cut + 1 :]
    return uri[:cut], int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None


_MOST_DIGITS: Final = 15
_SELDOM: Final = 100
"""A pair of types is told again where one in so many, or more, was told by one delivery."""


class Told(Struct, frozen=True):
    """What was told of what facts presuppose.

    `days`: by UTC day, how many earlier facts were presupposed and how many of these are known. `twice`: how many other
    facts had a second delivery that told them, so that one lost delivery takes none of them.
    """

    days: Mapping[int, tuple[int, int]] = {}
    twice: int = 0


class Presupposed:
    """What all facts of a stream presuppose, the same for any order of them."""

    def __init__(self) -> None:
        self._groups: dict[str, Days] = {}
        self._retold: dict[str, int] = {}
        self._lost: dict[str, Presumption] = {}
        self._least: dict[str, int] = {}
        self._told: Told | None = Told()
        self.stale = False
        """Whether the least number of a project was taken back: everything has to be counted anew."""

    def move(self, uri: str, had: Sequence[Fact], has: Sequence[Fact]) -> None:
        """Take an entity's facts as they are in place of those they were."""
        old, was = told_by(uri, had)
        new, now = told_by(uri, has)
        if old == new and was == now:
            return
        self._told = None
        for presumed in old:
            self._count(uri, presumed, -1)
        for presumed in new:
            self._count(uri, presumed, 1)
        if was is not None and now is None and self._least.get(was.project) == was.number:
            self.stale = True
        if now is not None and now.number < self._least.get(now.project, now.number + 1):
            self._least[now.project] = now.number

    def told(self) -> Told:
        """Return what was told of what the facts presuppose."""
        if self._told is None:
            self._told = self._summed()
        return self._told

    def _count(self, uri: str, presumed: Presumption, sign: int) -> None:
        if presumed.retold:
            self._retold[presumed.group] = self._retold.get(presumed.group, 0) + sign
            return
        if presumed.number is not None and not presumed.found:
            if sign > 0:
                self._lost[uri] = presumed
            else:
                self._lost.pop(uri, None)
            return
        _add(self._groups.setdefault(presumed.group, {}), presumed.day, sign, sign * presumed.found)

    def _summed(self) -> Told:
        groups = {name: {day: list(pair) for day, pair in days.items()} for name, days in self._groups.items()}
        for lost in self._lost.values():
            number = lost.number or 0
            if number > self._least.get(lost.project, number):
                _add(groups.setdefault(lost.group, {}), lost.day, 1, 0)
        found: Days = {}
        retold: Days = {}
        twice = 0
        for name, days in groups.items():
            presupposed, known = (sum(pair[i] for pair in days.values()) for i in (0, 1))
            again = self._retold.get(name, 0)
            if 2 * known < presupposed + again:
                continue
            is_retold = again * _SELDOM > presupposed + again
            twice += is_retold * (presupposed + again)
            for day, pair in days.items():
                _add(retold if is_retold else found, day, *pair)
        days = found or retold
        return Told({day: (pair[0], pair[1]) for day, pair in days.items()}, twice if found else 0)


def _add(days: Days, day: int, presupposed: int, known: int) -> None:
    pair = days.setdefault(day, [0, 0])
    pair[0] += presupposed
    pair[1] += known
    if pair == [0, 0]:
        del days[day]
