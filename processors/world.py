"""One stream's facts with every index that derivations read, the same for any order of arrival.

Nothing here is derived for others to see: entities and their links (`trace`), deployments against merges (`lanes`) and
incidents by service. Everything follows from the records, so setting a record and setting it back leaves no trace.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from typing import Final

from processors.facts import TRUNKS, Fact
from processors.lanes import Lanes
from processors.links import ASIDE, Reading
from processors.pages import Records
from processors.rollouts import COMMITS, MERGED, Landing, merged_at, repository_of, rollout
from processors.steps import Plan
from processors.trace import Trace
from schemas.definition import ValueStream
from schemas.event import LinkKind
from schemas.identity import entity_kind

DETECTIONS: Final = frozenset({"incident.detected", "incident.reported"})
"""The types that begin an incident."""

CORRECTION: Final = "incident.updated"
"""The type that corrects what is known of an incident."""


class World:
    """The records of one stream and their indexes; memory only, changed in place."""

    def __init__(self, stream: ValueStream, records: Records | None = None) -> None:
        """Start empty, or with records to be indexed: the relations of all, then `index` for what has a place."""
        self.stream = stream
        self.plan = Plan(stream.steps)
        self.trace = Trace(records)
        self.lanes = Lanes()
        self._readers: dict[str, frozenset[str]] = {}
        self._shape = 0
        self._landed: dict[str, tuple[str, Landing]] = {}
        self._detected: dict[str, list[tuple[int, str]]] = {}
        self._incidents: dict[str, tuple[str, int]] = {}

    def put(self, uri: str, record: bytes | None, within: Iterable[str]) -> None:
        """Set an entity's record; `within` holds every entity whose membership may change with it."""
        stale = {d for x in within for d in self.deployments_reading(x)}
        self.trace.put(uri, record)
        self.refresh(within, stale)

    def refresh(self, within: Iterable[str], stale: Iterable[str] = ()) -> None:
        """Bring the indexes up to date with what is known of these entities, and these deployments."""
        for uri in within:
            self._land(uri)
            if entity_kind(uri) == "incident":
                self._detect(uri)
        for uri in {*stale, *(d for x in within for d in self.deployments_reading(x))}:
            known = rollout(self.trace, uri)
            if known != self.lanes.rollouts.get(uri):
                self.lanes.put(uri, known)

    def index(self, uris: Iterable[str]) -> None:
        """Index the entities of all records that have a place of their own, the relations of all being told."""
        for uri in uris:
            self._land(uri)
            match entity_kind(uri):
                case "incident":
                    self._detect(uri)
                case "deployment":
                    self.lanes.put(uri, rollout(self.trace, uri))

    def forget(self) -> None:
        """Let go of what was found lately."""
        self.trace.forget()
        self._readers.clear()

    def landing(self, uri: str) -> tuple[str, Landing] | None:
        """Return where a change (or a commit without one) landed: its repository and place; None if it did not."""
        return self._landed.get(uri)

    def detected(self, service: str, start: int, end: int) -> list[str]:
        """Return the incidents of a service detected in [start, end], microseconds UTC, in order."""
        found = self._detected.get(service, [])
        return [uri for _, uri in found[bisect_left(found, (start, "")) : bisect_right(found, (end + 1, ""))]]

    def deployments_reading(self, uri: str) -> frozenset[str]:
        """Return the deployments whose place among the merges depends on an entity (itself, if it is one)."""
        if self._shape != self.trace.shape:
            self._shape = self.trace.shape
            self._readers.clear()
        found = self._readers.get(uri)
        if found is None:
            found = self._readers[uri] = frozenset(self._find_readers(uri))
        return found

    def _find_readers(self, uri: str) -> Iterable[str]:
        kind = entity_kind(uri)
        if kind == "deployment":
            return {uri}
        if kind == "artifact" or not self.trace.known("deployed"):
            return self.trace.related("deployed", uri)
        if kind not in {"commit", "change"}:
            return ()
        commits = {uri} if kind == "commit" else self.merge_commits(uri)
        heads = {x.uri for c in commits for f in self.trace.facts(c) for x in f.links if x.kind is LinkKind.PART_OF}
        commits |= {h for h in heads if entity_kind(h) == "commit"}
        lower = {x for c in commits for x in self.trace.related("lower", c)}
        targets = commits | {x for x in lower if entity_kind(x) == "artifact"}
        return {d for t in targets for d in self.trace.related("deployed", t)}

    def merge_commits(self, change: str) -> set[str]:
        """Return the commits that a change became on its target branch."""
        return {x.uri for f in self.trace.facts(change) for x in f.links if x.kind is LinkKind.MERGED_AS}

    def lands(self, uri: str) -> set[str]:
        """Return what a change or commit gets to production as: the changes it is part of, else itself."""
        return self.trace.changes_of(uri) or {uri}

    def reverted_by(self, landed: str) -> set[str]:
        """Return what a change (or commit without one) takes back, each as it landed."""
        return {x for target in self.named_by_reverts(landed) for x in self.lands(target)}

    def named_by_reverts(self, landed: str) -> set[str]:
        """Return what a change (or commit without one) says that it takes back, by the names it gives."""
        if not self.trace.known("reverted"):
            return set()
        told = (f.attributes.get("reverts") for x in self.trace.below(landed) for f in self.trace.facts(x))
        return {target for target in told if target}

    def reverting(self, landed: str) -> set[str]:
        """Return what takes back a change (or commit without one) or a part of it, each as it landed."""
        if not self.trace.known("reverted"):
            return set()
        by = {r for x in self.trace.below(landed) for r in self.trace.related("reverted", x)}
        return {x for r in by for x in self.lands(r)} - {landed}

    def _land(self, uri: str) -> None:
        new = self._find_landing(uri)
        old = self._landed.get(uri)
        if old == new:
            return
        if old is not None:
            self.lanes.unmerge(*old)
            del self._landed[uri]
        if new is not None:
            self.lanes.merge(*new)
            self._landed[uri] = new

    def _find_landing(self, uri: str) -> tuple[str, Landing] | None:
        match entity_kind(uri):
            case "change":
                at = merged_at(self.trace, uri)
                return None if at is None else (repository_of(self.trace, uri), (at, uri))
            case "commit":
                return self._landing_of_commit(uri)
            case _:
                return None

    def _landing_of_commit(self, uri: str) -> tuple[str, Landing] | None:
        for fact in self.trace.facts(uri):
            repository = fact.attributes.get("repository")
            if fact.type in COMMITS and repository and fact.attributes.get("branch") in TRUNKS:
                return None if self.trace.changes_of(uri) else (repository, (fact.occurred_at, uri))
        return None

    def _detect(self, uri: str) -> None:
        old = self._incidents.pop(uri, None)
        if old is not None:
            found = self._detected[old[0]]
            del found[bisect_left(found, (old[1], uri))]
        facts = self.trace.facts(uri)
        service = service_of_incident(facts)
        at = min((f.occurred_at for f in facts if f.type in DETECTIONS), default=None)
        if at is not None and service:
            insort(self._detected.setdefault(service, []), (at, uri))
            self._incidents[uri] = (service, at)


def has_place(uri: str, reading: Reading) -> bool:
    """Return whether an entity may have a place in an index: it is a deployment or an incident, or has landed."""
    match entity_kind(uri):
        case "change":
            return any(f.type == MERGED for f in reading.plausible)
        case "commit":
            return ("landed", uri, uri) in reading.edges
        case kind:
            return kind in ASIDE


def service_of_incident(facts: Sequence[Fact]) -> str:
    """Return the service that an incident is of: the latest that corrects it, else the latest told; '' without any.

    What a tool says of an incident's service at every turn says less than what somebody wrote down about this one.
    """
    told = [(f.type, service) for f in facts if (service := f.attributes.get("service"))]
    corrected = [service for kind, service in told if kind == CORRECTION]
    return (corrected or [service for _, service in told] or [""])[-1]
