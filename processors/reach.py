"""How far a fact reaches: which units must be derived anew when some entities change; pure.

Asked before and after the change, the two answers together hold every unit whose rows can differ. The reach is bounded:
the entities' own items and changes, and the items of what these take back; of deployments, those from the first that
can contain a change to the next success, their neighbours, and what mends or is mended by either. The items of such
deployments are reached where one of them goes back, since a rollback judges what brought the change there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from processors.deployments import incidents_near, near, undone
from processors.incidents import incident_row
from processors.rollouts import Rollout
from processors.rows import Kind, Unit
from processors.world import World
from schemas.identity import entity_kind

_SHIPPED: Final = ("change:", "commit:", "artifact:", "deployment:", "incident:")
"""What deployments, changes and incidents are derived from."""


class Reach(Struct, frozen=True):
    """The units reached, and the landed changes (and commits) among what deployments carry differently."""

    units: frozenset[Unit]
    landed: frozenset[str]


def is_shipped(uri: str) -> bool:
    """Return whether an entity's facts may move more than its items."""
    return uri.startswith(_SHIPPED)


def reach(world: World, entities: Iterable[str], landed: Iterable[str] = ()) -> Reach:
    """Return what depends on these entities in the world as it stands; `landed` adds changes whose carriers to ask."""
    units: set[Unit] = set()
    deployments: set[str] = set()
    incidents: set[str] = set()
    moving = set(landed)
    any_reverts = world.trace.known("reverted")
    for uri in entities:
        units.update([(Kind.ITEM, item) for item in world.trace.items(uri)])
        if not is_shipped(uri):
            continue
        units.update([(Kind.CHANGE, change) for change in world.trace.changes_of(uri)])
        deployments |= world.deployments_reading(uri)
        there = [x for x in (uri, *world.trace.changes_of(uri)) if world.landing(x) is not None]
        moving.update(there)
        if any_reverts:
            units.update((Kind.ITEM, item) for x in there for item in _items_taken_back(world, x))
        if uri.startswith("incident:"):
            incidents.add(uri)
    if moving or deployments or incidents:
        units |= _shipping(world, moving, deployments, incidents)
    return Reach(frozenset(units), frozenset(moving))


def _shipping(world: World, moving: set[str], deployments: set[str], incidents: set[str]) -> set[Unit]:
    """Return what depends on these landed changes, deployments and incidents; add to them what moves with them."""
    moving.update(c for d in deployments for c in _may_carry(world, d))
    units = _carried_units(world, moving)
    deployments.update(d for uri in moving for d in _carriers(world, uri))
    known = [r for d in deployments if (r := world.lanes.rollouts.get(d)) is not None]
    incidents.update(i for own in known for i in incidents_near(world, own))
    rows = (incident_row(world, uri, "") for uri in incidents)
    deployments.update(row.deployment_id for row in rows if row is not None and row.deployment_id is not None)
    for own in known:
        nearby = near(world, own)
        deployments |= nearby
        units.update((Kind.ITEM, item) for item in _items_gone_back_on(world, own, nearby))
    units.update((Kind.DEPLOYMENT, d) for d in deployments)
    units.update((Kind.INCIDENT, i) for i in incidents)
    return units


def _carried_units(world: World, moving: Iterable[str]) -> set[Unit]:
    """Return the units of changes (and commits) that deployments may carry differently."""
    units: set[Unit] = set()
    for uri in moving:
        units.update((Kind.ITEM, item) for item in world.trace.items(uri))
        if entity_kind(uri) == "change":
            units.add((Kind.CHANGE, uri))
    return units


def _items_taken_back(world: World, landed: str) -> Iterable[str]:
    """Yield the items of what a change (or commit without one) takes back, and of all that that is part of."""
    wholes = {x for target in world.named_by_reverts(landed) for x in world.trace.above(target)}
    return (item for x in wholes for item in world.trace.items(x))


def _items_gone_back_on(world: World, own: Rollout, nearby: Iterable[str]) -> set[str]:
    """Return the items of deployments near one in production, if any of them goes back.

    A deployment that comes between two others can move a rollback from one to the other: which one it was on before
    cannot be seen from here, but all of them are near.
    """
    if own.environment != world.stream.production:
        return set()
    known = [r for d in nearby if (r := world.lanes.rollouts.get(d)) is not None]
    if all(undone(world, r) is None for r in known):
        return set()
    return {item for r in known for x in world.lanes.carried(r) for item in world.trace.items(x)}


def _carriers(world: World, uri: str) -> Iterable[str]:
    landing = world.landing(uri)
    return () if landing is None else world.lanes.carriers(*landing).values()


def _may_carry(world: World, deployment: str) -> set[str]:
    """Return what a deployment carries; for the first that reached anything of a repository what the next one does too.

    Only what the first carries is left-censored, so with it or without it what the next one carries is not or is.
    """
    own = world.lanes.rollouts.get(deployment)
    if own is None:
        return set()
    found = set(world.lanes.carried(own))
    for repository, _ in own.landings if own.succeeded else ():
        course = world.lanes.lane(own).course(repository)
        if course is not None and course.is_first(own.place) and (following := course.second()) is not None:
            found.update(world.lanes.carried(world.lanes.rollouts[following[1]]))
    return found


def incidents_of(units: Iterable[Unit]) -> set[str]:
    """Return the incidents among some units."""
    return {uri for kind, uri in units if kind is Kind.INCIDENT}
