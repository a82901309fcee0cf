"""What goes wrong after a production deployment, and how it is mended: incidents, rollbacks, hot fixes."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from lab.announcing import digest_of
from lab.desk import Desk
from lab.developing import MINUTE, Course, Developer
from lab.judging import Setback
from lab.organisation import ENVIRONMENTS
from lab.payloads import pagerduty
from lab.release import Release
from lab.releasing import PRODUCTION, Route
from lab.work import Change, Item
from schemas.identity import incident_uri

Attribution = Literal["explicit", "time_and_service", "unattributed"]

INNOCENT: Final = 0.12
"""Share of the others after which an incident follows that they did not cause."""

_KINDS: Final = ("rollback", "silent rollback", "deep rollback", "hotfix", "mended", "revert")
_SHARES: Final = (28, 9, 9, 32, 13, 9)


class Trouble(Struct, kw_only=True):
    """One incident as the lab knows it; `attribution` says how it can be known what caused it.

    `innocent`: what it is laid to by time and service had nothing to do with it.
    """

    uri: str
    service: str
    detected: int
    resolved: int
    cause: str | None
    attribution: Attribution
    innocent: bool = False


class Happened(Struct, kw_only=True):
    """What one release's aftermath adds to the books."""

    items: list[Item]
    releases: list[Release]
    troubles: list[Trouble]


def aftermath(desk: Desk, developer: Developer, route: Route, happened: Happened) -> None:
    """Let the newest production deployment go wrong now and then, and something else that nobody deployed."""
    chance, bad = desk.chance, route.live[-1]
    if chance.happens(0.06):
        at = desk.odd(bad.finished + chance.between(1, 5) * 60 * MINUTE)
        over = desk.odd(at + chance.around(50 * MINUTE))
        happened.troubles.append(_incident(desk, f"{desk.stream.name}-database", at, over, None))
    if chance.happens(desk.stream.troubled):
        _go_wrong(desk, developer, route, happened)
    elif chance.happens(INNOCENT):
        _coincide(desk, bad, happened)


def _go_wrong(desk: Desk, developer: Developer, route: Route, happened: Happened) -> None:
    """Let the newest production deployment go wrong."""
    chance, bad = desk.chance, route.live[-1]
    kind = chance.random.choices(_KINDS, _SHARES)[0]
    found = desk.odd(bad.finished + chance.between(10, 40) * MINUTE)
    if kind == "deep rollback":
        if len({release.sha for release in route.live[-3:]}) == 3:  # noqa: PLR2004 - V1, V2 and V3
            _roll_back(desk, route, route.live[-3], route.live[-2], found, happened, silent=True)
        return
    if kind == "revert":
        if bad.changes:
            _take_back(desk, developer, route, bad, found, happened)
        return
    if kind == "hotfix":
        resolved = desk.odd(_hot_fix(desk, developer, route, bad, found, happened) + chance.between(1, 8) * MINUTE)
    elif kind == "mended":
        resolved = desk.odd(found + chance.around(35 * MINUTE))
        bad.went_wrong("incident", found, resolved)
    else:
        silent = kind == "silent rollback"
        back = _roll_back(desk, route, route.live[-2], bad, found, happened, silent=silent)
        resolved = desk.odd(back + chance.between(1, 8) * MINUTE)
    if kind != "silent rollback":
        happened.troubles.append(_incident(desk, bad.service, found, resolved, bad))


def _coincide(desk: Desk, bad: Release, happened: Happened) -> None:
    """Let something break that the deployment before had nothing to do with: from outside it looks as if it had."""
    found = desk.odd(bad.finished + desk.chance.between(10, 300) * MINUTE)
    over = desk.odd(found + desk.chance.around(35 * MINUTE))
    trouble = _incident(desk, bad.service, found, over, bad, named=False)
    trouble.innocent = True
    happened.troubles.append(trouble)
    bad.went_wrong("incident", found, over)


def _roll_back(
    desk: Desk, route: Route, to: Release, bad: Release, found: int, happened: Happened, *, silent: bool
) -> int:
    """Deploy an earlier version again because of `bad`; return when that was done. `silent`: no incident tells."""
    back = route.deploy(PRODUCTION, to.sha, 0, found + desk.chance.between(3, 15) * MINUTE)
    back.rework = True
    for change in bad.changes:
        change.set_back(Setback(at=back.finished, evidence="rolled_back", deployed=bad.finished))
    bad.went_wrong("rollback", back.finished if silent else found, back.finished)
    happened.releases.append(back)
    return back.finished


