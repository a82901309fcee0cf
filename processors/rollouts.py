"""What one deployment did, read from its facts: a rollout; and where the commits it brought stand among the merges.

The notifications of one attempt are one deployment, whoever sent them and however often: it began with its first start,
and it came out as its latest finish says, at the first of the finishes in a row that say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from processors.facts import Fact
from processors.steps import Observation, observations
from processors.trace import Trace
from schemas.event import LinkKind, Outcome
from schemas.identity import entity_kind

FINISHES: Final = frozenset({"service.deployed", "service.upgraded", "service.rolledback"})
"""The types that end a deployment; that a service can be reached (`service.published`) ends none."""

COMMITS: Final = frozenset({"commit.created", "commit.landed"})
"""The types that say where and when a commit was made."""

MERGED: Final = "change.merged"
"""The type that lands a change."""

_BEGINS: Final = frozenset({"deployment.queued", "deployment.started"})
_LAST: Final = "\U0010ffff"
"""Sorts after every uri."""

Landing = tuple[int, str]
"""A place in the order of a repository's merges: (merged at, change), or (a time, after every change of that time)."""


class Rollout(Struct, frozen=True, kw_only=True, gc=False):
    """One deployment. Times are microseconds UTC, None unknown.

    `targets` are the artifacts and commits it brought, sorted; `artifact` and `commit` the one of each that stands for
    them. `landings` says for each repository up to where its merges are in it. `rolled_back`: the tool itself says that
    it went back. `site` is the tool's own word for where in the environment it was, '' where that says no more.
    """

    uri: str
    service: str
    environment: str
    site: str = ""
    targets: tuple[str, ...] = ()
    artifact: str | None = None
    commit: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    outcome: Outcome | None = None
    rolled_back: bool = False
    landings: tuple[tuple[str, Landing], ...] = ()

    @property
    def version(self) -> str | None:
        """What it brought: all its artifacts, else its commits, in one text; None unknown.

        One of several would not do: beside an image that never changes the others would seem not to either.
        """
        artifacts = [t for t in self.targets if entity_kind(t) == "artifact"]
        return " ".join(artifacts or self.targets) or None

    @property
    def place(self) -> tuple[int, str]:
        """Return where it stands in the order of its lane; only for a finished one."""
        return self.finished_at or 0, self.uri

    @property
    def succeeded(self) -> bool:
        """Whether it finished well."""
        return self.outcome is Outcome.SUCCESS

    @property
    def counts(self) -> bool:
        """Whether it finished, well or badly; a cancelled one never happened."""
        return self.outcome is not None and self.outcome is not Outcome.CANCELLED


def telling(uri: str, facts: Sequence[Fact]) -> list[Observation]:
    """Return the facts that speak for the whole deployment: its first queue, its first start, its finish."""
    seen = observations(uri, facts)
    told: dict[str, Observation] = {}
    for observation in seen:
        if observation.fact.type in _BEGINS:
            told.setdefault(observation.fact.type, observation)
    finishes = [o for o in seen if _outcome(o.fact) is not None]
    if finishes:
        last = finishes[-1]
        for observation in reversed(finishes):
            if _outcome(observation.fact) is not _outcome(last.fact):
                break
            last = observation
        told["finish"] = last
    return list(told.values())


def _outcome(fact: Fact) -> Outcome | None:
    """Return how a finish came out; but for `service.deployed` a finish that does not say is a success."""
    if fact.type not in FINISHES:
        return None
    if fact.outcome is None and fact.type != "service.deployed":
        return Outcome.SUCCESS
    return fact.outcome


