"""What was taken back of an item's work after it had landed or gone live: reverts and rollbacks; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from processors.deployments import rollback_of
from processors.judgements import Verdict
from processors.world import World


def taken_back(world: World, members: Iterable[str], deployments: Collection[str]) -> list[Verdict]:
    """Return what later landings took back of what landed of an item's members, and which deployments were rolled back.

    `deployments` are those that carry the members; only production ones count.
    """
    found = [v for uri in members for v in _reverts(world, uri)] if world.trace.known("reverted") else []
    return [*found, *_rollbacks(world, deployments)] if deployments else found


def _reverts(world: World, uri: str) -> Iterator[Verdict]:
    landing = world.landing(uri)
    for other in () if landing is None else world.reverting(uri):
        theirs = world.landing(other)
        if landing is not None and theirs is not None and theirs[1][0] > landing[1][0]:
            yield Verdict("reverted", theirs[1][0], by=world.trace.below(other))


def _rollbacks(world: World, deployments: Iterable[str]) -> Iterator[Verdict]:
    for uri in deployments:
        own = world.lanes.rollouts[uri]
        again = rollback_of(world, own) if own.environment == world.stream.production else None
        if again is not None:
            yield Verdict("rolled_back", again.place[0], uri)
