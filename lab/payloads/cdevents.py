"""CDEvents as structured CloudEvents: artifact.packaged, artifact.published, service.deployed; 0.4 and 0.5 in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.payloads.moments import zulu_millis
from lab.planted import Account

SOURCE_URI: Final = "/acme/pipelines"


def headers() -> Mapping[str, str]:
    """Return the headers of a structured-mode delivery; the token is added when it is sent."""
    return {"Content-Type": "application/cloudevents+json; charset=UTF-8"}


def package_url(service: str, digest: str) -> str:
    """Return the package URL of a container image."""
    return f"pkg:oci/{service}@{digest.replace(':', '%3A')}?repository_url=registry.acme.example%2F{service}"


def event(
    kind: str, *, event_id: str, at: int, subject: str, content: Mapping[str, Any], release: str, by: Account
) -> dict[str, Any]:
    """Return a CloudEvent that holds a CDEvent; `kind` is `service.deployed` and the like, `release` 0.4.1 or 0.5.0."""
    version = {"0.4.1": "0.2.0", "0.5.0": "0.3.0"}[release]
    kind_of_subject = kind.partition(".")[0]
    subject_said: dict[str, Any] = {"id": subject, "source": SOURCE_URI, "content": dict(content)}
    if release == "0.4.1":
        subject_said["type"] = kind_of_subject
    named = f"dev.cdevents.{kind}.{version}"
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE_URI,
        "type": named,
        "time": zulu_millis(at),
        "subject": subject,
        "datacontenttype": "application/json",
        "data": {
            "context": {
                "version" if release == "0.4.1" else "specversion": release,
                "id": event_id,
                "source": SOURCE_URI,
                "type": named,
                "timestamp": zulu_millis(at),
            },
            "subject": subject_said,
            "customData": {"triggeredBy": by.name, "contact": by.mail},
            "customDataContentType": "application/json",
        },
    }