def rollout(trace: Trace, uri: str) -> Rollout | None:
    """Return the deployment of this name, None if nothing is known of it."""
    facts = trace.facts(uri)
    if not facts:
        return None
    told = {("finish" if o.fact.type in FINISHES else o.fact.type): o for o in telling(uri, facts)}
    start, end = told.get("deployment.started"), told.get("finish")
    targets = sorted({x.uri for f in facts for x in f.links if x.kind is LinkKind.DEPLOYS})
    return Rollout(
        uri=uri,
        service=_latest(f.attributes.get("service") for f in facts) or _repository_name(facts),
        environment=_latest(f.environment for f in facts) or "",
        site=_latest(f.attributes.get("environment_raw") for f in facts) or "",
        targets=tuple(targets),
        artifact=_known_first(trace, [t for t in targets if entity_kind(t) == "artifact"]),
        commit=next((t for t in targets if entity_kind(t) == "commit"), None),
        started_at=start.at if start is not None else None,
        finished_at=end.at if end is not None else None,
        outcome=_outcome(end.fact) if end is not None else None,
        rolled_back=any(f.type == "service.rolledback" or f.attributes.get("rollback") == "true" for f in facts),
        landings=_landings(trace, targets),
    )


def _known_first(trace: Trace, artifacts: Sequence[str]) -> str | None:
    """Return the first artifact of which it is known what it was built from, else the first."""
    return next((a for a in artifacts if commits_in(trace, a)), artifacts[0] if artifacts else None)


def _latest(texts: Iterable[str | None]) -> str | None:
    told = [text for text in texts if text]
    return told[-1] if told else None


def _repository_name(facts: Sequence[Fact]) -> str:
    return (_latest(f.attributes.get("repository") for f in facts) or "").rpartition("/")[2]


def commits_in(trace: Trace, target: str) -> set[str]:
    """Return the commits that a deployed thing holds by name: itself, or what the artifact was built from."""
    if entity_kind(target) == "commit":
        return {target}
    return {x.uri for f in trace.facts(target) for x in f.links if x.kind is LinkKind.BUILT_FROM}


def _landings(trace: Trace, targets: Iterable[str]) -> tuple[tuple[str, Landing], ...]:
    furthest: dict[str, Landing] = {}
    for commit in (c for target in targets for c in commits_in(trace, target)):
        for repository, landing in commit_landings(trace, commit):
            furthest[repository] = max(landing, furthest.get(repository, landing))
    return tuple(sorted(furthest.items()))


def commit_landings(trace: Trace, commit: str) -> list[tuple[str, Landing]]:
    """Return where a commit stands among the merges of its repository: [] if that cannot be known.

    As the merge commit of a change, where that change was merged; else after all that was merged by its own time, and
    by the merges pushed with it.
    """
    merged = [(repository_of(trace, c), (at, c)) for c in merged_as(trace, commit) if (at := merged_at(trace, c))]
    if merged:
        return merged
    facts = [f for f in trace.facts(commit) if f.type in COMMITS]
    found = [(r, (f.occurred_at, _LAST)) for f in facts if (r := f.attributes.get("repository"))]
    if not found:
        return []
    pushed = [c for c in trace.related("lower", commit) if entity_kind(c) == "commit"]
    return found + [
        (repository_of(trace, c), (at, c)) for p in pushed for c in merged_as(trace, p) if (at := merged_at(trace, c))
    ]


def merged_as(trace: Trace, commit: str) -> list[str]:
    """Return the changes that became this commit on their target branch."""
    return sorted(
        change
        for change in trace.related("upper", commit)
        if any(x.uri == commit and x.kind is LinkKind.MERGED_AS for f in trace.facts(change) for x in f.links)
    )


def merged_at(trace: Trace, change: str) -> int | None:
    """Return when a change was merged, None if it was not."""
    for fact in trace.facts(change):
        if fact.type == MERGED:
            return fact.occurred_at
    return None


def repository_of(trace: Trace, change: str) -> str:
    """Return the repository of a change: as its facts say, else as its name does."""
    told = _latest(f.attributes.get("repository") for f in trace.facts(change) if f.attributes)
    return told or change.removeprefix("change:").rpartition("/")[0]
