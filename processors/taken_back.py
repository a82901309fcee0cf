"""What was taken back of an item's work after it had landed or gone live: reverts and rollbacks; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from processors.deployments import rollback_of
from processors.judgements import Verdict
from processors.world import World


def taken_back(world: World, members: Iterable[str], deployments: Iterable[str]) -> Iterator[Verdict]:
    """Yield what later landings took back of what landed of an item's members, and which deployments were rolled back.

    `deployments` are those that carry the members; only production ones count.
    """
    for uri in members:
        landing = world.landing(uri)
        for other in () if landing is None else world.reverting(uri):
            theirs = world.landing(other)
            if landing is not None and theirs is not None and theirs[1][0] > landing[1][0]:
                yield Verdict("reverted", theirs[1][0])
    for uri in deployments:
        own = world.lanes.rollouts[uri]
        again = rollback_of(world, own) if own.environment == world.stream.production else None
        if again is not None:
            yield Verdict("rolled_back", again.place[0], uri)
