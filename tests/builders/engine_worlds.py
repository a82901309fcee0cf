"""Worlds of linked facts: a few tickets, changes, commits, runs, artifacts, deployments, incidents that keep meeting.

Every fact speaks of one of a few entities at one of a few hours, so that links cross, times tie and nearly any fact
changes what another one means. Half of a world are whole stories, so that items do get finished; what then goes wrong
(builds and tests fail, changes are taken back, deployments rolled back, tickets opened again) follows on them.
"""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.definition import ROUTE_TO_LIVE, Calendar, Definition, Rule, Step, ValueStream, standard_map
from schemas.event import IMPLAUSIBLE_TIME, ActorClass, FlowEvent, Link, LinkKind, Outcome, WorkKind
from tests.builders import engine_events as say

KEYS = ("CHK-1", "CHK-2", "CHK-3")
NUMBERS = (1, 2, 3, 4)
COMMITS = ("c1", "c2", "c3", "m1", "m2", "m3", "m4")
DEPLOYMENTS = ("d1", "d2", "d3", "d4", "d5", "d6")
TARGETS = (*COMMITS, "artifact:sha256:a1", "artifact:sha256:a2")
BRANCHES = ("main", "work", "hotfix/pay")
REVERTED = st.sampled_from(("", "", "", say.change(1), say.change(2), say.commit("c1"), say.commit("m2")))

OWNERS = {"Develop": "builders", "Review": "builders", "Build": "platform", "Verify": "platform"}
STEPS = (
    *(replace(step, owner=OWNERS.get(step.name)) for step in standard_map(ROUTE_TO_LIVE)[:-1]),
    Step(
        name="Test",
        start=Rule(on=("testsuiterun.started",)),
        finish=Rule(on=("testsuiterun.finished",), where={"outcome": ("success",)}),
        returned=Rule(on=("testsuiterun.finished",), where={"outcome": ("failure",)}),
    ),
    Step(
        name="Hold",
        value_adding=False,
        status=("On Hold", "Blocked"),
        blocked=Rule(on=("ticket.updated",), where={"state": ("Blocked",)}),
        unblocked=Rule(on=("ticket.updated",), where={"state": ("On Hold",)}),
    ),
    Step(
        name="Deploy",
        start=Rule(on=("deployment.started",), where={"environment": ("production",)}),
        finish=Rule(on=("service.deployed",), where={"environment": ("production",), "outcome": ("success",)}),
        returned=Rule(on=("ticket.updated",), where={"state": ("Reopened",)}),
    ),
)
OFFICE = Calendar(zone="Europe/Berlin", hours=tuple((day, 540, 1020) for day in range(5)))


def definition(calendar: Calendar | None = None, steps: tuple[Step, ...] = STEPS) -> Definition:
    """One stream that exercises every kind of rule."""
    stream = ValueStream(name=say.STREAM, select=({"repository": "*"},), steps=steps, calendar=calendar)
    return Definition(version="v1", value_streams=(stream,))


ACCOUNTS = st.sampled_from((None, "3f2a", "77c1", "b00c"))
CLASSES = st.sampled_from((ActorClass.HUMAN, ActorClass.HUMAN, ActorClass.AGENT, ActorClass.BOT, ActorClass.UNKNOWN))
KINDS = st.sampled_from((None, None, *WorkKind))


def _by(event: FlowEvent, account: str | None, kind: WorkKind | None) -> FlowEvent:
    """The fact as caused by an account, and perhaps saying what kind of work it is about."""
    told = f"{event.event_id}-{account}-{kind}" if account or kind else event.event_id
    return replace(event, event_id=told, actor=account, work_kind=kind)


HOURS = st.integers(min_value=0, max_value=60).map(float)
SOME = st.lists(st.sampled_from(KEYS).map(say.named), max_size=2).map(tuple)


def _ticket_fact(
    key: str, what: str, links: tuple[Link, ...], state: str | None, hours: float, sent: int, container: str
) -> FlowEvent:
    return say.fact(what, say.ticket(key), hours, *links, state=state, received=hours + sent, container=container)


def _change_fact(
    number: int, what: str, hours: float, links: tuple[Link, ...], state: str, branch: str, reverts: str
) -> FlowEvent:
    said = {"reverts": reverts} if reverts else {}
    known = say.fact(what, say.change(number), hours, *links, state=state, told=branch + reverts)
    return replace(known, attributes={"branch": branch, "repository": say.REPOSITORY, **said})


def _review(number: int, decision: str, by: ActorClass, hours: float) -> FlowEvent:
    return say.reviewed(number, hours, decision, by)


