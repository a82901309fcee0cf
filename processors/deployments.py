"""Deployments: what each carried, whether it needed intervention and by which evidence, and when that was over; pure.

| evidence | attribution | confidence | over at |
|---|---|---|---|
| its outcome is failure or error | `failed` | 1 | the next success in its place |
| an incident names it | `explicit` | the link's | the last of its incidents' ends |
| the first success (or try) after the earlier life of what then came again | `rollback` | 0.9 | the rollback |
| the tool says that it went back from it | `rollback` | 1 | the rollback |
| a change that it carried was taken back by one deployed later | `revert` | 0.9 | that deployment |
| an incident of its service began within a day of it | `time_and_service` | 0.5 | as above |
| the next success, within a day, carried a change from a hot-fix branch | `hot_fix` | 0.5 | that success |

The strongest evidence names the attribution; recovery is the earliest end known. The deployments that roll back, revert
or carry a hot fix are rework. Rollbacks, reverts and hot fixes are judged in production alone: elsewhere they trouble
nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from processors.facts import HOT_FIXES
from processors.incidents import ATTRIBUTION_WINDOW, incident_row
from processors.lanes import Lane, Place
from processors.rollouts import Rollout
from processors.world import World
from schemas.derived import Deployment
from schemas.identity import entity_kind

HOT_FIX_WINDOW: Final = ATTRIBUTION_WINDOW
"""Microseconds: how soon a hot fix must be deployed to speak against the deployment before it."""


class Evidence(Struct, frozen=True):
    """Why a deployment needed intervention, how sure that is, and when it was over (None: not yet)."""

    attribution: str
    confidence: float
    over_at: int | None


def deployment_row(world: World, uri: str, version: str) -> Deployment | None:
    """Return the deployment's row, None if nothing is known of it."""
    own = world.lanes.rollouts.get(uri)
    if own is None:
        return None
    carried = changes_carried(world, own)
    found = sorted(evidence(world, own), key=lambda e: (-e.confidence, e.attribution))
    return Deployment(
        value_stream=world.stream.name,
        deployment_id=uri,
        service=own.service,
        environment=own.environment,
        artifact=own.artifact,
        commit=own.commit,
        started_at=own.started_at,
        finished_at=own.finished_at,
        outcome=own.outcome,
        is_rework=is_rework(world, own),
        caused_incident=bool(found),
        left_censored=left_censored(world, own),
        change_ids=tuple(carried),
        attribution=found[0].attribution if found else "",
        confidence=found[0].confidence if found else 0.0,
        recovered_at=min((e.over_at for e in found if e.over_at is not None), default=None),
        definition_version=version,
    )


def changes_carried(world: World, own: Rollout) -> list[str]:
    """Return the changes that a deployment carries, sorted; commits that landed without one left out."""
    return [x for x in world.lanes.carried(own) if entity_kind(x) == "change"]


def left_censored(world: World, own: Rollout) -> bool:
    """Return whether nothing is known of its lane before it: it is the first success, or came before that."""
    if not own.counts:
        return False
    return world.lanes.lane(own).last_success(own.place) is None


def is_rework(world: World, own: Rollout) -> bool:
    """Return whether it was made to mend: it rolls back, or carries a revert or a hot fix."""
    if not own.succeeded or own.environment != world.stream.production:
        return False
    return undone(world, own) is not None or own.rolled_back or _mends(world, own)


def _mends(world: World, own: Rollout) -> bool:
    return any(is_hot_fix(world, x) or world.reverted_by(x) for x in world.lanes.carried(own))


def is_hot_fix(world: World, change: str) -> bool:
    """Return whether a change comes from a branch that is named a hot fix (`hotfix/...`, `hot-fix-...`)."""
    branches = (f.attributes.get("branch", "").lower() for f in world.trace.facts(change))
    return any(b.startswith(HOT_FIXES) for b in branches)


def undone(world: World, own: Rollout) -> Place | None:
    """Return the deployment that this one rolled back, None if it is no rollback.

    All in one place: what one production environment has undoes nothing in another one. Where it brought what an
    earlier success had brought, and another thing was deployed in between: the first success among these, else (nothing
    else got there) the first of them. Where the tool says that it went back: the first that was tried in vain since the
    success before it, else that success.
    """
    if not own.succeeded:
        return None
    lane = world.lanes.site(own)
    earlier = lane.last_of(own.version, own.place)
    tried: Place | None = None
    for place in lane.after(earlier) if earlier is not None else ():
        if place >= own.place:
            break
        other = world.lanes.rollouts[place[1]]
        if other.version != own.version:
            if other.succeeded:
                return place
            tried = tried or place
    return tried or (_gone_back_from(lane, own.place) if own.rolled_back else None)


def _gone_back_from(lane: Lane, place: Place) -> Place | None:
    """Return what stood when a tool went back: a try in vain, which was what it went back from, else a success."""
    last = lane.last_success(place)
    following = next(lane.after(last), place) if last is not None else place
    return following if following < place else last


