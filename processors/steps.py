"""How rules make visits: one item's facts in the order of time run through the steps of its value stream.

Per fact: first whatever came back for correction goes forward again, then all steps' finishes, then queues and starts,
then blocked and unblocked, then returns; within each, in the order of the steps.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final, cast

from msgspec import Struct, field

from processors.facts import FROM_STATE, Fact
from schemas.definition import Rule, Step
from schemas.derived import BRIDGED, EVIDENCE, SENT_BACK
from schemas.event import ActorClass, FlowEvent, Outcome
from schemas.identity import entity_kind

_CLAMPED: Final = 1 << 62
"""Sorts after every order that a tool gives."""

_FIELDS: Final = frozenset(FlowEvent.__struct_fields__)
_KEPT_ASIDE: Final = frozenset({"tool", "source", "subject_id"})
_ONE_LIFE: Final = {"queued": 0, "started": 1, "finished": 2, "deployed": 2, "upgraded": 2, "rolledback": 2}
_BAD: Final = frozenset({Outcome.FAILURE, Outcome.ERROR})
_FAILED: Final = {
    "pipelinerun.finished": "failed_build", "build.finished": "failed_build", "testsuiterun.finished": "failed_test",
}  # fmt: skip
"""What a bad end of these is evidence of."""
_BY_REVIEW: Final = "changes_requested"
_RETURNED: Final = {
    "testsuiterun": "failed_test", "testcaserun": "failed_test", "pipelinerun": "failed_build", "build": "failed_build",
    "ticket": "reopened",
}  # fmt: skip
"""What it is evidence of that work goes back, by the family of the fact that sends it; of others, changes requested."""
_MANY_LIVES: Final = frozenset({"ticket", "change", "commit", "activity"})


class Observation(Struct, frozen=True, gc=False):
    """One fact as an item sees it: of which entity, and when.

    `at` is microseconds UTC, later than the fact's own time where a clock was skewed.
    """

    fact: Fact
    subject: str
    at: int
    skewed: bool = False

    def place(self) -> tuple[int, int, int, bytes]:
        """Return the sort key: as the fact's, at the time it is seen at; a clamped one after what it was clamped to."""
        order = _CLAMPED if self.skewed else self.fact.order or 0
        return self.at, order, self.fact.rank, self.fact.packed_id


class Visit(Struct, kw_only=True):
    """One stay of the item in a step while it is being written. Times are microseconds UTC, None unknown.

    `before` is the item's latest finish of any step at or before the visit's begin; `explicit` says that a fact queued
    it; `blocks` are the spans in which it was flagged blocked, the last one open (None) while it still is. `started_by`
    is the class of who started it, `worker` the account (see `Fact.who`), 0 unknown: whoever sends work back does not
    work on it. `verdict` is (when, which of `EVIDENCE`) it was first judged not complete and accurate.
    """

    step: str
    number: int
    subject: str
    before: int | None
    explicit: bool = False
    queued: int | None = None
    started: int | None = None
    finished: int | None = None
    outcome: str | None = None
    skewed: bool = False
    started_by: ActorClass | None = None
    worker: int = 0
    verdict: tuple[int, int] | None = None
    blocks: list[tuple[int, int | None]] = field(default_factory=list)

    @property
    def began(self) -> int:
        """When the visit was first seen, whichever boundary that is."""
        first = self.queued if self.queued is not None else self.started
        return first if first is not None else self.finished or 0

    @property
    def evidence(self) -> str:
        """The first evidence that it was not complete and accurate, '' for none."""
        return "" if self.verdict is None else EVIDENCE[self.verdict[1]]

    def judge(self, evidence: str, at: int) -> None:
        """Find it not complete and accurate; the earliest judgement stands, of one instant the first in `EVIDENCE`."""
        verdict = at, EVIDENCE.index(evidence)
        self.verdict = verdict if self.verdict is None else min(verdict, self.verdict)