def _commit_fact(name: str, hours: float, links: tuple[Link, ...], branch: str, reverts: str) -> FlowEvent:
    known = say.fact("commit.created", say.commit(name), hours, *links, told=branch + reverts)
    said = {"reverts": reverts} if reverts else {}
    return replace(known, attributes={"branch": branch, "repository": say.REPOSITORY, **said})


def _run_fact(number: int, stage: str, name: str, hours: float, outcome: Outcome | None) -> FlowEvent:
    return say.run(stage, number, hours, name, outcome)


def _test_fact(number: int, stage: str, name: str, hours: float, outcome: Outcome | None) -> FlowEvent:
    links = (say.part_of(say.commit(name)),)
    return say.fact(f"testsuiterun.{stage}", f"run:tests/acme/{number}/1", hours, *links, outcome=outcome)


def _deployment_fact(
    name: str, what: str, targets: list[str], place: tuple[str, str, str], outcome: Outcome | None, hours: float
) -> FlowEvent:
    uris = [target if ":" in target else say.commit(target) for target in targets]
    return say.fact(
        what,
        f"deployment:cd/{name}",
        hours,
        *(say.link(LinkKind.DEPLOYS, uri) for uri in uris),
        outcome=outcome,
        environment=place[0],
        service=place[1],
        environment_raw=place[2],
    )


def _incident_fact(name: str, stage: str, hours: float, links: tuple[Link, ...], service: str) -> FlowEvent:
    return say.incident(stage, name, hours, *links, service=service)


def _impossible(key: str, hours: float) -> FlowEvent:
    return replace(say.created(key, hours), event_id=f"bad-{key}", attributes={IMPLAUSIBLE_TIME: "0001"})


def _activity(case: str, stage: str, hours: float) -> FlowEvent:
    return say.fact(f"activity.{stage}", f"activity:log/{case}", hours, activity="Check")


def _correction(verdict: str, link: tuple[str, LinkKind, str], hours: float) -> FlowEvent:
    subject, kind, target = link
    return say.fact(f"link.{verdict}", subject, hours, say.link(kind, target))


COMMIT_LINKS = st.lists(
    st.one_of(
        st.sampled_from(KEYS).map(say.named),
        st.sampled_from(COMMITS).map(lambda name: say.part_of(say.commit(name))),
        st.sampled_from(COMMITS).map(say.contains),
        st.sampled_from(NUMBERS).map(lambda number: say.part_of(say.change(number))),
    ),
    max_size=2,
).map(tuple)
CHANGE_LINKS = st.lists(
    st.one_of(
        st.sampled_from(KEYS).map(say.named),
        st.sampled_from(KEYS).map(lambda key: say.part_of(say.ticket(key))),
        st.sampled_from(COMMITS).map(say.contains),
        st.sampled_from(COMMITS).map(lambda name: say.link(LinkKind.MERGED_AS, say.commit(name))),
        st.sampled_from(KEYS).map(lambda key: say.link(LinkKind.RELATES_TO, say.ticket(key))),
    ),
    max_size=2,
).map(tuple)
CULPRITS = (
    *(f"deployment:cd/{name}" for name in DEPLOYMENTS[:3]), *(say.change(n) for n in NUMBERS[:2]),
    *(say.commit(name) for name in ("c1", "m1", "m2")), *TARGETS[-2:],
)  # fmt: skip
CAUSES = st.lists(
    st.builds(
        lambda uri, confidence: say.link(LinkKind.CAUSED_BY, uri, confidence),
        st.sampled_from(CULPRITS),
        st.sampled_from((1.0, 0.8)),
    ),
    max_size=2,
).map(tuple)
TICKET_LINKS = st.lists(
    st.one_of(
        st.sampled_from(NUMBERS).map(lambda number: say.link(LinkKind.CONTAINS, say.change(number))),
        st.sampled_from(CULPRITS).map(lambda uri: say.link(LinkKind.CAUSED_BY, uri)),
        st.sampled_from(COMMITS).map(lambda name: say.link(LinkKind.DEPLOYS, say.commit(name))),
    ),
    max_size=1,
).map(tuple)
CORRECTED = st.sampled_from(
    (
        *((say.change(n), LinkKind.PART_OF, say.ticket(key)) for n in NUMBERS for key in KEYS),
        *((say.commit(c), LinkKind.PART_OF, say.change(n)) for c in COMMITS[:4] for n in NUMBERS[:2]),
        *((say.change(n), LinkKind.CONTAINS, say.commit(c)) for c in COMMITS[:4] for n in NUMBERS[:2]),
        *((say.change(n), LinkKind.MERGED_AS, say.commit(c)) for c in ("m1", "m2") for n in NUMBERS[:2]),
        *((say.ticket(key), LinkKind.CONTAINS, say.change(n)) for key in KEYS for n in NUMBERS[:2]),
        *((say.commit(c), LinkKind.PART_OF, say.ticket(key)) for c in COMMITS[:4] for key in KEYS),
        *((say.commit(a), LinkKind.PART_OF, say.commit(b)) for a in COMMITS[:4] for b in COMMITS[:4]),
        *((say.commit(a), LinkKind.CONTAINS, say.commit(b)) for a in COMMITS[:4] for b in COMMITS[:4]),
        *((f"artifact:sha256:{a}", LinkKind.BUILT_FROM, say.commit(c)) for a in ("a1", "a2") for c in COMMITS[:4]),
        *((f"artifact:sha256:{a}", LinkKind.PART_OF, say.change(n)) for a in ("a1", "a2") for n in NUMBERS[:2]),
        *((say.change(n), LinkKind.PART_OF, say.named(key).uri) for n in NUMBERS[:2] for key in KEYS),
        *((f"deployment:cd/{d}", LinkKind.DEPLOYS, say.commit(c)) for d in DEPLOYMENTS[:3] for c in ("c1", "m1", "m2")),
        *((f"incident:pager/{i}", LinkKind.CAUSED_BY, culprit) for i in ("i1", "i2") for culprit in CULPRITS[:5]),
    )
)
SITES = ("production", "prod-us")
PLACES = st.sampled_from(
    (
        ("staging", "shop", "staging"),
        *(("production", "shop", site) for site in SITES),
        ("production", "api", "production"),
    )
)

