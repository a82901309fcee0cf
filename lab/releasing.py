"""How changes reach an environment: deployments, what each carries, and what each turns out to be."""

from __future__ import annotations

from typing import Final

from lab.announcing import announce
from lab.desk import Desk
from lab.organisation import ENVIRONMENTS
from lab.release import Release
from lab.work import Change

PRODUCTION: Final = ENVIRONMENTS[-1]


class Route:
    """One service's route to live: what is merged, and what of it each environment has."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: dict[str, list[Change]] = {name: [] for name in ENVIRONMENTS}
        self._seen: set[str] = set()
        self.live: list[Release] = []
        """The successful production deployments, oldest first; at most the last six."""

    def merged(self, change: Change) -> None:
        """Take a merged change, in the order of merges."""
        for waiting in self._waiting.values():
            waiting.append(change)

    def deploy(self, environment: str, sha: str, upto: int, at: int, *, success: bool = True) -> Release:
        """Deploy the commit that was merged at `upto`: it carries what is merged until then and not there yet."""
        desk, chance = self._desk, self._desk.chance
        queued = desk.even(at)
        started = desk.even(queued + chance.between(10, 120))
        finished = desk.even(started + chance.around(300, 0.4, 2.0))
        release = Release(
            uri="",
            number=desk.deployment_number(),
            service=desk.service,
            environment=environment,
            sha=sha,
            queued=queued,
            started=started,
            finished=finished,
            success=success,
            left_censored=environment not in self._seen,
        )
        announce(desk, release)
        if release.told:
            self._seen.add(environment)
        if success:
            self._carry(release, upto)
        return release

    def _carry(self, release: Release, upto: int) -> None:
        waiting = self._waiting[release.environment]
        release.changes = [change for change in waiting if (change.merged or 0) <= upto]
        self._waiting[release.environment] = waiting[len(release.changes) :]
        live = release.environment == PRODUCTION
        for change in release.changes:
            if not live:
                change.note(release.finished, "in_test")
                continue
            if release.started is not None:
                change.note(release.started, "going_live")
            change.note(release.finished, "live")
            change.deployed, change.deployment = release.finished, release.uri
            change.left_censored = release.left_censored
        if live:
            self.live = [*self.live[-5:], release]