class Failure(Struct, frozen=True):
    """A build or test run that failed: what that is evidence of, when, and the visits that its fact closed."""

    evidence: str
    at: int
    closed: tuple[Visit, ...]


class Walk(Struct, frozen=True):
    """An item's visits in the order they opened, and what failed on the way in the order of time."""

    visits: list[Visit]
    failures: list[Failure]


def observations(subject: str, facts: Iterable[Fact]) -> list[Observation]:
    """Return an entity's facts as seen by its items.

    What lives only once (a run, a deployment) cannot start before it was queued or finish before it started: there a
    time is clamped to its predecessor's and marked skewed. Tickets, changes and commits go back and forth as they like.
    """
    if entity_kind(subject) in _MANY_LIVES:
        return [Observation(f, subject, f.occurred_at) for f in facts]
    reached: dict[tuple[str, int], int] = {}
    staged = [(f, _stage(f)) for f in facts]
    for fact, stage in staged:
        if stage is not None:
            reached[stage] = min(fact.occurred_at, reached.get(stage, fact.occurred_at))
    seen = []
    for fact, stage in staged:
        earlier = [
            at for (family, n), at in reached.items() if stage is not None and family == stage[0] and n < stage[1]
        ]
        at = max([fact.occurred_at, *earlier])
        seen.append(Observation(fact, subject, at, at > fact.occurred_at))
    return seen


def _stage(fact: Fact) -> tuple[str, int] | None:
    family, _, predicate = fact.type.partition(".")
    number = _ONE_LIFE.get(predicate)
    return None if number is None else ("deployment" if family == "service" else family, number)


def value_of(fact: Fact, name: str) -> str | None:
    """Return a field's or attribute's text, as rules compare it; None where there is none."""
    if name in _FIELDS and name not in _KEPT_ASIDE:
        value = getattr(fact, name, None)
        return None if value is None else str(value)
    return fact.attributes.get(name)


def matches(rule: Rule | None, fact: Fact) -> bool:
    """Return whether a fact is one the rule speaks of, `first` left aside; no rule matches nothing."""
    return rule is not None and fact.type in rule.on and _means(rule, fact)


def _means(rule: Rule, fact: Fact) -> bool:
    """Return whether a rule speaks of a fact that is of one of its types."""
    return (not rule.by or fact.actor_class in rule.by) and (
        not rule.where or all(value_of(fact, name) in wanted for name, wanted in rule.where.items())
    )


_RULES: Final = ("queue", "start", "finish", "returned", "blocked", "unblocked")
RuleName = tuple[str, str]
"""The step and which of its rules."""
Matched = Mapping[str, Container[str]]
"""By step, in the order of steps: the names of its rules that one fact matches."""