FACTS = st.one_of(
    st.builds(
        _ticket_fact,
        st.sampled_from(KEYS),
        st.sampled_from(("ticket.created", "ticket.updated", "ticket.updated", "ticket.closed")),
        TICKET_LINKS,
        st.sampled_from((None, "To Do", "On Hold", "Blocked", "Reopened", "Done", "deleted")),
        HOURS,
        st.integers(min_value=0, max_value=3),
        st.sampled_from(("", "", "", "true")),
    ),
    st.builds(
        _change_fact,
        st.sampled_from(NUMBERS),
        st.sampled_from(
            ("change.created", "change.readied", "change.updated", "change.merged", "change.merged", "change.abandoned")
        ),
        HOURS,
        CHANGE_LINKS,
        st.sampled_from(("ready", "ready", "draft")),
        st.sampled_from(BRANCHES),
        REVERTED,
    ),
    st.builds(
        _review,
        st.sampled_from(NUMBERS),
        st.sampled_from(("approved", "changes_requested")),
        CLASSES,
        HOURS,
    ),
    st.builds(_commit_fact, st.sampled_from(COMMITS), HOURS, COMMIT_LINKS, st.sampled_from(("main", "work")), REVERTED),
    st.builds(
        _run_fact,
        st.sampled_from((1, 2)),
        st.sampled_from(("queued", "started", "finished")),
        st.sampled_from(COMMITS),
        HOURS,
        st.sampled_from((None, Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR)),
    ),
    st.builds(
        _test_fact,
        st.sampled_from((1, 2)),
        st.sampled_from(("started", "finished", "finished")),
        st.sampled_from(COMMITS),
        HOURS,
        st.sampled_from((None, Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR)),
    ),
    st.builds(say.built, st.sampled_from(("a1", "a2")), HOURS, st.sampled_from(COMMITS)),
    st.builds(
        _deployment_fact,
        st.sampled_from(DEPLOYMENTS),
        st.sampled_from(("deployment.queued", "deployment.started", *["service.deployed"] * 3, "service.rolledback",
                         "service.published")),
        st.lists(st.sampled_from(TARGETS), max_size=2),
        PLACES,
        st.sampled_from((Outcome.SUCCESS, Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE, Outcome.CANCELLED, None)),
        HOURS,
    ),
    st.builds(
        _incident_fact,
        st.sampled_from(("i1", "i2")),
        st.sampled_from(("detected", "detected", "resolved", "updated")),
        HOURS,
        CAUSES,
        st.sampled_from(("shop", "shop", "api")),
    ),
    st.builds(_correction, st.sampled_from(("asserted", "denied")), CORRECTED, HOURS),
    st.builds(_impossible, st.sampled_from(KEYS), HOURS),
    st.builds(_activity, st.sampled_from(("1", "2")), st.sampled_from(("started", "finished")), HOURS),
)  # fmt: skip


FAILED = st.sampled_from((Outcome.FAILURE, Outcome.ERROR))


