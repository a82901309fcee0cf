"""CDEvents: `context.type` tells subject and predicate, whatever the version behind them.

A service's deployment has no operation of its own in CDEvents: each event is one. That a service can be reached
(`published`) or is gone (`removed`) is a fact of the service, and no deployment. A custom event (`dev.cdeventsx.`) is a
fact of a type of its own, from which only a rule that names it derives anything. What `vsm export` wrote is read back
as the fact that it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from ingest.adapter import Adapter, Context, Headers, Ignored, Translate, Untranslatable
from ingest.adapters.cdevents import names
from ingest.adapters.cdevents.bodies import (
    CUSTOM,
    LINK,
    Content,
    Event,
    Reference,
    Subject,
    custom_predicate,
    decode,
    decode_custom,
    decode_link,
    envelope,
    subject_and_predicate,
    texts,
)
from ingest.adapters.cdevents.chains import embedded_links, ends, ends_chain, linked_events, meant, thing
from ingest.adapters.cdevents.exported import exported, read_back
from ingest.adapters.cdevents.links import DEPLOYED, links, run
from ingest.facts import fact
from ingest.signatures import any_of, bearer_token, standard_webhooks
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.kept_text import holds_branch, kept_of_branch, kept_of_environment
from ingest.vocabulary.keys import branch_links, unique_links
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import ActorClass, Link, LinkKind, LinkMethod, Outcome
from schemas.event_types import LINK_TOLD
from schemas.identity import branch_uri, deployment_uri, short_digest

TYPES: Final = (
    "approval.created", "approval.updated", "approval.closed",
    "artifact.packaged", "artifact.signed", "artifact.published", "artifact.downloaded", "artifact.deleted",
    "branch.created", "branch.deleted",
    "build.queued", "build.started", "build.finished",
    "change.created", "change.reviewed", "change.updated", "change.merged", "change.abandoned",
    "environment.created", "environment.modified", "environment.deleted",
    "incident.detected", "incident.reported", "incident.resolved",
    "pipelinerun.queued", "pipelinerun.started", "pipelinerun.finished",
    "repository.created", "repository.modified", "repository.deleted",
    "service.deployed", "service.upgraded", "service.rolledback", "service.removed", "service.published",
    "taskrun.started", "taskrun.finished",
    "testcaserun.queued", "testcaserun.started", "testcaserun.finished", "testcaserun.skipped",
    "testoutput.published",
    "testsuiterun.queued", "testsuiterun.started", "testsuiterun.finished",
    "ticket.created", "ticket.updated", "ticket.closed",
)  # fmt: skip
"""Every subject and predicate of CDEvents 0.3 to the 0.6 draft."""

NO_GRAMMAR: Final = Ignored("the custom type does not follow the grammar")
"""What becomes of a custom event whose type is not `dev.cdeventsx.<tool>-<subject>.<predicate>.<version>`."""

BETWEEN_EVENTS: Final = Ignored("the link's ends name no entities")
"""What becomes of a link of which an end is an event, or a thing that is none of ours."""

ONLY_RELATES: Final = Ignored("the link says where nothing belongs")
"""What becomes of a link by itself that only relates: a fact of it would be all that is known of its subject."""

_STATES: Final = {
    "change.created": "ready", "change.merged": "merged", "change.abandoned": "closed",
}  # fmt: skip
_OUTCOMES: Final = {
    "success": Outcome.SUCCESS, "pass": Outcome.SUCCESS,
    "failure": Outcome.FAILURE, "fail": Outcome.FAILURE,
    "error": Outcome.ERROR,
    "cancel": Outcome.CANCELLED, "cancelled": Outcome.CANCELLED, "canceled": Outcome.CANCELLED,
}  # fmt: skip
_DECISIONS: Final = frozenset(
    {"approved", "changes_requested", "commented", "denied", "dismissed", "expired", "granted", "rejected"}
)
_ACTORS: Final = frozenset({ActorClass.HUMAN, ActorClass.BOT, ActorClass.AGENT})
_RUNS: Final = frozenset({"build", "pipelinerun", "taskrun", "testcaserun", "testsuiterun"})


def _translate(event_type: str) -> Translate:
    """Return the translation of one type."""
    subject, _, predicate = event_type.partition(".")

    def translate(body: bytes, context: Context) -> Translated:
        event = decode(body)
        told = exported(event.custom)
        if told is None:
            return _event(event, context, subject, predicate)
        if told.type != event_type:
            raise Untranslatable("customData.vsm: type is another than the event's")
        return read_back(told, event.context.id, event.context.timestamp, context)

    translate.__doc__ = f"`{event_type}`, at `context.timestamp`."
    return translate


def _event(event: Event, context: Context, subject: str, predicate: str) -> Translated:
    event_type, content, custom = f"{subject}.{predicate}", event.subject.content, texts(event.custom)
    at = moment(event.context.timestamp, "context.timestamp")
    repository = _repository(event, subject, custom)
    branch = event.subject.id if subject == "branch" else custom.get("branch")
    kept = kept_of_branch(branch, context.pseudonym)
    hidden = branch if kept != branch else None
    place = _environment(event, subject)
    environment, word = kept_of_environment(place, context.environment, context.pseudonym, branch)
    address = content.uri or content.url or content.view
    decision = content.decision or custom.get("decision") or ""
    uri, embedded = _subject(event, context, event_type, repository), event.context.links
    found = links(event, context, subject, predicate, repository)
    if subject == "branch":
        found = unique_links([*found, *branch_links(event.subject.id)])
    if embedded:
        found = unique_links([*found, *embedded_links(embedded, uri)])
    return [
        fact(
            context,
            event_type,
            uri,
            at,
            told_apart=(content.outcome or "", decision, content.status or ""),
            url=_unless_naming(hidden, address) if word == place else None,
            links=found,
            state=_STATES.get(event_type) or content.status or content.resolution,
            outcome=_outcome(content, subject, predicate),
            environment=environment or None,
            work_kind=work_kind(content.ticket_type, content.labels or ()) if subject == "ticket" else None,
            by=_by(custom),
            attributes={
                "repository": repository,
                "service": _service(event, subject),
                "branch": kept,
                "decision": decision if decision in _DECISIONS else None,
                "environment_raw": word,
                "pipeline": _unless_naming(hidden, content.pipeline or content.task),
                "test_suite": (content.test_suite.name or content.test_suite.id) if content.test_suite else None,
                "priority": content.priority,
                "severity": content.severity,
                "resolution": content.resolution,
                "chain": names.plain(event.context.chain) if event.context.chain else None,
                "chain_end": "true" if embedded and ends_chain(embedded) else None,
                "linked_events": linked_events(embedded) if embedded else None,
                "origin": short_digest(event.context.source.rstrip("/")),
            },
        )
    ]


def _custom(body: bytes, context: Context) -> Translated:
    """`custom.` and the words of its type, `custom.acme_cart_expired`, at `context.timestamp`."""
    told = decode_custom(body)
    if (whole := exported(told.custom)) is not None:
        return read_back(whole, told.context.id, told.context.timestamp, context)
    predicate = custom_predicate(told.context.type)
    if predicate is None:
        return NO_GRAMMAR
    event = Event(
        context=told.context, subject=Subject(id=told.subject.id, source=told.subject.source), custom=told.custom
    )
    return _event(event, context, CUSTOM, predicate)


def _link(body: bytes, context: Context) -> Translated:
    """`link.told`, of the entity whose domain id the link is said of, at `timestamp`; between events it is ignored."""
    told = decode_link(body)
    at = moment(told.timestamp, "timestamp")
    subject, target = (thing(end.domain) if end is not None else None for end in ends(told))
    if subject is None or target is None or subject == target:
        return BETWEEN_EVENTS
    kind = meant(subject, target, told.kind)
    if kind is LinkKind.RELATES_TO:
        return ONLY_RELATES
    home = subject.removeprefix("change:").rpartition("/")[0] if subject.startswith("change:") else None
    link = Link(uri=target, kind=kind, method=LinkMethod.EXPLICIT)
    return [
        fact(context, LINK_TOLD, subject, at, told_apart=(kind, target), links=(link,), attributes={"repository": home})
    ]


def _unless_naming(hidden: str | None, text: str | None) -> str | None:
    """Return an address or a pipeline's name, unless it holds the name of the branch, of which not all is kept.

    Jenkins escapes a branch for its job's name, and the job's name once more for its address.
    """
    return None if hidden and text and holds_branch(unquote(unquote(text)), hidden) else text


def _by(custom: dict[str, str]) -> Actor:
    """Return who did it, as far as the sender says: no account, and of CDEvents' own fields none tells a class."""
    told = custom.get("actor_class", "")
    return Actor(ActorClass(told)) if told in _ACTORS else UNKNOWN