class Plan:
    """The steps of a stream, looked up by the types of facts that their rules speak of."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self.before = dict(zip((s.name for s in steps[1:]), (s.name for s in steps), strict=False))
        self.by_name = {s.name: s for s in steps}
        self.order = {s.name: i for i, s in enumerate(steps)}
        self.owners = {s.name: s.owner for s in steps}
        self.is_owned = any(self.owners.values())
        self._rules: dict[str, list[_RuleOfStep]] = {}
        for step in steps:
            for name in _RULES:
                rule: Rule | None = getattr(step, name)
                for event_type in dict.fromkeys(rule.on) if rule is not None else ():
                    self._rules.setdefault(event_type, []).append(_rule_of_step(step, name, cast("Rule", rule)))
        self._by_status = [s for s in steps if s.status]

    def match(self, fact: Fact, spent: set[RuleName]) -> Matched:
        """Return what the fact matches, {} for nothing; `spent` are the rules on a first fact that have had theirs."""
        event_type = fact.type
        found: dict[str, set[str]] = {}
        for of_step in self._rules.get(event_type, ()):
            if not spent.isdisjoint(of_step.unless) or not _means(of_step.rule, fact):
                continue
            step, name = of_step.name
            found.setdefault(step, set()).add(name)
            if of_step.rule.first:
                spent.add(of_step.name)
        if self._by_status and event_type.startswith("ticket."):
            for by_status in self._by_status:
                found.setdefault(by_status.name, set()).update(_status(by_status.status, fact))
            return {s.name: found[s.name] for s in self.steps if found.get(s.name)}
        return found


class _RuleOfStep(Struct, frozen=True, gc=False):
    """A rule with its name, and the rules on a first fact after which it matches nothing any more."""

    rule: Rule
    name: RuleName
    unless: tuple[RuleName, ...] = ()


def _rule_of_step(step: Step, name: str, rule: Rule) -> _RuleOfStep:
    """Return a rule of a step: one on a first fact has its own once, and begins nothing whose end has been."""
    own = step.name, name
    if not rule.first:
        return _RuleOfStep(rule, own)
    begins_too_late = name in {"queue", "start"} and step.finish is not None and step.finish.first
    return _RuleOfStep(rule, own, (own, (step.name, "finish")) if begins_too_late else (own,))


def walk(plan: Plan, seen: Iterable[Observation]) -> Walk:
    """Return the item's visits and what failed on the way; none of either for no facts."""
    walker = _Walker(plan)
    for observation in sorted(seen, key=Observation.place):
        walker.see(observation)
    return Walk(walker.visits, walker.failures)


