"""Which deployment carried which change: per service and environment, merges in order against deployments in order.

A successful deployment carries the merges of a repository up to the commit it brought that no earlier successful one
of its lane carried. So the carrier of a merge is the first success, in the order of finishes, that reaches it: a lane
keeps the staircase of successes that each reached further than all before them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from processors.rollouts import Landing, Rollout

Place = tuple[int, str]
"""A deployment's place in its lane: (finished at, uri)."""

LaneKey = tuple[str, str]
"""(service, environment)."""

SiteKey = tuple[str, str, str]
"""(service, environment, site)."""


class Course:
    """One repository's merges in one lane: successes in order, and the stairs among them."""

    __slots__ = ("_stairs", "_successes")

    def __init__(self) -> None:
        self._successes: list[tuple[Place, Landing]] = []
        self._stairs: list[tuple[Place, Landing]] = []

    def add(self, place: Place, landing: Landing) -> None:
        """Take in a success."""
        insort(self._successes, (place, landing))
        i = bisect_left(self._stairs, (place, landing))
        if i and self._stairs[i - 1][1] >= landing:
            return
        j = i
        while j < len(self._stairs) and self._stairs[j][1] <= landing:
            j += 1
        self._stairs[i:j] = [(place, landing)]

    def remove(self, place: Place, landing: Landing) -> None:
        """Undo `add`: what it hid up to the next stair comes back."""
        self._successes.remove((place, landing))
        i = bisect_left(self._stairs, (place, landing))
        if i == len(self._stairs) or self._stairs[i] != (place, landing):
            return
        del self._stairs[i]
        until = self._stairs[i][0] if i < len(self._stairs) else None
        for success in self._successes[bisect_left(self._successes, (place, landing)) :]:
            if until is not None and success[0] >= until:
                break
            if not i or success[1] > self._stairs[i - 1][1]:
                self._stairs.insert(i, success)
                i += 1

    def carrier(self, merge: Landing) -> str | None:
        """Return the deployment that carries a merge, None while none reaches it."""
        i = bisect_left(self._stairs, merge, key=_landing)
        return self._stairs[i][0][1] if i < len(self._stairs) else None

    def span(self, place: Place) -> tuple[Landing | None, Landing] | None:
        """Return (after, up to and with) what the success there carries; None if it reaches no further than others."""
        i = bisect_left(self._stairs, place, key=_place)
        if i == len(self._stairs) or self._stairs[i][0] != place:
            return None
        return (self._stairs[i - 1][1] if i else None), self._stairs[i][1]

    def is_first(self, place: Place) -> bool:
        """Tell whether the success there is the first that reached anything."""
        return bool(self._stairs) and self._stairs[0][0] == place

    def second(self) -> Place | None:
        """Return the second success that reached further than all before it, None without one."""
        return self._stairs[1][0] if len(self._stairs) > 1 else None


def _place(stair: tuple[Place, Landing]) -> Place:
    return stair[0]


def _landing(stair: tuple[Place, Landing]) -> Landing:
    return stair[1]


class Lane:
    """One service in one environment: its finished deployments in order."""

    __slots__ = ("_courses", "_of_version", "_order", "_successes")

    def __init__(self) -> None:
        self._order: list[Place] = []
        self._successes: list[Place] = []
        self._of_version: dict[str, list[Place]] = {}
        self._courses: dict[str, Course] = {}

    def add(self, rollout: Rollout) -> None:
        """Take in a finished deployment."""
        insort(self._order, rollout.place)
        if not rollout.succeeded:
            return
        insort(self._successes, rollout.place)
        if rollout.version is not None:
            insort(self._of_version.setdefault(rollout.version, []), rollout.place)
        for repository, landing in rollout.landings:
            self._courses.setdefault(repository, Course()).add(rollout.place, landing)

    def remove(self, rollout: Rollout) -> None:
        """Undo `add`."""
        self._order.remove(rollout.place)
        if not rollout.succeeded:
            return
        self._successes.remove(rollout.place)
        if rollout.version is not None:
            self._of_version[rollout.version].remove(rollout.place)
        for repository, landing in rollout.landings:
            self._courses[repository].remove(rollout.place, landing)

    def course(self, repository: str) -> Course | None:
        """Return the merges of one repository in this lane."""
        return self._courses.get(repository)

    def successes(self) -> list[Place]:
        """Return the successful deployments in order. Not to be changed."""
        return self._successes

    def after(self, place: Place) -> Iterator[Place]:
        """Yield the finished deployments after a place, nearest first."""
        i = bisect_right(self._order, place)
        return (self._order[k] for k in range(i, len(self._order)))

    def before(self, place: Place) -> Iterator[Place]:
        """Yield the finished deployments before a place, nearest first."""
        i = bisect_left(self._order, place)
        return (self._order[k] for k in range(i - 1, -1, -1))

    def next_success(self, place: Place) -> Place | None:
        """Return the first success after a place."""
        return _first_after(self._successes, place)

    def last_success(self, place: Place) -> Place | None:
        """Return the last success before a place."""
        return _last_before(self._successes, place)

    def next_of(self, version: str | None, place: Place) -> Place | None:
        """Return the first success of a version after a place."""
        return _first_after(self._of_version.get(version or "", ()), place)

    def last_of(self, version: str | None, place: Place) -> Place | None:
        """Return the last success of a version before a place."""
        return _last_before(self._of_version.get(version or "", ()), place)


