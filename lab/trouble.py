"""What goes wrong after a production deployment, and how it is mended: incidents, rollbacks, hot fixes."""

from __future__ import annotations

from msgspec import Struct

from lab.desk import Desk
from lab.developing import MINUTE, Course, Developer
from lab.releasing import PRODUCTION, Release, Route
from lab.work import Change, Item


class Trouble(Struct, kw_only=True):
    """One incident as the lab knows it; `attribution` says how it can be known what caused it."""

    uri: str
    service: str
    detected: int
    resolved: int
    cause: str | None
    attribution: str


def trouble(
    desk: Desk, developer: Developer, route: Route, items: list[Item], releases: list[Release], troubles: list[Trouble]
) -> None:
    """Let the newest production deployment go wrong now and then."""
    if not desk.chance.happens(0.2):
        return
    bad = route.live[-1]
    found = desk.odd(bad.finished + desk.chance.between(10, 50) * MINUTE)
    if desk.chance.happens(0.5):
        _roll_back(desk, route, bad, found, releases)
    else:
        _hot_fix(desk, developer, route, bad, found, items, releases)


def _roll_back(desk: Desk, route: Route, bad: Release, found: int, releases: list[Release]) -> None:
    before = route.live[-2]
    back = route.deploy(PRODUCTION, before.sha, 0, found + desk.chance.between(5, 20) * MINUTE)
    back.rework = True
    bad.why, bad.recovered = "rollback", back.finished
    releases.append(back)


def _hot_fix(
    desk: Desk,
    developer: Developer,
    route: Route,
    bad: Release,
    found: int,
    items: list[Item],
    releases: list[Release],
) -> None:
    item = desk.ticket(desk.odd(found + 60), issue_type="Bug")
    items.append(item)
    course, done = Course(), list[Change]()
    developer.urgent(course, [item], done)
    course.run_from(found + 3 * MINUTE, desk)
    fix = done[0]
    route.merged(fix)
    at = (fix.merged or 0) + desk.chance.between(2, 6) * MINUTE
    for environment in ("development", "staging", PRODUCTION):
        release = route.deploy(environment, fix.merge_sha or "", fix.merged or 0, at)
        releases.append(release)
        at = release.finished + 60
    releases[-1].rework = True
    bad.why, bad.recovered = "hotfix", releases[-1].finished