class _Walker:
    """The visits so far, what is open, and which visits the fact at hand has closed."""

    def __init__(self, plan: Plan) -> None:
        self.visits: list[Visit] = []
        self.failures: list[Failure] = []
        self._closed: list[Visit] = []
        self._plan = plan
        self._open: dict[str, Visit] = {}
        self._latest: dict[str, Visit] = {}
        self._spent: set[RuleName] = set()
        self._sent_from: dict[str, str] = {}
        self._last_finish: int | None = None

    def see(self, seen: Observation) -> None:
        """Take the next fact."""
        matched = self._plan.match(seen.fact, self._spent)
        if self._closed:
            self._closed.clear()
        if self._sent_from and matched:
            self._go_forward_again(matched, seen)
        if matched:
            self._take_turns(matched, seen)
        bad = seen.fact.outcome is not None and seen.fact.outcome in _BAD
        if bad and (evidence := _FAILED.get(seen.fact.type)) is not None:
            self.failures.append(Failure(evidence, seen.at, tuple(self._closed)))

    def _take_turns(self, matched: Matched, seen: Observation) -> None:
        by_name = self._plan.by_name
        for step, rules in matched.items():
            if "finish" in rules:
                self._finish(by_name[step], seen)
        for step, rules in matched.items():
            if "queue" in rules or "start" in rules:
                self._begin(by_name[step], rules, seen)
        for step, rules in matched.items():
            if "blocked" in rules or "unblocked" in rules:
                self._block(by_name[step], rules, seen)
        for step, rules in matched.items():
            if "returned" in rules:
                self._send_back(by_name[step], seen)

    def _go_forward_again(self, matched: Matched, seen: Observation) -> None:
        """End corrections by the next fact that their receiver sees, unless the correcting step finishes by itself."""
        for step in self._plan.steps:
            receiver = self._sent_from.get(step.name)
            if receiver is None or "finish" in matched.get(step.name, ()):
                continue
            if any(rule in matched.get(receiver, ()) for rule in ("queue", "start", "finish")):
                self._close(step.name, seen)
                if receiver not in self._open:
                    self._open_visit(receiver, seen).queued = seen.at
        self._closed.clear()

    def _finish(self, step: Step, seen: Observation) -> None:
        if step.name in self._open:
            self._close(step.name, seen).outcome = BRIDGED if _was_left(step, seen.fact) else _outcome(seen.fact)
        elif seen.fact.type not in _begins(step):
            visit = self._open_visit(step.name, seen)
            visit.queued = self._last_finish if step.queue is None else None
            self._close(step.name, seen).outcome = _outcome(seen.fact)

    def _begin(self, step: Step, rules: Container[str], seen: Observation) -> None:
        visit = self._open.get(step.name)
        if visit is None:
            visit = self._open_visit(step.name, seen)
            if "queue" in rules:
                visit.queued, visit.explicit = seen.at, True
            elif step.queue is None:
                visit.queued = self._last_finish
        if "start" in rules and visit.started is None:
            visit.started, visit.started_by, visit.worker = seen.at, seen.fact.actor_class, seen.fact.who
            visit.skewed = visit.skewed or seen.skewed

    def _block(self, step: Step, rules: Container[str], seen: Observation) -> None:
        visit = self._open.get(step.name)
        if visit is None:
            return
        is_blocked = bool(visit.blocks) and visit.blocks[-1][1] is None
        if "unblocked" in rules and is_blocked:
            visit.blocks[-1] = (visit.blocks[-1][0], seen.at)
        elif "blocked" in rules and not is_blocked:
            visit.blocks.append((seen.at, None))

    def _send_back(self, step: Step, seen: Observation) -> None:
        """Send the work from a step back to the step before it, which has work in hand again from now on.

        A step that the item was never in cannot send it back. Where the step before still has it in hand, that visit
        goes on, returned.
        """
        if step.name not in self._latest:
            return
        before = self._plan.before.get(step.name)
        if step.name in self._open:
            self._close(step.name, seen).outcome = SENT_BACK
        if before is None:
            return
        if before in self._latest:
            self._latest[before].judge(_RETURNED.get(seen.fact.family, _BY_REVIEW), seen.at)
        if before in self._open:
            return
        visit = self._open_visit(before, seen)
        visit.queued = visit.started = seen.at
        visit.started_by = seen.fact.actor_class
        self._sent_from[before] = step.name

    def _open_visit(self, step: str, seen: Observation) -> Visit:
        number = self._latest[step].number + 1 if step in self._latest else 1
        visit = Visit(step=step, number=number, subject=seen.subject, before=self._last_finish, skewed=seen.skewed)
        self._open[step] = self._latest[step] = visit
        self.visits.append(visit)
        return visit

    def _close(self, step: str, seen: Observation) -> Visit:
        visit = self._open.pop(step)
        self._sent_from.pop(step, None)
        visit.finished = self._last_finish = seen.at
        self._closed.append(visit)
        visit.skewed = visit.skewed or seen.skewed
        if visit.blocks and visit.blocks[-1][1] is None:
            visit.blocks[-1] = (visit.blocks[-1][0], seen.at)
        return visit


def bridge(stays: Iterable[Visit], done_at: int) -> None:
    """End what is still open of a done item: each was left by then, when is not known, but not before it started."""
    for visit in stays:
        if visit.finished is None:
            visit.finished, visit.outcome = max(done_at, visit.started or done_at), BRIDGED


def _status(statuses: Sequence[str], fact: Fact) -> tuple[str, ...]:
    """Return what a ticket's status means to a step that goes by status: entering, or leaving for any other."""
    if fact.state in statuses:
        return "queue", "start"
    return ("finish",) if fact.state is not None or fact.type == "ticket.closed" else ()


def _was_left(step: Step, fact: Fact) -> bool:
    """Return whether a ticket says that it came from a status of another step: when it left this one was not told."""
    left = fact.attributes.get(FROM_STATE)
    return bool(step.status) and left is not None and left not in step.status


def _begins(step: Step) -> frozenset[str]:
    """Return the types of facts that begin a visit of the step."""
    if step.status:
        return frozenset({"ticket.created", "ticket.updated", "ticket.closed"})
    return frozenset(t for rule in (step.queue, step.start) if rule is not None for t in rule.on)


def _outcome(fact: Fact) -> str | None:
    if fact.outcome is not None:
        return str(fact.outcome)
    return "abandoned" if fact.type == "change.abandoned" else None
