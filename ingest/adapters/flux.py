"""Flux: events of its notification controller, providers `generic-hmac` and `generic`.

A Kustomization tells of its revision whenever it is reconciled, also where nothing changed and where drift was mended:
a revision that comes through is one deployment, however often it is told, and one that fails is another. So a revision
that breaks long after it was deployed moves no deployment. A HelmRelease tells of each release once: it is one by the
number that Helm gives it (with the chart's version: a release that is installed anew is counted from one again), and
where that is not told by its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.facts import Said, fact
from ingest.signatures import any_of, bearer_token, hmac_sha256
from ingest.vocabulary.actors import Actor
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.delivery_ids import hashed_body
from ingest.vocabulary.deployed import deployed
from ingest.vocabulary.environments import KNOWN, spelled
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import artifact_uri, deployment_uri, short_digest

_REVISION: Final = re.compile(r"(?:(sha1|sha256):)?([0-9a-f]{64}|[0-9a-f]{40})$")
_RELEASE: Final = re.compile(r"release [\w.-]+/[\w.-]+?(?:\.v(\d{1,9}))? with chart ([\w.-]{1,128})@([^\s:]{1,64})")
_VERSION: Final = re.compile(r"v?[0-9][\w.+-]{0,63}")
_MESSAGE_CHARACTERS: Final = 1_024
_HEALTHY: Final = "Health check passed"
_DELETED: Final = (" deleted", "pruning for deleted resource failed")
_REMOVED: Final = Ignored("removal is no deployment")
_BY: Final = Actor(ActorClass.BOT)
_ENVIRONMENTS: Final = ("environment", "env", "stage")
_IMAGES: Final = ("image", "images")


class Involved(Struct, frozen=True):
    """The Flux object; its `uid` tells two clusters' objects of one name apart."""

    kind: str
    name: str
    namespace: str = ""
    uid: str = ""


class Event(Struct, frozen=True):
    """An event; of `metadata` what the controllers, the alert and the object's annotations put there."""

    involved: Involved = msgspec.field(name="involvedObject")
    timestamp: str
    reason: str = ""
    message: str = ""
    metadata: dict[str, str] | None = None


def _applied(event: Event, context: Context) -> Translated:
    """`deployment.started` of the revision; `service.deployed`, outcome `success`, where its health check passed."""
    if event.message.startswith(_HEALTHY):
        return _reconciled(event, context, Outcome.SUCCESS)
    return _reconciled(event, context, None)


def _succeeded(event: Event, context: Context) -> Translated:
    """`service.deployed` of the revision with outcome `success`, at `timestamp`; told again it is the same."""
    return _reconciled(event, context, Outcome.SUCCESS)


def _failed(event: Event, context: Context) -> Translated:
    """`service.deployed` with outcome `failure`, at `timestamp`; of one revision it is one deployment."""
    return _reconciled(event, context, Outcome.FAILURE)


def _released(event: Event, context: Context) -> Translated:
    """`service.deployed` of the release with outcome `success`, at `timestamp`."""
    return _helm(event, context, "service.deployed", Outcome.SUCCESS)


def _not_released(event: Event, context: Context) -> Translated:
    """`service.deployed` with outcome `failure`, at `timestamp`; failed tests speak of the release they tested."""
    return _helm(event, context, "service.deployed", Outcome.FAILURE)


def _rolled_back(event: Event, context: Context) -> Translated:
    """`service.rolledback` to the release before, with outcome `success`, at `timestamp`."""
    return _helm(event, context, "service.rolledback", Outcome.SUCCESS, numbered=False)


def _not_rolled_back(event: Event, context: Context) -> Translated:
    """`service.rolledback` with outcome `failure`, at `timestamp`."""
    return _helm(event, context, "service.rolledback", Outcome.FAILURE, numbered=False)


def _none(why: str) -> Callable[[Event, Context], Translated]:
    """Return the handler of what is no deployment."""

    def handler(_event: Event, _context: Context) -> Translated:
        return Ignored(why)

    handler.__doc__ = f"Ignored: {why}."
    return handler


def _reconciled(event: Event, context: Context, outcome: Outcome | None) -> Translated:
    """Return what a Kustomization tells of its revision: that it began (None), came through, or failed.

    One that is deleted tells so for the reason that it was in before.
    """
    if outcome is not None and event.message.endswith(_DELETED):
        return _REMOVED
    told = _metadata(event)
    if not (revision := told.get("revision")):
        return Ignored("body tells no revision")
    algorithm, hexadecimal = _known(revision)
    identity = f"{algorithm}:{hexadecimal}" if hexadecimal else short_digest(revision)
    origin, artifact = _known(told.get("originRevision", ""))[1], algorithm == "sha256"
    said = _said(event, told, context)
    said["outcome"] = outcome
    said["links"] = (
        *deployed(_images(told), (told.get("commit") or origin or hexadecimal,)),
        *(_link(artifact_uri(identity), LinkMethod.DIGEST) if artifact else ()),
    )
    event_type = "deployment.started" if outcome is None else "service.deployed"
    failed = "/failed" if outcome is Outcome.FAILURE else ""
    uri = deployment_uri(context.tool, f"{_name(event)}/{identity}{failed}")
    return [fact(context, event_type, uri, moment(event.timestamp, "timestamp"), **said)]


