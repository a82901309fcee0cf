"""Argo CD notifications in the body of the template under `deploy/argocd/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.organisation import HOST, OWNER
from lab.payloads.moments import zulu

REGISTRY = "registry.acme.example"
NAMESPACE = "argocd"

_SIDECAR = f"{REGISTRY}/proxies/sidecar:v1.31.0"
_INJECTED = f"{REGISTRY}/mesh/proxy@sha256:{'0' * 64}"
"""What the cluster puts beside every pod: live, but no part of what is deployed."""


def headers() -> Mapping[str, str]:
    """Return the headers of a notification; the token is added when it is sent."""
    return {"Content-Type": "application/json", "User-Agent": "argocd-notifications"}


def sync(
    *,
    service: str,
    environment: str,
    project: str,
    images: tuple[str | None, str],
    manifests: str,
    phase: str,
    started: int,
    finished: int | None,
) -> dict[str, Any]:
    """Return a notification of a sync operation; `manifests` is the revision of the GitOps repository.

    `images`: the one that ran before (None: none did), and the one that is brought. That is known when the operation is
    over; live are until then the pods of the one before, at its end for a while those of both.
    """
    before, image = images
    old = [before] if before else []
    new = [] if finished is None else [image]
    return {
        "event": "sync",
        "application": {
            "name": f"{service}-{environment}",
            "namespace": NAMESPACE,
            "project": project,
            "service": service,
            "environment": environment,
            "repository": f"https://{HOST}/{OWNER}/manifests.git",
            "images": sorted({*old, *new, _SIDECAR, _INJECTED}),
        },
        "destination": {"namespace": environment},
        "operation": {
            "phase": phase,
            "startedAt": zulu(started),
            "finishedAt": None if finished is None else zulu(finished),
            "revision": manifests,
            "revisions": None,
            "automated": True,
            "images": [] if finished is None else [image, _SIDECAR],
        },
    }


def health(service: str, environment: str) -> dict[str, Any]:
    """Return a notification of degraded health: it says nothing of a deployment."""
    return {"event": "health", "application": {"name": f"{service}-{environment}"}}