def _hot_fix(desk: Desk, developer: Developer, route: Route, bad: Release, found: int, happened: Happened) -> int:
    """Mend `bad` by a quick change that goes through every environment; return when it was live."""
    item = desk.ticket(desk.odd(found + 60), issue_type="Bug")
    happened.items.append(item)
    course, done = Course(), list[Change]()
    developer.urgent(course, [item], done, folder="hotfix")
    course.run_from(found + 3 * MINUTE, desk)
    live = _hurry(desk, route, done[0], happened)
    bad.went_wrong("hotfix", found, live)
    return live


def _take_back(desk: Desk, developer: Developer, route: Route, bad: Release, found: int, happened: Happened) -> None:
    """Revert one of the changes that `bad` brought; only the revert's arrival shows that something was wrong."""
    original = desk.chance.random.choice(bad.changes)
    course, done = Course(), list[Change]()
    developer.revert(course, original, done)
    course.run_from(found, desk)
    happened.items += [item for item in done[0].items if item.ticket is None]
    original.set_back(Setback(at=done[0].merged or 0, evidence="reverted", by=done[0].uri))
    live = _hurry(desk, route, done[0], happened)
    bad.went_wrong("revert", live, live)


def _hurry(desk: Desk, route: Route, fix: Change, happened: Happened) -> int:
    """Bring a change through every environment without delay; return when it was live."""
    route.merged(fix)
    at = live = (fix.merged or 0) + desk.chance.between(2, 6) * MINUTE
    for environment in ENVIRONMENTS:
        release = route.deploy(environment, fix.merge_sha or "", fix.merged or 0, at)
        release.rework = environment == PRODUCTION
        happened.releases.append(release)
        live, at = release.finished, release.finished + MINUTE
    return live


def _incident(
    desk: Desk, service: str, detected: int, resolved: int, cause: Release | None, *, named: bool | None = None
) -> Trouble:
    """Tell of an incident; what caused it is named in some, and can be known by time and service in the others.

    Some of these are seen at another service first. What is written down or moved after the end is not known.
    """
    chance = desk.chance
    desk.own.incident += 1
    number = desk.own.incident
    incident = pagerduty.Incident(
        identity=f"Q{sum(desk.service.encode()):05d}{number:07d}", number=number, service=service, created=detected,
        agent=desk.person(),
    )  # fmt: skip
    if named is None:
        named = cause is not None and chance.happens(0.5)
    noticed, told = desk.odd(detected + 60), desk.odd(detected + 120)
    known = told <= desk.outbox.end
    attribution: Attribution = "unattributed" if cause is None else "time_and_service"
    if named and known:
        attribution = "explicit"
    elsewhere = cause is not None and not named and chance.happens(0.3)
    if elsewhere:
        incident.service = f"{desk.stream.name}-front-door"
    _hook(desk, incident, "triggered", detected)
    _hook(desk, incident, "acknowledged", noticed)
    if elsewhere and known:
        incident.service = service
        _hook(desk, incident, "service_updated", told)
    if named or cause is None:
        fields = {"environment": PRODUCTION, "service": service, **(_named(desk, cause) if cause is not None else {})}
        _send(desk, told, pagerduty.described(incident, desk.outbox.guid(), told, fields))
    _hook(desk, incident, "resolved", resolved)
    return Trouble(
        uri=incident_uri("pagerduty", incident.identity), service=incident.service, detected=detected,
        resolved=resolved, cause=None if cause is None else cause.uri,
        attribution="unattributed" if elsewhere and not known else attribution,
    )  # fmt: skip


def _named(desk: Desk, cause: Release) -> dict[str, str]:
    """Return the custom field that names what caused an incident."""
    return {"image": digest_of(cause.sha)} if desk.stream.deployer == "cdevents" else {"deployment": cause.uri}


def _hook(desk: Desk, incident: pagerduty.Incident, kind: str, at: int) -> None:
    incident.status = kind if kind != "service_updated" else incident.status
    _send(desk, at, pagerduty.event(kind, incident, desk.outbox.guid(), at))


def _send(desk: Desk, at: int, body: pagerduty.Body) -> None:
    desk.outbox.send(at, "pagerduty", pagerduty.headers(desk.outbox.guid()), body)
