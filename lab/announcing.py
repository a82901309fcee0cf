"""How each stream's tools tell of artifacts and deployments."""

from __future__ import annotations

from functools import partial
from typing import Any

from lab.desk import Desk
from lab.organisation import HOST, OWNER
from lab.payloads import argocd, cdevents, github, github_running
from lab.payloads.moments import zulu
from lab.planted import UPDATER
from lab.release import Release
from schemas.identity import deployment_uri, short_digest


def digest_of(sha: str) -> str:
    """Return the digest of the image that was built from a commit."""
    return f"sha256:{sha}{sha[:24]}"


def packaged(desk: Desk, sha: str, at: int) -> None:
    """Tell which image was built from a commit, where the stream's tools do."""
    if desk.stream.deployer == "github":
        return
    subject = cdevents.package_url(desk.service, digest_of(sha))
    change = {"id": sha, "source": f"https://{HOST}/{OWNER}/{desk.repository}"}
    _cdevent(desk, "artifact.packaged", at, subject, {"change": change}, desk.outbox.guid())


def announce(desk: Desk, release: Release) -> None:
    """Send the hooks of a deployment by the stream's tool and give the deployment its uri."""
    {"github": _github, "argocd": _argocd, "cdevents": _cdevents}[desk.stream.deployer](desk, release)


def _github(desk: Desk, release: Release) -> None:
    release.uri = deployment_uri("github", f"{HOST}/{OWNER}/{release.service}/{release.number}")
    place = (release.service, release.number, release.sha, release.environment, release.queued, UPDATER)
    made = github_running.deployment(*place)
    desk.outbox.send(release.queued, "github", github.headers("deployment", desk.outbox.guid()), made)
    end = "success" if release.success else "failure"
    for state, at in (("in_progress", release.started), (end, release.finished)):
        if at is not None:
            body = github_running.deployment_status(*place, at=at, state=state)
            desk.outbox.send(at, "github", github.headers("deployment_status", desk.outbox.guid()), body)


def _argocd(desk: Desk, release: Release) -> None:
    """The image is told by its tag (the commit) or by its digest; the revision is the GitOps repository's own."""
    started = release.started or release.finished
    named = f"{argocd.NAMESPACE}/{release.service}-{release.environment}"
    release.uri = deployment_uri("argocd", f"{named}/{zulu(started)}")
    tagged = release.service.endswith("api")
    image = f"{argocd.REGISTRY}/{release.service}"
    image += f":{release.sha}" if tagged else f"@{digest_of(release.sha)}"
    sync = partial(
        argocd.sync,
        service=release.service,
        environment=release.environment,
        project=desk.stream.name,
        images=(desk.live_images.get(release.environment), image),
        manifests=desk.chance.sha(),
        started=started,
    )
    if desk.chance.happens(0.9):
        desk.outbox.send(started, "argocd", argocd.headers(), sync(phase="Running", finished=None))
    over = sync(phase="Succeeded" if release.success else "Failed", finished=release.finished)
    desk.outbox.send(release.finished, "argocd", argocd.headers(), over)
    if release.success:
        desk.live_images[release.environment] = image
    if desk.chance.happens(0.05):
        body = argocd.health(release.service, release.environment)
        desk.outbox.send(release.finished + 60, "argocd", argocd.headers(), body)


def _cdevents(desk: Desk, release: Release) -> None:
    """A deployment is told once, when it is done; one that failed is not told of at all."""
    release.started = None
    event_id = desk.outbox.guid()
    release.uri = deployment_uri("cdevents", f"{release.service}/{short_digest(cdevents.SOURCE_URI)}/{event_id}")
    content = {
        "environment": {"id": release.environment, "source": "/acme/clusters"},
        "artifactId": cdevents.package_url(release.service, digest_of(release.sha)),
    }
    release.told = release.success
    if release.told:
        _cdevent(desk, "service.deployed", release.finished, release.service, content, event_id)


def _cdevent(desk: Desk, kind: str, at: int, subject: str, content: dict[str, Any], event_id: str) -> None:
    body = cdevents.event(
        kind, event_id=event_id, at=at, subject=subject, content=content,
        release="0.4.1" if desk.chance.happens(0.5) else "0.5.0", by=desk.person(),
    )  # fmt: skip
    desk.outbox.send(at, "cdevents", cdevents.headers(), body)
