"""Incidents and the deployment each is laid to: an explicit link, else the last deployment before it, else none; pure.

Of several facts that name causes the latest stands: a cause may be corrected, or taken back with none in its place. By
time and service: the latest finished deployment of the same service to production, at most `ATTRIBUTION_WINDOW` before
the incident was detected; if somebody denied that it was this one, no other is blamed for it. Whatever neither finds is
unattributed, which is a class of its own.
"""

from __future__ import annotations

from typing import Final

from processors.facts import Fact, FactLink
from processors.world import DETECTIONS, World, service_of_incident
from schemas.derived import Incident
from schemas.event import NO_CAUSE, LinkKind
from schemas.identity import entity_kind

ATTRIBUTION_WINDOW: Final = 24 * 3_600 * 1_000_000
"""Microseconds: how long after a deployment an incident of its service is laid to it."""

EXPLICIT: Final = "explicit"
TIME_AND_SERVICE: Final = "time_and_service"
UNATTRIBUTED: Final = "unattributed"
TIME_CONFIDENCE: Final = 0.5
"""The confidence of an attribution by time and service alone."""


def incident_row(world: World, uri: str, version: str) -> Incident | None:
    """Return the incident's row, None if nothing is known of it.

    Detected at its first report; resolved at its first resolution since it was last reported anew, None while open.
    """
    facts = world.trace.facts(uri)
    if not facts:
        return None
    service = service_of_incident(facts)
    environment = _latest([f.environment for f in facts])
    detected_at = min((f.occurred_at for f in facts if f.type in DETECTIONS), default=None)
    denied = {target for kind, target in world.trace.reading(uri).denied if kind is LinkKind.CAUSED_BY}
    deployment, attribution, confidence = _attributed(world, facts, service, environment, detected_at)
    if deployment in denied:
        deployment, attribution, confidence = None, UNATTRIBUTED, 0.0
    return Incident(
        value_stream=world.stream.name,
        incident_id=uri,
        service=service,
        environment=environment,
        detected_at=detected_at,
        resolved_at=_resolved_at(facts),
        deployment_id=deployment,
        attribution=attribution,
        confidence=confidence,
        definition_version=version,
    )


def _latest(texts: list[str | None]) -> str:
    return next((text for text in reversed(texts) if text), "")


def _resolved_at(facts: list[Fact]) -> int | None:
    resolved: int | None = None
    for fact in facts:
        if fact.type in DETECTIONS:
            resolved = None
        elif fact.type == "incident.resolved" and resolved is None:
            resolved = fact.occurred_at
    return resolved


def _attributed(
    world: World, facts: list[Fact], service: str, environment: str, detected_at: int | None
) -> tuple[str | None, str, float]:
    for link in sorted(_causes(facts), key=lambda x: (-x.confidence, x.uri)):
        if (deployment := culprit(world, link.uri)) is not None:
            return deployment, EXPLICIT, link.confidence
    production = world.stream.production
    lane = world.lanes.named(service, production) if service and environment in {"", production} else None
    if lane is not None and detected_at is not None:
        last = next(lane.before((detected_at + 1, "")), None)
        if last is not None and detected_at - last[0] <= ATTRIBUTION_WINDOW:
            return last[1], TIME_AND_SERVICE, TIME_CONFIDENCE
    return None, UNATTRIBUTED, 0.0


def _causes(facts: list[Fact]) -> list[FactLink]:
    """Return the causes that stand: those of the latest fact that names any, or that says there is none."""
    for fact in reversed(facts):
        causes = [x for x in fact.links if x.kind is LinkKind.CAUSED_BY]
        if causes or fact.attributes.get("cause") == NO_CAUSE:
            return causes
    return []


def culprit(world: World, target: str) -> str | None:
    """Return the deployment that a cause named in an incident means, None if that cannot be known.

    A deployment means itself; a change, or the commit it became, the first one that carried it to production; another
    commit or an artifact the first one that brought it there.
    """
    match entity_kind(target):
        case "deployment":
            return target
        case "change":
            return _first_in_production(world, _carriers(world, target))
        case "commit" | "artifact":
            became = [c for c in world.trace.related("upper", target) if target in world.merge_commits(c)]
            found = {d for c in became for d in _carriers(world, c)} | set(world.trace.related("deployed", target))
            return _first_in_production(world, found)
        case _:
            return None


def _carriers(world: World, change: str) -> set[str]:
    landing = world.landing(change)
    return set() if landing is None else set(world.lanes.carriers(*landing).values())


def _first_in_production(world: World, deployments: set[str]) -> str | None:
    known = [r for d in deployments if (r := world.lanes.rollouts.get(d)) is not None and r.counts]
    places = [r.place for r in known if r.environment == world.stream.production]
    return min(places)[1] if places else None