def _helm(event: Event, context: Context, event_type: str, outcome: Outcome, *, numbered: bool = True) -> Translated:
    """Return what a HelmRelease tells of a release: `numbered` where the number in the message is the release's own."""
    told = _metadata(event)
    release = _RELEASE.search(event.message[:_MESSAGE_CHARACTERS])
    number, chart, version = release.groups() if release else (None, None, told.get("revision", ""))
    said = _said(event, told, context)
    said["outcome"] = outcome
    said["told_apart"] = (outcome,)
    digest = told.get("oci-digest", "")
    said["links"] = (
        *deployed(_images(told), (told.get("commit") or told.get("app-version", ""),)),
        *(_link(artifact_uri(digest), LinkMethod.DIGEST) if _known(digest)[0] == "sha256" else ()),
        *(_link(artifact_uri(f"pkg:helm/{chart}@{version}"), LinkMethod.EXPLICIT) if chart else ()),
    )
    version = version if _VERSION.fullmatch(version) else None
    said["attributes"] = {**said["attributes"], "chart": chart, "version": version}
    operation = f"v{number}-{version or ''}" if numbered and number else event.timestamp
    uri = deployment_uri(context.tool, f"{_name(event)}/{operation}")
    return [fact(context, event_type, uri, moment(event.timestamp, "timestamp"), **said)]


def _name(event: Event) -> str:
    """Return how the object is called among all clusters' objects."""
    involved = event.involved
    if not involved.name:
        raise Untranslatable("involvedObject.name is missing")
    return "/".join(part for part in (involved.kind, involved.namespace, involved.name, involved.uid) if part)


def _metadata(event: Event) -> Mapping[str, str]:
    """Return the metadata without the groups that older controllers write before the keys."""
    return {key.rpartition("/")[2]: text for key, text in (event.metadata or {}).items()}


def _known(revision: str) -> tuple[str, str]:
    """Return the algorithm and digits of `main@sha1:<40>`, `latest@sha256:<64>` or `main/<40>`; ('', '') of others.

    The branch before it may be called after anybody.
    """
    found = _REVISION.search(revision[-80:])
    if found is None:
        return "", ""
    return found[1] or ("sha1" if len(found[2]) == 40 else "sha256"), found[2]  # noqa: PLR2004 - digits of a SHA-1


def _images(told: Mapping[str, str]) -> list[str]:
    return [image.strip() for key in _IMAGES for image in told.get(key, "").split(",")]


def _link(uri: str, method: LinkMethod) -> tuple[Link, ...]:
    return (Link(uri=uri, kind=LinkKind.DEPLOYS, method=method),)


def _said(event: Event, told: Mapping[str, str], context: Context) -> Said:
    """Return what all facts of an event carry."""
    word = next((told[key] for key in _ENVIRONMENTS if told.get(key)), None) or _meant(
        event.involved.namespace, context
    )
    environment, kept = kept_of_environment(word, context.environment, context.pseudonym)
    return {
        "state": event.reason,
        "environment": environment,
        "by": _BY,
        "attributes": {
            "service": told.get("service") or event.involved.name,
            "repository": repository_of(told.get("repository", "")),
            "environment_raw": kept,
        },
    }


def _meant(namespace: str, context: Context) -> str:
    """Return the namespace where it means an environment, else ''."""
    means = context.environment(namespace)
    return namespace if means in KNOWN or means != spelled(namespace) else ""


class _Kind(Struct, frozen=True):
    kind: str = ""


class _Envelope(Struct, frozen=True):
    involved: _Kind = msgspec.field(name="involvedObject", default=_Kind())


_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_decode: Final = msgspec.json.Decoder(Event).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).involved.kind


def _reason(event: Event) -> str:
    return event.reason


ADAPTER: Final = Adapter(
    tool="flux",
    verify=any_of(hmac_sha256(header="x-signature", prefix="sha256="), bearer_token()),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={
        "Kustomization": ByAction(
            decode=_decode,
            action=_reason,
            handlers={
                "Progressing": _applied,
                "ReconciliationSucceeded": _succeeded,
                "BuildFailed": _failed,
                "HealthCheckFailed": _failed,
                "PruneFailed": _failed,
                "ReconciliationFailed": _failed,
                "ValidationFailed": _failed,
                "ArtifactFailed": _none("nothing was deployed"),
                "DependencyNotReady": _none("it waits for another one"),
                "HealthCheckCanceled": _none("a newer revision took its place"),
            },
        ),
        "HelmRelease": ByAction(
            decode=_decode,
            action=_reason,
            handlers={
                "InstallSucceeded": _released,
                "UpgradeSucceeded": _released,
                "InstallFailed": _not_released,
                "UpgradeFailed": _not_released,
                "TestFailed": _not_released,
                "RollbackSucceeded": _rolled_back,
                "RollbackFailed": _not_rolled_back,
                "TestSucceeded": _none("the release tells that it was deployed"),
                "HealthCheckCanceled": _none("a newer release took its place"),
                "UninstallSucceeded": _none(_REMOVED.reason),
                "DriftDetected": _none("drift is no deployment"),
                "DriftCorrected": _none("mended drift is no deployment"),
            },
        ),
    },
    ignores=frozenset(
        {
            "Alert", "ArtifactGenerator", "Bucket", "Canary", "ExternalArtifact", "FluxInstance", "FluxReport",
            "GitRepository", "HelmChart", "HelmRepository", "ImagePolicy", "ImageRepository", "ImageUpdateAutomation",
            "OCIRepository", "Provider", "Receiver", "ResourceSet", "ResourceSetInputProvider", "Terraform",
        }
    ),
)  # fmt: skip
"""The adapter for Flux."""
