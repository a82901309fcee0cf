"""The life of one service: releases one after another, each with its changes, deployments, troubles and their cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from msgspec import Struct

from lab.desk import Desk
from lab.developing import MINUTE, Course, Developer
from lab.organisation import DAY, HOUR, LEAD_IN, MERGE_WINDOW
from lab.release import Release
from lab.releasing import PRODUCTION, Route
from lab.trouble import Happened, Trouble, aftermath
from lab.work import FINAL, Change, Item

_SETTLES_AFTER: Final = 2
"""So many releases later nothing can be found wrong any more with what one brought."""


class Ended(Struct, kw_only=True):
    """What is over and will not change any more: given to the books."""

    items: list[Item]
    changes: list[Change]
    releases: list[Release]
    troubles: list[Trouble]


class Service:
    """One service of one stream."""

    def __init__(
        self, desk: Desk, first_cut: int, period: int, quotas: list[int], start: int, book: Callable[[Ended], None]
    ) -> None:
        """`quotas`: how many items each release begins with; cuts are `period` seconds apart, from `start` on."""
        self._planted = desk.stream
        self._start = start
        self._desk = desk
        self._first_cut = first_cut
        self._period = period
        self._quotas = quotas
        self._book = book
        self._developer = Developer(desk)
        self._route = Route(desk)
        self._again: list[tuple[int, Item]] = []
        self._held: list[Release] = []
        self._settling: list[list[Item]] = []

    def live(self) -> Iterator[int]:
        """Yield, before each release, the second before which nothing more will happen here; then live it."""
        for index, quota in enumerate(self._quotas):
            cut = self._first_cut + index * self._period
            earliest = cut - MERGE_WINDOW - LEAD_IN
            yield earliest
            self._desk.forget_times(earliest)
            self._desk.stream = self._planted.at_day((cut - self._start) // DAY)
            self._release(cut, quota)
        items = [item for _, item in self._again]
        items += [item for settled in self._settling for item in settled]
        self._book(Ended(items=items, changes=[], releases=self._held, troubles=[]))

    def _release(self, cut: int, quota: int) -> None:
        items, merged, releases = list[Item](), list[Change](), list[Release]()
        self._develop(cut, quota, items, merged)
        merged.sort(key=lambda change: change.merged or 0)
        self._try_out(merged, releases)
        troubles = list[Trouble]()
        if merged:
            self._go_live(merged, cut, items, releases, troubles)
        settled = self._close(items)
        changes = list({change.uri: change for item in items for change in item.changes}.values())
        settled += [item for change in changes for item in change.loose()]
        self._settling.append(settled)
        over = self._settling.pop(0) if len(self._settling) > _SETTLES_AFTER else []
        self._book(Ended(items=over, changes=changes, releases=self._over(releases), troubles=troubles))

    def _over(self, releases: list[Release]) -> list[Release]:
        """Return the releases that nothing can be found wrong with any more; hold back the others."""
        recent = {release.uri for release in self._route.live}
        self._held += releases
        over = [release for release in self._held if release.uri not in recent]
        self._held = [release for release in self._held if release.uri in recent]
        return over

    def _develop(self, cut: int, quota: int, items: list[Item], merged: list[Change]) -> None:
        chance = self._desk.chance
        ready = [entry for entry in self._again if entry[0] < cut - MERGE_WINDOW - 3 * HOUR]
        self._again = [entry for entry in self._again if entry not in ready]
        for _, item in ready:
            course = Course()
            self._developer.urgent(course, [item], merged, folder="fix")
            course.run_until(cut - chance.between(HOUR, MERGE_WINDOW), self._desk)
            items.append(item)
        begun = 0
        while begun < quota:
            course, mine = Course(), list[Item]()
            form = chance.random.choices(("ordinary", "double", "unticketed", "update"), (78, 5, 7, 10))[0]
            if form == "update":
                bumped: list[Change] = []
                self._developer.update(course, bumped)
                course.after(0, partial(_take_over, bumped, mine, merged))
            else:
                count = {"ordinary": 1, "double": 2, "unticketed": 0}[form]
                mine = self._developer.items(course, count) if count else mine
                self._developer.ordinary(course, mine, merged, items, keyed=count > 0)
            course.run_until(cut - chance.between(10 * MINUTE, MERGE_WINDOW), self._desk)
            begun += max(1, len(mine))
            items += mine

    def _try_out(self, merged: list[Change], releases: list[Release]) -> None:
        """Deploy the newest main branch to the first environment whenever its pipeline is free."""
        chance, free, index = self._desk.chance, 0, 0
        for change in merged:
            self._route.merged(change)
        while index < len(merged):
            at = max((merged[index].merged or 0) + chance.between(60, 400), free)
            newest = max(i for i, change in enumerate(merged) if (change.merged or 0) <= at)
            change = merged[newest]
            success = not releases or not chance.happens(0.05)
            release = self._route.deploy("development", change.merge_sha or "", change.merged or 0, at, success=success)
            releases.append(release)
            free, index = release.finished + 30, newest + 1

    def _go_live(
        self, merged: list[Change], cut: int, items: list[Item], releases: list[Release], troubles: list[Trouble]
    ) -> None:
        chance, last = self._desk.chance, merged[-1]
        sha, upto = last.merge_sha or "", last.merged or 0
        at = max(cut, upto) + chance.between(5, 40) * MINUTE
        first = not self._route.live
        for environment, wait in (("staging", 0), ("production", chance.around(self._desk.stream.verify, 0.1, 1.3))):
            at += wait
            while True:
                success = first or not chance.happens(0.06)
                release = self._route.deploy(environment, sha, upto, at, success=success)
                releases.append(release)
                at = release.finished + chance.between(10, 40) * MINUTE
                if success:
                    break
        for release in releases:
            if release.environment == PRODUCTION and not release.success:
                release.went_wrong("deployment_failed", release.finished, releases[-1].finished)
        if not first:
            happened = Happened(items=items, releases=releases, troubles=troubles)
            aftermath(self._desk, self._developer, self._route, happened)

    def _close(self, items: list[Item]) -> list[Item]:
        """Close the tickets of what is live; some come back and are settled by a later release."""
        chance, settled = self._desk.chance, list[Item]()
        for item in items:
            deployed = [change.deployed for change in item.changes if change.deployed is not None]
            if item.ticket is None or item.ticket.status in FINAL or not deployed:
                settled.append(item)
                continue
            done = self._desk.odd(max(deployed) + chance.between(5, 200) * MINUTE)
            self._desk.move(item, "Done", done)
            if (
                len(item.changes) == 1
                and len(item.changes[0].items) == 1
                and chance.happens(self._desk.stream.reopened)
            ):
                again = self._desk.odd(done + chance.between(1, 6) * HOUR)
                self._desk.move(item, "Reopened", again)
                self._again.append((again, item))
            else:
                settled.append(item)
        return settled


def _take_over(bumped: list[Change], mine: list[Item], merged: list[Change], _at: int) -> None:
    mine.extend(bumped[0].items)
    merged.extend(bumped)