def rollback_of(world: World, own: Rollout) -> Rollout | None:
    """Return the deployment that rolled this one back, None if none did."""
    lane = world.lanes.site(own)
    last = lane.last_success(own.place)
    again = lane.next_of(world.lanes.rollouts[last[1]].version, own.place) if last is not None else None
    for place in sorted({p for p in (again, lane.next_success(own.place)) if p is not None}):
        later = world.lanes.rollouts[place[1]]
        if undone(world, later) == own.place:
            return later
    return None


def evidence(world: World, own: Rollout) -> Iterator[Evidence]:
    """Yield every piece of evidence that a deployment needed intervention."""
    yield from _incidents(world, own)
    if not own.counts:
        return
    following = world.lanes.lane(own).next_success(own.place)
    if not own.succeeded:
        mended = world.lanes.site(own).next_success(own.place)
        yield Evidence("failed", 1.0, mended[0] if mended is not None else None)
    if own.environment != world.stream.production:
        return
    if (again := rollback_of(world, own)) is not None:
        yield Evidence("rollback", 1.0 if again.rolled_back else 0.9, again.finished_at)
    if not own.succeeded:
        return
    taken_back = [place for x in world.lanes.carried(own) for place in _reverts_deployed(world, own, x)]
    if taken_back:
        yield Evidence("revert", 0.9, min(taken_back)[0])
    if following is not None and following[0] - own.place[0] <= HOT_FIX_WINDOW and _is_hot(world, following):
        yield Evidence("hot_fix", 0.5, following[0])


def _is_hot(world: World, place: Place) -> bool:
    return any(is_hot_fix(world, c) for c in changes_carried(world, world.lanes.rollouts[place[1]]))


def _incidents(world: World, own: Rollout) -> Iterator[Evidence]:
    """Yield one piece of evidence for each way in which incidents are laid to the deployment."""
    ends: dict[tuple[str, float], list[int | None]] = {}
    for uri in incidents_near(world, own):
        row = incident_row(world, uri, "")
        if row is not None and row.deployment_id == own.uri:
            ends.setdefault((row.attribution, row.confidence), []).append(row.resolved_at)
    unresolved = any(None in several for several in ends.values())
    last = None if unresolved else max((at for several in ends.values() for at in several if at), default=None)
    yield from (Evidence(attribution, confidence, last) for attribution, confidence in ends)


def incidents_near(world: World, own: Rollout) -> set[str]:
    """Return the incidents that may be laid to a deployment: naming it or what it brought, or near in time."""
    carried = changes_carried(world, own)
    names = {own.uri, *own.targets, *carried, *(m for c in carried for m in world.merge_commits(c))}
    found = {i for name in names for i in world.trace.related("caused", name)}
    if own.finished_at is not None:
        found.update(world.detected(own.service, own.finished_at, own.finished_at + ATTRIBUTION_WINDOW))
    return found


def _reverts_deployed(world: World, own: Rollout, change: str) -> Iterable[Place]:
    for reverter in world.reverting(change):
        carrier = carrier_in_lane(world, own, reverter)
        if carrier is not None and carrier.place > own.place:
            yield carrier.place


def carrier_in_lane(world: World, own: Rollout, change: str) -> Rollout | None:
    """Return the deployment that carries a change in the lane of another."""
    landing = world.landing(change)
    carrier = None if landing is None else world.lanes.carriers(*landing).get((own.service, own.environment))
    return None if carrier is None else world.lanes.rollouts[carrier]


def _neighbours(world: World, lane: Lane, own: Rollout) -> Iterator[Place]:
    """Yield a lane's deployments from the success before to the success after; failed ones only where that matters.

    A success ends the trouble of those that failed before it, and lets the next ones see something before them; a
    failure stands between the next one and being the first that was tried.
    """
    if own.succeeded:
        for places in (lane.before(own.place), lane.after(own.place)):
            for place in places:
                yield place
                if world.lanes.rollouts[place[1]].succeeded:
                    break
        return
    yield from islice(lane.after(own.place), 1)
    yield from (p for p in (lane.last_success(own.place), lane.next_success(own.place)) if p is not None)


def near(world: World, own: Rollout) -> set[str]:
    """Return every deployment whose row may depend on this one: neighbours, what mends or is mended by either."""
    found = {own.uri}
    if not own.counts:
        return found
    lane = world.lanes.site(own)
    found.update(place[1] for there in (world.lanes.lane(own), lane) for place in _neighbours(world, there, own))
    last = lane.last_success(own.place)
    versions = [own.version, world.lanes.rollouts[last[1]].version if last is not None else None]
    again = {later[1] for v in versions if (later := lane.next_of(v, own.place)) is not None}
    found |= again
    found |= {p[1] for d in (own.uri, *again) if (p := undone(world, world.lanes.rollouts[d])) is not None}
    for landed in world.lanes.carried(own):
        for other in world.reverted_by(landed) | world.reverting(landed):
            if (carrier := carrier_in_lane(world, own, other)) is not None:
                found.add(carrier.uri)
    return found
