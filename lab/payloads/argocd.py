"""Argo CD notifications in the body of the template under `deploy/argocd/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.organisation import HOST, OWNER
from lab.payloads.moments import zulu

REGISTRY = "registry.acme.example"


def headers() -> Mapping[str, str]:
    """Return the headers of a notification; the token is added when it is sent."""
    return {"Content-Type": "application/json", "User-Agent": "argocd-notifications"}


def sync(
    *,
    service: str,
    environment: str,
    project: str,
    image: str,
    manifests: str,
    phase: str,
    started: int,
    finished: int | None,
) -> dict[str, Any]:
    """Return a notification of a sync operation; `manifests` is the revision of the GitOps repository."""
    return {
        "event": "sync",
        "application": {
            "name": f"{service}-{environment}",
            "namespace": "argocd",
            "project": project,
            "service": service,
            "environment": environment,
            "repository": f"https://{HOST}/{OWNER}/manifests.git",
            "images": [image, f"{REGISTRY}/proxies/sidecar:v1.31.0"],
            "health": "Progressing" if finished is None else "Healthy",
        },
        "destination": {"namespace": environment, "name": "in-cluster"},
        "operation": {
            "phase": phase,
            "startedAt": zulu(started),
            "finishedAt": None if finished is None else zulu(finished),
            "revision": manifests,
            "revisions": None,
            "automated": True,
        },
    }


def health(service: str, environment: str) -> dict[str, Any]:
    """Return a notification of degraded health: it says nothing of a deployment."""
    return {"event": "health", "application": {"name": f"{service}-{environment}"}}
