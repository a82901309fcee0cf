"""Flow events that read like sentences: what happened to whom, and when (hours since a fixed start)."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome, WorkKind
from schemas.identity import event_id

HOUR = 3_600_000_000
START = 1_700_000_000_000_000
STREAM = "checkout"
REPOSITORY = "github.com/acme/shop"


def at(hours: float) -> int:
    """Microseconds UTC of that many hours after the start."""
    return START + int(hours * HOUR)


def link(kind: LinkKind, uri: str, confidence: float = 1.0) -> Link:
    """A link told outright."""
    return Link(uri=uri, kind=kind, method=LinkMethod.EXPLICIT, confidence=confidence)


def part_of(uri: str) -> Link:
    """The subject belongs to it."""
    return link(LinkKind.PART_OF, uri)


def fact(
    what: str,
    subject: str,
    hours: float,
    *links: Link,
    state: str | None = None,
    outcome: Outcome | None = None,
    environment: str | None = None,
    kind: WorkKind | None = None,
    by: ActorClass = ActorClass.HUMAN,
    order: int | None = None,
    told: str = "",
    received: float | None = None,
    delivery: str = "",
    **attributes: str,
) -> FlowEvent:
    """A fact of the stream; whatever it says tells it from others, `told` too."""
    moment = at(hours)
    said = (state or "", str(outcome), told, environment or "", by, str(sorted(attributes.items())), str(links))
    return FlowEvent(
        event_id=event_id("tool", what, subject, moment, said),
        type=what,
        occurred_at=moment,
        received_at=moment + HOUR if received is None else at(received),
        tool="tool",
        source="acme",
        delivery_id=delivery or f"{what}-{subject}-{hours}",
        value_stream=STREAM,
        subject_id=subject,
        order=order,
        links=links,
        state=state,
        outcome=outcome,
        environment=environment,
        work_kind=kind,
        actor_class=by,
        attributes=dict(attributes),
    )


def ticket(key: str) -> str:
    """The uri of a tracker's ticket."""
    return f"ticket:jira/{key}"


def named(key: str) -> Link:
    """A link to a ticket by the key found in a text."""
    return part_of(f"ticket:*/{key}")


def change(number: int, repository: str = REPOSITORY) -> str:
    """The uri of a change."""
    return f"change:{repository}/{number}"


def commit(name: str) -> str:
    """The uri of a commit, its name padded to a hash."""
    return f"commit:{name.encode().hex():0<40}"


def created(key: str, hours: float) -> FlowEvent:
    """A ticket is written."""
    return fact("ticket.created", ticket(key), hours, state="To Do", kind=WorkKind.FEATURE)


def moved(key: str, state: str, hours: float) -> FlowEvent:
    """A ticket's status changes."""
    return fact("ticket.updated", ticket(key), hours, state=state)


def closed(key: str, hours: float, state: str = "Done") -> FlowEvent:
    """A ticket is closed."""
    return fact("ticket.closed", ticket(key), hours, state=state)


def committed(name: str, hours: float, *links: Link, branch: str = "work", repository: str = REPOSITORY) -> FlowEvent:
    """A commit is authored."""
    return fact("commit.created", commit(name), hours, *links, repository=repository, branch=branch)


def opened(
    number: int, hours: float, *links: Link, state: str = "ready", branch: str = "work", reverts: str = ""
) -> FlowEvent:
    """A change is opened, perhaps to take another back."""
    said = {"repository": REPOSITORY, "branch": branch} | ({"reverts": reverts} if reverts else {})
    return _told("change.created", change(number), hours, links, state, said)


def _told(
    what: str, subject: str, hours: float, links: tuple[Link, ...], state: str | None, said: dict[str, str]
) -> FlowEvent:
    known = fact(what, subject, hours, *links, state=state, told=str(sorted(said.items())))
    return replace(known, attributes=said)


def readied(number: int, hours: float, *links: Link) -> FlowEvent:
    """A draft becomes ready, or a closed change is opened again."""
    return fact("change.readied", change(number), hours, *links, state="ready", repository=REPOSITORY)


def reviewed(number: int, hours: float, decision: str = "approved", by: ActorClass = ActorClass.HUMAN) -> FlowEvent:
    """A review is submitted."""
    return fact("change.reviewed", change(number), hours, by=by, decision=decision)


def merged(number: int, hours: float, name: str | None = None) -> FlowEvent:
    """A change is merged, as a commit if that is told."""
    links = (link(LinkKind.MERGED_AS, commit(name)),) if name else ()
    return fact("change.merged", change(number), hours, *links, repository=REPOSITORY)


def abandoned(number: int, hours: float) -> FlowEvent:
    """A change is closed unmerged."""
    return fact("change.abandoned", change(number), hours)


def contains(name: str) -> Link:
    """The subject contains this commit."""
    return link(LinkKind.CONTAINS, commit(name))


def run(stage: str, number: int, hours: float, name: str, outcome: Outcome | None = None) -> FlowEvent:
    """A run of a commit is queued, started or finished."""
    return fact(f"pipelinerun.{stage}", f"run:ci/acme/{number}/1", hours, part_of(commit(name)), outcome=outcome)


def built(digest: str, hours: float, name: str) -> FlowEvent:
    """An artifact is built from a commit."""
    return fact("artifact.packaged", f"artifact:sha256:{digest}", hours, link(LinkKind.BUILT_FROM, commit(name)))


def began(
    deployment: str, hours: float, what: str, environment: str = "production", service: str = "shop"
) -> FlowEvent:
    """A deployment starts to run."""
    return _deployment("deployment.started", deployment, hours, what, environment, service)


def deployed(
    deployment: str,
    hours: float,
    what: str,
    environment: str = "production",
    service: str = "shop",
    outcome: Outcome = Outcome.SUCCESS,
) -> FlowEvent:
    """A deployment of a commit (or, with a colon, of that uri) finishes."""
    return _deployment("service.deployed", deployment, hours, what, environment, service, outcome)


def _deployment(
    kind: str, name: str, hours: float, what: str, environment: str, service: str, outcome: Outcome | None = None
) -> FlowEvent:
    target = what if ":" in what else commit(what)
    return fact(
        kind,
        f"deployment:cd/{name}",
        hours,
        link(LinkKind.DEPLOYS, target),
        outcome=outcome,
        environment=environment,
        service=service,
    )


def incident(
    stage: str, name: str, hours: float, *links: Link, service: str = "shop", environment: str | None = None
) -> FlowEvent:
    """An incident is detected, reported or resolved."""
    return fact(f"incident.{stage}", f"incident:pager/{name}", hours, *links, environment=environment, service=service)