@st.composite
def _failed_run(draw: st.DrawFn, number: int, hour: float) -> list[FlowEvent]:
    """A build or a test of what a change was merged as fails."""
    name, outcome = draw(st.sampled_from((f"c{min(number, 3)}", f"m{number}"))), draw(FAILED)
    if draw(st.booleans()):
        return [_test_fact(2, "started", name, hour, None), _test_fact(2, "finished", name, hour + 1, outcome)]
    return [say.run("queued", 9, hour, name), say.run("finished", 9, hour + 1, name, outcome)]


@st.composite
def _reopened(draw: st.DrawFn, key: str, hour: float) -> list[FlowEvent]:
    """The ticket is closed, opened again, and perhaps stuck."""
    states = draw(st.sampled_from((("To Do",), ("Reopened",), ("Blocked", "On Hold"), ("On Hold", "Blocked"))))
    return [say.closed(key, hour), *(say.moved(key, state, hour + i + 1) for i, state in enumerate(states))]


@st.composite
def _reverted(draw: st.DrawFn, number: int, hour: float) -> list[FlowEvent]:
    """Another change takes this one back and lands, perhaps by a fact that is corrected later."""
    other = draw(st.sampled_from([n for n in NUMBERS if n != number]))
    target = draw(st.sampled_from((say.change(number), say.commit(f"m{number}"))))
    return [
        say.opened(other, hour, branch=draw(st.sampled_from(BRANCHES)), reverts=target),
        say.merged(other, hour + draw(st.integers(min_value=0, max_value=2)), f"m{other}"),
    ]


@st.composite
def _rolled_back(draw: st.DrawFn, deployment: str, hour: float) -> list[FlowEvent]:
    """What was there before comes again, by its version or by the tool's word."""
    last, first = draw(st.permutations([d for d in DEPLOYMENTS if d != deployment]))[:2]
    back = say.deployed(last, hour, "c3")
    if draw(st.booleans()):
        return [replace(back, type="service.rolledback")]
    return [say.deployed(first, draw(HOURS), "c3"), back]


@st.composite
def stories(draw: st.DrawFn) -> list[FlowEvent]:
    """One change from its ticket to production, hour by hour, with what may happen on the way and afterwards."""
    number, begin = draw(st.sampled_from(NUMBERS)), draw(HOURS)
    key, name, merge = draw(st.sampled_from(KEYS)), f"c{min(number, 3)}", f"m{number}"
    gaps = [draw(st.integers(min_value=0, max_value=6)) for _ in range(9)]
    hours = [begin + sum(gaps[:i]) for i in range(len(gaps))]
    branch = draw(st.sampled_from(BRANCHES))
    target = draw(st.sampled_from((merge, merge, "artifact:sha256:a1")))
    deployment = draw(st.sampled_from(DEPLOYMENTS))
    outcome = draw(st.sampled_from((Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE)))
    ended = say.deployed(deployment, hours[8], target, outcome=outcome)
    after = hours[8] + draw(st.integers(min_value=0, max_value=4))
    troubles = (
        _failed_run(number, draw(st.sampled_from(hours))), _reopened(key, after), _reverted(number, after),
        _rolled_back(deployment, after), st.just(list[FlowEvent]()),
    )  # fmt: skip
    told = [
        say.created(key, hours[0]),
        say.committed(name, hours[1], branch=branch),
        say.opened(number, hours[2], say.named(key), say.contains(name), branch=branch),
        say.reviewed(number, hours[3], draw(st.sampled_from(("approved", "changes_requested")))),
        say.merged(number, hours[4], merge),
        say.run("queued", number, hours[4], merge),
        say.run("started", number, hours[5], merge),
        say.run("finished", number, hours[6], merge, Outcome.SUCCESS),
        say.built("a1", hours[6], merge),
        say.began(deployment, hours[7], target),
        replace(ended, attributes={**ended.attributes, "environment_raw": draw(st.sampled_from(SITES))}),
        *draw(st.one_of(*troubles)),
        *draw(st.one_of(*troubles)),
    ]
    return [_by(event, draw(ACCOUNTS), draw(KINDS)) for event in told]


@st.composite
def worlds(draw: st.DrawFn) -> list[FlowEvent]:
    """A set of facts in the order of time, copies with other arrivals among them."""
    told = [e for story in draw(st.lists(stories(), max_size=3)) for e in story]
    others = draw(st.lists(FACTS, min_size=0 if told else 1, max_size=25))
    told += [_by(event, draw(ACCOUNTS), draw(KINDS)) for event in others]
    return sorted(told, key=lambda e: (e.occurred_at, e.event_id, e.delivery_id))
