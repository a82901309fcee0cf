"""The batch definition's deployments and incidents: every question answered by looking at all of them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from processors.deployments import HOT_FIX_WINDOW
from processors.facts import HOT_FIXES, TRUNKS, Fact, FactLink
from processors.incidents import ATTRIBUTION_WINDOW
from processors.judgements import Verdict
from processors.rollouts import COMMITS, telling
from processors.steps import Observation
from schemas.definition import ValueStream
from schemas.derived import Deployment, Incident
from schemas.event import LinkKind, Outcome

Facts = Mapping[str, Sequence[Fact]]
Spot = tuple[str, int, str]
"""(repository, time, uri) of a merge; the uri sorts after all others where it is only a time."""

_BEYOND = "\U0010ffff"
_BAD = {Outcome.FAILURE, Outcome.ERROR}


class Attempt(Struct, eq=False, kw_only=True):
    """One deployment with everything its own facts say; `at` is its finish."""

    uri: str
    service: str
    environment: str
    site: str
    artifact: str | None
    commit: str | None
    brought: frozenset[str]
    started_at: int | None
    at: int | None
    outcome: Outcome | None
    says_back: bool
    spots: list[Spot]
    told: list[Observation]


class Shipping:
    """All deployments and incidents of a stream's facts."""

    def __init__(
        self, stream: ValueStream, facts: Facts, above: Mapping[str, set[str]], denied: Container[tuple[str, str]] = ()
    ) -> None:
        self.stream = stream
        self._facts = facts
        self._above = above
        self._landed = [spot for uri in facts if (spot := self._landing(uri)) is not None]
        self.attempts = [self._attempt(uri) for uri in facts if uri.startswith("deployment:")]
        found = {uri: self._incident(uri) for uri in facts if uri.startswith("incident:")}
        self._incidents = {
            uri: (*row[:4], None, "unattributed", 0.0) if (uri, row[4]) in denied else row for uri, row in found.items()
        }

    def rows(self, version: str) -> Iterator[Deployment | Incident]:
        """Yield the rows of all deployments and incidents."""
        for attempt in self.attempts:
            yield self._row(attempt, version)
        for uri, (service, environment, detected, resolved, blamed, attribution, confidence) in self._incidents.items():
            yield Incident(
                value_stream=self.stream.name,
                incident_id=uri,
                service=service,
                environment=environment,
                detected_at=detected,
                resolved_at=resolved,
                deployment_id=blamed,
                attribution=attribution,
                confidence=confidence,
                definition_version=version,
            )

    def _links(self, uri: str, kind: LinkKind) -> list[str]:
        return sorted({x.uri for f in self._facts.get(uri, ()) for x in f.links if x.kind is kind})

    def _last(self, uri: str, name: str) -> str:
        told = [text for f in self._facts.get(uri, ()) if (text := f.attributes.get(name))]
        return told[-1] if told else ""

    def repository(self, change: str) -> str:
        """Return a change's repository."""
        return self._last(change, "repository") or change.removeprefix("change:").rpartition("/")[0]

    def merged_at(self, change: str) -> int | None:
        """Return when it was merged."""
        return min((f.occurred_at for f in self._facts.get(change, ()) if f.type == "change.merged"), default=None)

    def _landing(self, uri: str) -> Spot | None:
        if uri.startswith("change:") and (at := self.merged_at(uri)) is not None:
            return self.repository(uri), at, uri
        if uri.startswith("commit:") and not any(x.startswith("change:") for x in self._above.get(uri, ())):
            for fact in self._facts[uri]:
                where = fact.attributes.get("repository")
                if fact.type in COMMITS and where and fact.attributes.get("branch") in TRUNKS:
                    return where, fact.occurred_at, uri
        return None

    def _merges_as(self, commit: str) -> list[Spot]:
        became = [c for c in self._facts if commit in self._links(c, LinkKind.MERGED_AS)]
        return [(self.repository(c), at, c) for c in became if (at := self.merged_at(c)) is not None]

    def _spots(self, targets: Iterable[str]) -> Iterator[Spot]:
        for target in targets:
            built = self._links(target, LinkKind.BUILT_FROM)
            for commit in [target] if target.startswith("commit:") else built:
                merges = self._merges_as(commit)
                yield from merges
                own = [f for f in self._facts.get(commit, ()) if f.type in COMMITS]
                placed = [
                    (f.attributes["repository"], f.occurred_at, _BEYOND) for f in own if "repository" in f.attributes
                ]
                if merges or not placed:
                    continue
                yield from placed
                for uri in self._facts:
                    if uri.startswith("commit:") and commit in self._links(uri, LinkKind.PART_OF):
                        yield from self._merges_as(uri)

    def _attempt(self, uri: str) -> Attempt:
        facts = self._facts[uri]
        told = telling(uri, facts)
        ends = [o for o in told if o.fact.type.startswith("service.")]
        starts = [o for o in told if o.fact.type == "deployment.started"]
        targets = self._links(uri, LinkKind.DEPLOYS)
        artifacts = [t for t in targets if t.startswith("artifact:")]
        implied = Outcome.SUCCESS if ends and ends[0].fact.type != "service.deployed" else None
        return Attempt(
            uri=uri,
            service=self._last(uri, "service") or self._last(uri, "repository").rpartition("/")[2],
            environment=next((f.environment for f in reversed(facts) if f.environment), ""),
            site=self._last(uri, "environment_raw"),
            artifact=next((t for t in artifacts if self._links(t, LinkKind.BUILT_FROM)), next(iter(artifacts), None)),
            brought=frozenset(artifacts or targets),
            commit=next((t for t in targets if t.startswith("commit:")), None),
            started_at=starts[0].at if starts else None,
            at=ends[0].at if ends else None,
            outcome=(ends[0].fact.outcome or implied) if ends else None,
            says_back=any(f.type == "service.rolledback" or f.attributes.get("rollback") == "true" for f in facts),
            spots=list(self._spots(targets)),
            told=told,
        )

    def lane(self, own: Attempt) -> list[Attempt]:
        """Return the finished deployments of its service and environment in order."""
        same = [a for a in self.attempts if (a.service, a.environment) == (own.service, own.environment)]
        finished = [a for a in same if a.outcome not in {None, Outcome.CANCELLED}]
        return sorted(finished, key=lambda a: (a.at, a.uri))

    def site(self, own: Attempt) -> list[Attempt]:
        """Return those of them that were where it was by the tool's own word, in order."""
        return [a for a in self.lane(own) if a.site == own.site]

    def carriers(self, uri: str) -> list[Attempt]:
        """Return the deployments that carry what landed under this name, one a lane at most."""
        spot = next((s for s in self._landed if s[2] == uri), None)
        found: dict[tuple[str, str], Attempt] = {}
        for attempt in self.attempts:
            lane = (attempt.service, attempt.environment)
            if spot is None or lane in found:
                continue
            for other in self.lane(attempt):
                if other.outcome is Outcome.SUCCESS and any(s[0] == spot[0] and s[1:] >= spot[1:] for s in other.spots):
                    found[lane] = other
                    break
        return list(found.values())

    def carried(self, own: Attempt) -> list[str]:
        """Return what landed with a deployment: changes, and commits without one."""
        return sorted(s[2] for s in self._landed if own in self.carriers(s[2]))

    def is_first(self, own: Attempt) -> bool:
        """Return whether no success of its lane came before it."""
        lane = self.lane(own)
        return own in lane and not any(a.outcome is Outcome.SUCCESS for a in lane[: lane.index(own)])

    def is_first_of(self, own: Attempt, change: str) -> bool:
        """Return whether no success of its lane before it had anything of a change's repository."""
        home = next(s[0] for s in self._landed if s[2] == change)
        lane = self.lane(own)
        good = [a for a in lane[: lane.index(own)] if a.outcome is Outcome.SUCCESS]
        return not any(spot[0] == home for a in good for spot in a.spots)

    def _undone(self, own: Attempt) -> Attempt | None:
        if own.outcome is not Outcome.SUCCESS:
            return None
        past = self.site(own)[: self.site(own).index(own)]
        good = [a for a in past if a.outcome is Outcome.SUCCESS]
        lives = [a for a in good if a.brought and a.brought == own.brought]
        others = [a for a in past[past.index(lives[-1]) :] if a.brought != own.brought] if lives else []
        if others:
            return next((a for a in others if a.outcome is Outcome.SUCCESS), others[0])
        if not own.says_back or not good:
            return None
        return next(iter(past[past.index(good[-1]) + 1 :]), good[-1])

    def _hot(self, own: Attempt) -> bool:
        branches = (f.attributes.get("branch", "").lower() for c in self.carried(own) for f in self._facts[c])
        return any(b.startswith(HOT_FIXES) for b in branches)

    def _lands(self, uri: str) -> set[str]:
        changes = {x for x in self._above.get(uri, set()) | {uri} if x.startswith("change:")}
        return changes or {uri}

    def _takes_back(self, landed: str) -> set[str]:
        parts = {landed} | {x for x, wholes in self._above.items() if landed in wholes}
        told = {f.attributes.get("reverts", "") for x in parts for f in self._facts.get(x, ())} - {""}
        return {x for target in told for x in self._lands(target)}

    def taken_back(self, parts: Sequence[str]) -> Iterator[Verdict]:
        """Yield the reverts of what landed of an item's parts, and the rollbacks of production deployments of it."""
        for at, uri in ((at, uri) for _, at, uri in self._landed if uri in parts):
            pieces = {uri} | {x for x, wholes in self._above.items() if uri in wholes}
            by = {r for r, facts in self._facts.items() if any(f.attributes.get("reverts") in pieces for f in facts)}
            later = {x for r in by for x in self._lands(r)} - {uri}
            yield from (
                Verdict("reverted", t, by=frozenset({x, *(y for y, wholes in self._above.items() if x in wholes)}))
                for _, t, x in self._landed
                if x in later and t > at
            )
        for own in {a.uri: a for uri in parts for a in self.carriers(uri)}.values():
            if own.environment == self.stream.production and (backs := self._rollbacks(own)):
                yield Verdict("rolled_back", backs[0].at or 0, own.uri)

    def _rollbacks(self, own: Attempt) -> list[Attempt]:
        """Return the successes that went back from a deployment, in order."""
        lane = self.lane(own)
        later = lane[lane.index(own) + 1 :]
        return [a for a in later if a.outcome is Outcome.SUCCESS and self._undone(a) is own]

    def _row(self, own: Attempt, version: str) -> Deployment:
        carried = self.carried(own)
        found = sorted(self._evidence(own, carried), key=lambda e: (-e[1], e[0]))
        mends = self._hot(own) or any(self._takes_back(c) for c in carried)
        good = own.outcome is Outcome.SUCCESS and own.environment == self.stream.production
        return Deployment(
            value_stream=self.stream.name,
            deployment_id=own.uri,
            service=own.service,
            environment=own.environment,
            artifact=own.artifact,
            commit=own.commit,
            started_at=own.started_at,
            finished_at=own.at,
            outcome=own.outcome,
            is_rework=good and (mends or own.says_back or self._undone(own) is not None),
            caused_incident=bool(found),
            left_censored=self.is_first(own),
            change_ids=tuple(c for c in carried if c.startswith("change:")),
            attribution=found[0][0] if found else "",
            confidence=found[0][1] if found else 0.0,
            recovered_at=min((e[2] for e in found if e[2] is not None), default=None),
            definition_version=version,
        )

    def _evidence(self, own: Attempt, carried: list[str]) -> Iterator[tuple[str, float, int | None]]:
        laid = [i for i in self._incidents.values() if i[4] == own.uri]
        over = max((i[3] or 0 for i in laid), default=0) if all(i[3] is not None for i in laid) else None
        yield from ((i[5], i[6], over) for i in laid)
        lane = self.lane(own)
        if own not in lane:
            return
        later = [a for a in lane[lane.index(own) + 1 :] if a.outcome is Outcome.SUCCESS]
        if own.outcome in _BAD:
            mended = [a for a in later if a.site == own.site]
            yield "failed", 1.0, mended[0].at if mended else None
        if own.environment != self.stream.production:
            return
        if backs := self._rollbacks(own):
            yield "rollback", 1.0 if backs[0].says_back else 0.9, backs[0].at
        if own.outcome in _BAD:
            return
        taken = [a.at for a in later for c in self.carried(a) if self._takes_back(c) - {c} & set(carried) and a.at]
        if taken:
            yield "revert", 0.9, min(taken)
        if later and (later[0].at or 0) - (own.at or 0) <= HOT_FIX_WINDOW and self._hot(later[0]):
            yield "hot_fix", 0.5, later[0].at

    def _incident(self, uri: str) -> tuple[str, str, int | None, int | None, str | None, str, float]:
        """Return (service, environment, detected, resolved, deployment, attribution, confidence)."""
        facts = self._facts[uri]
        written = [s for f in facts if f.type == "incident.updated" and (s := f.attributes.get("service"))]
        service = written[-1] if written else self._last(uri, "service")
        environment = next((f.environment for f in reversed(facts) if f.environment), "")
        reports = [f.occurred_at for f in facts if f.type in {"incident.detected", "incident.reported"}]
        last = max((i for i, f in enumerate(facts) if f.type in {"incident.detected", "incident.reported"}), default=-1)
        resolved = next((f.occurred_at for f in facts[last + 1 :] if f.type == "incident.resolved"), None)
        detected = min(reports, default=None)
        known = (service, environment, detected, resolved)
        links: list[FactLink] = []
        for fact in facts:
            none_now = fact.attributes.get("cause") == "none"
            links = [x for x in fact.links if x.kind is LinkKind.CAUSED_BY] or ([] if none_now else links)
        for link in sorted(links, key=lambda x: (-x.confidence, x.uri)):
            if (blamed := self._blamed(link.uri)) is not None:
                return *known, blamed, "explicit", link.confidence
        if environment in {"", self.stream.production} and service and detected is not None:
            before = [a for a in self._live(self.attempts) if a.service == service and (a.at or 0) <= detected]
            last_one = max(before, key=lambda a: (a.at, a.uri), default=None)
            if last_one is not None and detected - (last_one.at or 0) <= ATTRIBUTION_WINDOW:
                return *known, last_one.uri, "time_and_service", 0.5
        return *known, None, "unattributed", 0.0

    def _live(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        finished = [a for a in attempts if a.outcome not in {None, Outcome.CANCELLED}]
        return [a for a in finished if a.environment == self.stream.production]

    def _blamed(self, target: str) -> str | None:
        if target.startswith("deployment:"):
            return target
        changes = [target] if target.startswith("change:") else []
        direct = []
        if target.startswith(("commit:", "artifact:")):
            changes = [c for c in self._facts if target in self._links(c, LinkKind.MERGED_AS)]
            direct = [a for a in self.attempts if target in self._links(a.uri, LinkKind.DEPLOYS)]
        found = self._live([*direct, *(a for c in changes for a in self.carriers(c))])
        return min(found, key=lambda a: (a.at, a.uri)).uri if found else None
