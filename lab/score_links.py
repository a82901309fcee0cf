"""Scores how things hang together: of the links that events carry, which are right, and what is right that none says.

| method | what is looked at | what is right |
|---|---|---|
| `key_in_branch`, `_title`, `_message` | a ticket that a change or a commit of it names | the change was made for it |
| `commit` | a change's commits, two commits, a deployment's | of one change; what was deployed |
| `digest` | the image that a deployment brought | built from the deployed commit |
| `explicit` | what an incident names as its cause | it caused it |
| `time_and_service` | the deployment that an incident is laid to | it caused it |

A name that means nothing in the stream (`UTF-8`, a commit of manifests) is no link. Of what is true, a method reaches
what its own links say: the tickets of changes that have a pull request; commits, where a way of right links leads to
their change; what finished deployments brought, where the tool tells it this way; the causes of incidents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Final

from msgspec import Struct

from lab.announcing import digest_of
from lab.score_rows import Measured, ScoreRow
from lab.truth import TrueDeployment, TrueIncident, Truth
from schemas.identity import artifact_uri, commit_uri

LINKS: Final = (
    "SELECT DISTINCT value_stream, subject_id, tupleElement(link, 'uri') AS uri, tupleElement(link, 'kind') AS kind, "
    "tupleElement(link, 'method') AS method, tupleElement(link, 'confidence') AS confidence "
    "FROM vsm.flow_events_current ARRAY JOIN links AS link"
)
"""The query that reads what events say of how things hang together."""

LAID: Final = (
    "SELECT value_stream, incident_id, deployment_id, confidence FROM vsm.incidents_current "
    "WHERE attribution = 'time_and_service'"
)
"""The query that reads what incidents are laid to by time and service."""

KEYS: Final = ("key_in_branch", "key_in_title", "key_in_message")
METHODS: Final = (*KEYS, "commit", "digest", "explicit", "time_and_service")
Pair = tuple[str, str, str]
"""(value stream, subject, target)."""


class Found(Struct, frozen=True):
    """What links of one method say (each pair once), what of it is right, what is true, and what of that it reaches."""

    said: Mapping[Pair, float]
    right: frozenset[Pair]
    true: frozenset[Pair]
    reached: frozenset[Pair]


class MethodScore(Struct, frozen=True, kw_only=True):
    """How often a method is right, and how much of what is true it reaches; None of none.

    `confidence` is the mean that its links carry.
    """

    said: int
    right: int
    true: int
    reached: int
    precision: float | None
    recall: float | None
    confidence: float | None


def score_links(truth: Truth, measured: Measured) -> tuple[list[ScoreRow], dict[str, Found]]:
    """Return the comparisons of a run, exact ones, and what each method found."""
    world = _World(truth, measured)
    found = {method: world.by_key(method) for method in KEYS}
    found |= {method: world.by_method(method) for method in METHODS if method not in found}
    return list(world.rows(found)), found


def method_scores(runs: Sequence[Mapping[str, Found]]) -> dict[str, MethodScore]:
    """Return the score of each method over several runs."""
    return {method: _scored([run[method] for run in runs]) for method in METHODS}


def _scored(found: Sequence[Found]) -> MethodScore:
    said, right, true, reached = (
        sum(len(getattr(one, name)) for one in found) for name in ("said", "right", "true", "reached")
    )
    confidences = [confidence for one in found for confidence in one.said.values()]
    return MethodScore(
        said=said, right=right, true=true, reached=reached,
        precision=right / said if said else None,
        recall=reached / true if true else None,
        confidence=fmean(confidences) if confidences else None,
    )  # fmt: skip


class _World:
    """What the organisation knows, looked up by what links name; and what the links of a run say."""

    def __init__(self, truth: Truth, measured: Measured) -> None:
        self._links = measured.query(LINKS)
        self._laid = measured.query(LAID)
        self._streams = tuple(truth.streams)
        self._deployers = {name: stream.deployer for name, stream in truth.streams.items()}
        self._origins = {(o.value_stream, o.change_id): o for o in truth.origins}
        self._tickets = {
            (i.value_stream, i.item_id.rpartition("/")[2]): i.item_id for i in truth.items if i.item_id[:7] == "ticket:"
        }
        self._deployments = {(d.value_stream, d.deployment_id): d for d in truth.deployments}
        self._incidents = {(i.value_stream, i.incident_id): i for i in truth.incidents}
        self._change_of = {
            (s, x): change for (s, change), o in self._origins.items() for x in (change, *_uris(o.commits))
        }

    def by_key(self, method: str) -> Found:
        """Return which tickets changes and their commits name by this method."""
        said: dict[Pair, float] = {}
        for link in self._links:
            stream = link["value_stream"]
            change = self._change_of.get((stream, link["subject_id"]))
            ticket = self._tickets.get((stream, link["uri"].rpartition("/")[2]))
            if link["method"] == method and change and ticket and link["uri"].startswith("ticket:"):
                said[stream, change, ticket] = link["confidence"]
        right = frozenset(pair for pair in said if pair[2] in self._origins[pair[:2]].tickets)
        true = self._true_tickets()
        return Found(said, right, true, right & true)

    def _true_tickets(self) -> frozenset[Pair]:
        return frozenset((*at, ticket) for at, o in self._origins.items() if o.opened for ticket in o.tickets)

    def by_method(self, method: str) -> Found:
        """Return what other links say by this method."""
        said: dict[Pair, float] = {}
        if method == "time_and_service":
            said = {(x["value_stream"], x["incident_id"], x["deployment_id"]): x["confidence"] for x in self._laid}
        for link in self._links:
            pair = link["value_stream"], link["subject_id"], link["uri"]
            if link["method"] == method and self._means(link["kind"], pair):
                said[pair] = link["confidence"]
        right = frozenset(pair for pair in said if self._is_right(pair))
        if method == "commit":
            true = self._brought(method) | self._true_commits()
            return Found(said, right, true, (right & self._brought(method)) | self._connected(right))
        if method == "digest":
            return Found(said, right, self._brought(method), right & self._brought(method))
        true = frozenset((*at, i.deployment_id or "") for at, i in self._incidents.items() if _has_cause(i))
        causes = {(s, i, self._incidents[s, i].deployment_id or "") for s, i, _ in right if (s, i) in self._incidents}
        return Found(said, right, true, true & causes)

    def _means(self, kind: str, pair: Pair) -> bool:
        """Return whether a link is of a kind that is scored, and both its ends are something in the stream."""
        stream, subject, target = pair
        match kind:
            case "caused_by":
                return (stream, subject) in self._incidents
            case "deploys":
                return target.startswith("artifact:") or (stream, target) in self._change_of
            case "part_of" | "contains" | "merged_as":
                return (stream, subject) in self._change_of and (stream, target) in self._change_of
            case _:
                return False

    def _is_right(self, pair: Pair) -> bool:
        stream, subject, target = pair
        if (incident := self._incidents.get((stream, subject))) is not None:
            cause = self._deployments.get((stream, incident.deployment_id or ""))
            brought = artifact_uri(digest_of(cause.commit)) if cause is not None else None
            return _has_cause(incident) and target in {incident.deployment_id, brought}
        if (deployment := self._deployments.get((stream, subject))) is not None:
            return target in {commit_uri(deployment.commit), artifact_uri(digest_of(deployment.commit))}
        change = self._change_of.get((stream, subject))
        return change is not None and change == self._change_of.get((stream, target))

    def _brought(self, method: str) -> frozenset[Pair]:
        """Return what finished deployments truly brought, of those whose tool tells it by this method."""
        told = [(at, d) for at, d in self._deployments.items() if d.finished_at and self._told_by(d) == method]
        if method == "commit":
            return frozenset((*at, commit_uri(d.commit)) for at, d in told)
        return frozenset((*at, artifact_uri(digest_of(d.commit))) for at, d in told)

    def _told_by(self, deployment: TrueDeployment) -> str:
        """Return by which method the stream's tool tells what a deployment brought."""
        match self._deployers[deployment.value_stream]:
            case "github":
                return "commit"
            case "argocd":
                return "commit" if deployment.service.endswith("api") else "digest"
            case _:
                return "digest"

    def _true_commits(self) -> frozenset[Pair]:
        return frozenset((*at, x) for at, o in self._origins.items() if o.opened for x in _uris(o.commits))

    def _connected(self, right: frozenset[Pair]) -> frozenset[Pair]:
        """Return each change with those of its commits that a way of right links leads to."""
        beside: dict[tuple[str, str], set[str]] = {}
        for stream, one, other in right:
            beside.setdefault((stream, one), set()).add(other)
            beside.setdefault((stream, other), set()).add(one)
        found: set[Pair] = set()
        for stream, change, _ in self._true_commits():
            ahead, seen = [change], {change}
            while ahead:
                new = beside.get((stream, ahead.pop()), set()) - seen
                seen |= new
                ahead += [x for x in new if self._change_of.get((stream, x)) == change]
            found |= {(stream, change, x) for x in seen}
        return frozenset(found) & self._true_commits()

    def rows(self, found: Mapping[str, Found]) -> Iterator[ScoreRow]:
        """Yield the comparisons: all that can be known is found, and nothing wrong but what was planted."""
        said = {pair for method in KEYS for pair in found[method].said}
        right = {pair for method in KEYS for pair in found[method].right}
        planted = {(*at, ticket) for at, o in self._origins.items() for ticket in o.mistaken}
        unopened = {pair for pair in right if not self._origins[pair[:2]].opened}
        yield from self._compared("changes' tickets", self._true_tickets(), right - unopened)
        yield from self._compared("tickets named by mistake", planted, said - right)
        for method in ("commit", "digest"):
            wrong = found[method].said.keys() - found[method].right
            yield from self._compared(f"what a {method} tells", found[method].true, found[method].reached | wrong)
        known = {at: i for at, i in self._incidents.items() if i.attribution != "unattributed"}
        causes = {(*at, i.deployment_id or "") for at, i in known.items() if not i.innocent}
        blamed = {(*at, i.deployment_id or "") for at, i in known.items() if i.innocent}
        laid = [found[method] for method in ("explicit", "digest", "time_and_service")]
        wrong = found["explicit"].said.keys() - found["explicit"].right
        reached = {pair for one in laid for pair in one.reached} & causes
        yield from self._compared("causes of incidents", causes, reached | wrong)
        by_time = found["time_and_service"]
        yield from self._compared("innocent deployments", blamed, by_time.said.keys() - by_time.right)

    def _compared(
        self, what: str, expected: frozenset[Pair] | set[Pair], found: set[Pair] | frozenset[Pair]
    ) -> Iterator[ScoreRow]:
        for stream in self._streams:
            true, seen = ({p for p in pairs if p[0] == stream} for pairs in (expected, found))
            missing, extra = len(true - seen), len(seen - true)
            told = f"{len(true & seen)} the same" + f", {missing} missing" * bool(missing)
            yield ScoreRow(
                group="links", value_stream=stream, what=what, expected=str(len(true)),
                measured=told + f", {extra} too many" * bool(extra), allowed="exactly", n=len(true),
                met=not missing and not extra,
            )  # fmt: skip


def _uris(hashes: Sequence[str]) -> list[str]:
    return [commit_uri(sha) for sha in hashes]


def _has_cause(incident: TrueIncident) -> bool:
    return incident.deployment_id is not None and not incident.innocent