def _first_after(places: list[Place] | tuple[()], place: Place) -> Place | None:
    i = bisect_right(places, place)
    return places[i] if i < len(places) else None


def _last_before(places: list[Place] | tuple[()], place: Place) -> Place | None:
    i = bisect_left(places, place)
    return places[i - 1] if i else None


Key = TypeVar("Key", LaneKey, SiteKey)


def _take(lanes: dict[Key, Lane], key: Key, rollout: Rollout) -> None:
    """Undo an `add` to one of some lanes; an empty one goes."""
    lane = lanes[key]
    lane.remove(rollout)
    if not lane.successes() and next(lane.after((-1, "")), None) is None:
        del lanes[key]


def _site(rollout: Rollout) -> SiteKey:
    return rollout.service, rollout.environment, rollout.site


def _bare(rollout: Rollout) -> Rollout:
    return replace(rollout, landings=()) if rollout.landings else rollout


class Lanes:
    """All lanes of a stream, its deployments, and the order of merges of each repository."""

    def __init__(self) -> None:
        self.rollouts: dict[str, Rollout] = {}
        self._lanes: dict[LaneKey, Lane] = {}
        self._sites: dict[SiteKey, Lane] = {}
        self._of_repository: dict[str, dict[LaneKey, int]] = {}
        self._merges: dict[str, list[Landing]] = {}

    def lane(self, rollout: Rollout) -> Lane:
        """Return the lane of a deployment; an empty one if it has none yet."""
        return self._lanes.get((rollout.service, rollout.environment)) or Lane()

    def site(self, rollout: Rollout) -> Lane:
        """Return what was deployed where a deployment was, without what it carried: `prod-eu` is not `prod-us`."""
        return self._sites.get(_site(rollout)) or Lane()

    def named(self, service: str, environment: str) -> Lane | None:
        """Return the lane of a service in an environment."""
        return self._lanes.get((service, environment))

    def put(self, uri: str, rollout: Rollout | None) -> None:
        """Set what is known of a deployment; None: nothing."""
        old = self.rollouts.pop(uri, None)
        if old is not None and old.counts:
            key = (old.service, old.environment)
            _take(self._lanes, key, old)
            _take(self._sites, _site(old), _bare(old))
            self._count(old, key, -1)
        if rollout is None:
            return
        self.rollouts[uri] = rollout
        if rollout.counts:
            key = (rollout.service, rollout.environment)
            self._lanes.setdefault(key, Lane()).add(rollout)
            self._sites.setdefault(_site(rollout), Lane()).add(_bare(rollout))
            self._count(rollout, key, 1)

    def _count(self, rollout: Rollout, key: LaneKey, by: int) -> None:
        for repository, _ in rollout.landings if rollout.succeeded else ():
            counts = self._of_repository.setdefault(repository, {})
            counts[key] = counts.get(key, 0) + by
            if not counts[key]:
                del counts[key]

    def merge(self, repository: str, landing: Landing) -> None:
        """Take in a merge."""
        insort(self._merges.setdefault(repository, []), landing)

    def unmerge(self, repository: str, landing: Landing) -> None:
        """Undo `merge`."""
        merges = self._merges[repository]
        del merges[bisect_left(merges, landing)]

    def carriers(self, repository: str, landing: Landing) -> dict[LaneKey, str]:
        """Return, for each lane in which a deployment carries the merge, that deployment."""
        found = {}
        for key in self._of_repository.get(repository, ()):
            course = self._lanes[key].course(repository)
            if course is not None and (carrier := course.carrier(landing)) is not None:
                found[key] = carrier
        return found

    def is_first_of(self, rollout: Rollout, repository: str) -> bool:
        """Tell whether nothing is known of what its lane had of a repository before this deployment."""
        course = self.lane(rollout).course(repository)
        return course is not None and course.is_first(rollout.place)

    def carried(self, rollout: Rollout) -> list[str]:
        """Return the changes that a deployment carries, sorted."""
        if not rollout.succeeded:
            return []
        lane = self.lane(rollout)
        found: set[str] = set()
        for repository, _ in rollout.landings:
            course = lane.course(repository)
            span = course.span(rollout.place) if course is not None else None
            if span is not None:
                found.update(change for _, change in self._between(repository, *span))
        return sorted(found)

    def _between(self, repository: str, after: Landing | None, until: Landing) -> Iterable[Landing]:
        merges = self._merges.get(repository, [])
        return merges[0 if after is None else bisect_right(merges, after) : bisect_right(merges, until)]