def _subject(event: Event, context: Context, event_type: str, repository: str | None) -> str:
    """Return the uri of what it happened to."""
    subject, _, predicate = event_type.partition(".")
    name, home = event.subject.id, event.home
    if not name:
        raise Untranslatable("subject.id is missing")
    if subject in _RUNS:
        return run(context, subject, name, home)
    if subject == "service" and predicate in DEPLOYED:
        return deployment_uri(context.tool, f"{name}/{_attempt(event)}")
    match subject:
        case "change":
            return names.change(name, home, repository)
        case "artifact":
            return names.artifact(name)
        case "ticket":
            return names.ticket(name, home, event.subject.content.uri)
        case "incident":
            return names.incident(name, home)
        case "branch":
            return branch_uri(repository or short_digest(home.rstrip("/")), name)
        case "repository" if repository is not None:
            return f"repository:{repository}"
        case _:
            return f"{subject}:{context.tool}/{names.own(name, home)}"


def _attempt(event: Event) -> str:
    """Return what tells one deployment of a service from the next: the event itself."""
    return names.own(event.context.id or str(event.context.timestamp), event.context.source)


def _repository(event: Event, subject: str, custom: dict[str, str]) -> str | None:
    content = event.subject.content
    told = content.repository
    if told is not None:
        return names.repository(told.id, told.source, told.uri)
    if subject == "repository":
        return names.repository(event.subject.id, event.subject.source, content.url or content.uri)
    if written := custom.get("repository"):
        return names.repository(written, "https:/")
    return names.repository_at(content.change.source) if content.change and content.change.source else None


