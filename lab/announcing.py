"""How each stream's deployment tool tells of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.desk import Desk
from lab.organisation import HOST, OWNER
from lab.payloads import github, github_running
from lab.planted import UPDATER
from schemas.identity import deployment_uri

if TYPE_CHECKING:
    from lab.releasing import Release


def announce(desk: Desk, release: Release) -> None:
    """Send the hooks of a deployment by the stream's tool and give the deployment its uri."""
    _github(desk, release)


def _github(desk: Desk, release: Release) -> None:
    release.uri = deployment_uri("github", f"{HOST}/{OWNER}/{release.service}/{release.number}")
    word = release.environment
    place = (release.service, release.number, release.sha, word, release.queued, UPDATER)
    made = github_running.deployment(*place)
    desk.outbox.send(release.queued, "github", github.headers("deployment", desk.outbox.guid()), made)
    end = "success" if release.success else "failure"
    for state, at in (("in_progress", release.started), (end, release.finished)):
        if at is not None:
            body = github_running.deployment_status(*place, at=at, state=state)
            desk.outbox.send(at, "github", github.headers("deployment_status", desk.outbox.guid()), body)
