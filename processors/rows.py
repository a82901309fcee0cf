"""From a stream's facts to its rows, unit by unit: an item and its visits, a change, a deployment, an incident."""

from __future__ import annotations

from enum import Enum, auto

from msgspec.structs import replace

from processors.deployments import deployment_row
from processors.incidents import incident_row
from processors.items import Member, item_row, turns_of
from processors.judgements import Verdict, judge
from processors.links import OF_COMMIT
from processors.reviewing import first_reviewed_at, offered_at
from processors.rollouts import merged_at, repository_of, telling
from processors.steps import Observation, bridge, observations, walk
from processors.taken_back import taken_back
from processors.visits import visit_row
from processors.world import World
from schemas.derived import Change, Derived


class Kind(Enum):
    """What a unit of derivation is."""

    ITEM = auto()
    CHANGE = auto()
    DEPLOYMENT = auto()
    INCIDENT = auto()


Unit = tuple[Kind, str]
"""What is derived at once: the kind, and the item's, change's, deployment's or incident's uri."""


def unit_rows(world: World, unit: Unit, version: str) -> list[Derived]:
    """Return the rows of a unit, revision and known_at left to the caller; [] where nothing is derived."""
    kind, uri = unit
    match kind:
        case Kind.ITEM:
            return item_rows(world, uri, version)
        case Kind.CHANGE:
            return list(change_rows(world, uri, version))
        case Kind.DEPLOYMENT:
            deployment = deployment_row(world, uri, version)
            return [] if deployment is None else [deployment]
        case Kind.INCIDENT:
            incident = incident_row(world, uri, version)
            return [] if incident is None else [incident]


def item_rows(world: World, item: str, version: str) -> list[Derived]:
    """Return an item's row and its visits; [] where it is none."""
    trace, stream = world.trace, world.stream
    members = [Member(uri, trace.facts(uri)) for uri in trace.members(item)]
    if not members:
        return []
    seen = [o for m in members for o in observations(m.uri, m.facts)]
    brought = deployments_of(world, [m.uri for m in members])
    seen += [o for d in brought for o in deployment_facts(world, d)]
    turns = turns_of(item, members)
    walked = walk(world.plan, seen)
    stays = walked.visits
    later = taken_back(world, (m.uri for m in members), brought)
    later += [Verdict("reopened", at) for at in turns.reopened]
    if later or walked.failures:
        judge(world.plan, walked, later)
    row = item_row(item, members, stays, turns=turns, plan=world.plan, stream=stream, version=version)
    if row.finished_at is not None:
        bridge(stays, row.finished_at)
    counted: dict[str, bool] = {}
    for stay in stays:
        if stay.subject not in counted:
            owners = brought.get(stay.subject, (stay.subject,))
            counted[stay.subject] = any(trace.items(owner)[:1] == (item,) for owner in owners)
    return [
        row,
        *(
            visit_row(
                stay,
                stream=stream.name,
                item=item,
                kind=row.kind,
                counted=counted[stay.subject],
                calendar=stream.calendar,
                version=version,
            )
            for stay in stays
        ),
    ]


def deployments_of(world: World, members: list[str]) -> dict[str, list[str]]:
    """Return the deployments that carry an item's changes, each with those of its members that it carries."""
    found: dict[str, list[str]] = {}
    for uri in members:
        landing = world.landing(uri)
        for deployment in () if landing is None else world.lanes.carriers(*landing).values():
            found.setdefault(deployment, []).append(uri)
    return found


def deployment_facts(world: World, deployment: str) -> list[Observation]:
    """Return what a deployment tells the items whose changes it carries: its queue, start and finish."""
    return telling(deployment, world.trace.facts(deployment))


def change_rows(world: World, uri: str, version: str) -> list[Change]:
    """Return a change's rows: one for each service whose production carries it, one without a service before that."""
    facts = world.trace.facts(uri)
    if not facts:
        return []
    commits = [c for c in world.trace.below(uri) if c.startswith(OF_COMMIT)]
    authored = [f.occurred_at for c in commits for f in world.trace.facts(c) if f.type == "commit.created"]
    merged = merged_at(world.trace, uri)
    known = Change(
        value_stream=world.stream.name,
        change_id=uri,
        repository=repository_of(world.trace, uri),
        item_ids=world.trace.items(uri),
        first_commit_at=min(authored, default=None),
        opened_at=offered_at(facts),
        first_reviewed_at=first_reviewed_at(facts, merged),
        merged_at=merged,
        definition_version=version,
    )
    landing = world.landing(uri)
    if landing is None:
        return [known]
    carriers = world.lanes.carriers(*landing)
    production = world.stream.production
    live = [world.lanes.rollouts[d] for (_, environment), d in carriers.items() if environment == production]
    if not live:
        return [known]
    return [
        replace(
            known,
            service=own.service,
            environment=production,
            deployed_at=own.finished_at,
            deployment_id=own.uri,
            left_censored=world.lanes.is_first_of(own, landing[0]),
        )
        for own in live
    ]