def _environment(event: Event, subject: str) -> str:
    """Return the tool's own word for the environment, its id before its name; '' without one."""
    if subject == "environment":
        return event.subject.id
    told = event.subject.content.environment
    return (told.id or told.name or "") if told else ""


def _service(event: Event, subject: str) -> str | None:
    if subject == "service":
        return event.subject.id
    told = event.subject.content.service
    return told.id if isinstance(told, Reference) else told


def _outcome(content: Content, subject: str, predicate: str) -> Outcome | None:
    if subject == "service" and predicate in DEPLOYED:
        return _OUTCOMES.get((content.outcome or "success").lower())
    return _OUTCOMES.get((content.outcome or "").lower())


def _event_type(_headers: Headers, body: bytes) -> str:
    told = envelope(body)
    return LINK if told.link and not told.context.type else subject_and_predicate(told.context.type)


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(names.plain(envelope(body).context.id), body)


_TRANSLATE: Final[dict[str, Callable[[bytes, Context], Translated]]] = {
    **{name: _translate(name) for name in TYPES},
    CUSTOM: _custom,
    LINK: _link,
}

ADAPTER: Final = Adapter(
    tool=names.TOOL,
    verify=any_of(bearer_token(), standard_webhooks()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate=_TRANSLATE,
)
"""The adapter for CDEvents, after `POST /events` has taken its CloudEvent apart."""
