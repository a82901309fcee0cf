"""One rule of a mapping, made ready: which deliveries it speaks of, and the facts that it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from ingest.actors import UNKNOWN, Actor, classify
from ingest.adapter import Context, Untranslatable
from ingest.entity_names import is_plain
from ingest.facts import MOST_CHARACTERS, fact
from ingest.kept_text import holds_branch, kept_of_branch, kept_of_environment, kept_of_label
from ingest.mapping.entities import Links, Subject, links_of, subject_of, ticket_project
from ingest.mapping.shape import Shape, every
from ingest.mapping.values import Found, Scope, Text, found, holds, name_of, plain_text, text_of
from ingest.repositories import repository_of
from ingest.times import Moment, moment
from ingest.work_kinds import work_kind
from schemas.event import ActorClass, FlowEvent, Outcome, WorkKind
from schemas.mapping import REPOSITORY, Account, MappedEvent, Path, Value

MOST_FACTS: Final = 2_000
"""How many facts a rule makes of one delivery at most; more elements are untranslatable."""

DECISIONS: Final = frozenset(
    {"approved", "changes_requested", "commented", "denied", "dismissed", "expired", "granted", "rejected"}
)
"""The words of the attribute `decision`; any other is left out."""

_LABELS: Final = 64
_BRANCH: Final = "branch"
_PIPELINE: Final = "pipeline"
_DECISION: Final = "decision"
_NAMES: Final = frozenset({"activity", _PIPELINE, "project", "service"})
"""The attributes that are names of things, kept as they are."""

_HEADS: Final = "refs/heads/"
_OUTCOMES: Final = {outcome.value: outcome for outcome in Outcome}
_CLASSES: Final = {actor_class.value: actor_class for actor_class in ActorClass}
_KINDS: Final = {kind.value: kind for kind in WorkKind}

Attribute = Callable[[Scope, Context], str | None]


class Rule(Struct, frozen=True, kw_only=True):
    """A rule made ready; called, it makes the facts of a delivery, none where it does not speak of it."""

    said: MappedEvent
    each: Callable[[Scope], Iterator[object]] | None
    when: tuple[Callable[[Scope], bool], ...]
    unless: tuple[Callable[[Scope], bool], ...]
    make: Callable[[Scope, Context], FlowEvent]

    def scopes(self, scope: Scope) -> Sequence[Scope]:
        """Return what a delivery is looked at for: its elements, else itself. Raises Untranslatable for too many."""
        if self.each is None:
            return (scope,)
        elements = list(islice(self.each(scope), MOST_FACTS + 1))
        if len(elements) > MOST_FACTS:
            raise Untranslatable(f"'each' finds more than {MOST_FACTS} elements")
        return [scope.within(element) for element in elements]

    def speaks_of(self, scope: Scope) -> bool:
        """Tell whether all of `when` and none of `unless` holds."""
        return all(each(scope) for each in self.when) and not any(each(scope) for each in self.unless)

    def facts(self, scope: Scope, context: Context) -> Iterator[FlowEvent]:
        """Yield the facts of a delivery."""
        for inner in self.scopes(scope):
            if self.speaks_of(inner):
                yield self.make(inner, context)


def paths_of(said: MappedEvent) -> Iterator[Path]:
    """Yield every path that a rule reads, those of elements from the top of the body on."""
    conditions = (*said.when, *said.unless)
    account = said.actor or Account()
    values: list[Value | None] = [
        said.at, said.order, said.url, said.state, said.outcome, said.environment, said.work_kind, said.subject.name,
        said.subject.beside, account.id, account.name, account.actor_class, *said.attributes.values(),
        *(said.told_apart or ()),
    ]  # fmt: skip
    for link in said.links:
        values += [link.target.name, link.target.beside]
    told = [condition.path for condition in conditions] + [*said.labels, *said.quantities.values(), *_in(values)]
    head = said.each.steps if said.each else ()
    for path in told:
        yield Path(path.text, (*head, *path.steps)) if path.of_element else path
    if said.each is not None:
        yield said.each


def _in(values: Sequence[Value | None]) -> Iterator[Path]:
    for value in values:
        if value is not None:
            yield from value.paths
            yield from _in(value.parts)


def rule_of(said: MappedEvent, shape: Shape) -> Rule:
    """Return a rule, made ready for what a shape decodes; the shape has all of its paths."""
    return Rule(
        said=said,
        each=_elements(said.each, shape) if said.each is not None else None,
        when=tuple(holds(condition, shape) for condition in said.when),
        unless=tuple(holds(condition, shape) for condition in said.unless),
        make=_maker(said, shape),
    )


def _elements(path: Path, shape: Shape) -> Callable[[Scope], Iterator[object]]:
    steps = shape.steps(path)
    return lambda scope: every(scope.root, steps)


class _Made(Struct, frozen=True, kw_only=True):
    """A rule's values, made ready."""

    subject: Subject
    at: Callable[[Scope], Moment]
    order: Text
    url: Text
    state: Text
    outcome: Callable[[Scope], Outcome | None]
    environment: Text
    kind: Callable[[Scope], WorkKind | None]
    by: Callable[[Scope, Context], Actor]
    links: Links
    branch: Text
    attributes: Mapping[str, Attribute]
    quantities: Mapping[str, Found]
    told_apart: Sequence[Text] | None


def _maker(said: MappedEvent, shape: Shape) -> Callable[[Scope, Context], FlowEvent]:
    made = _Made(
        subject=subject_of(said.subject, shape),
        at=_moment(said.at, shape),
        order=text_of(said.order, shape),
        url=text_of(said.url, shape),
        state=text_of(said.state, shape),
        outcome=_outcome(said.outcome, shape),
        environment=text_of(said.environment, shape),
        kind=_work_kind(said, shape),
        by=_by(said.actor, shape),
        links=links_of(said.links, shape),
        branch=text_of(said.attributes.get(_BRANCH), shape),
        attributes={name: _attribute(name, value, shape) for name, value in said.attributes.items() if name != _BRANCH},
        quantities={name: found(path, shape) for name, path in said.quantities.items()},
        told_apart=None if said.told_apart is None else [text_of(value, shape) for value in said.told_apart],
    )
    event_type = said.type
    return lambda scope, context: _fact(event_type, made, scope, context)


def _fact(event_type: str, made: _Made, scope: Scope, context: Context) -> FlowEvent:
    subject = made.subject(scope, context)
    branch = (made.branch(scope) or "").removeprefix(_HEADS) or None
    kept = kept_of_branch(branch, context.pseudonym)
    hidden = branch if branch != kept else None
    environment, word = kept_of_environment(
        made.environment(scope) or "", context.environment, context.pseudonym, branch
    )
    attributes = {name: look(scope, context) for name, look in made.attributes.items()}
    if hidden is not None and _PIPELINE in attributes:
        attributes[_PIPELINE] = _unless_naming(hidden, attributes[_PIPELINE])
    if "project" not in attributes and subject.startswith("ticket:"):
        attributes["project"] = ticket_project(subject)
    state, outcome = made.state(scope), made.outcome(scope)
    url, order = made.url(scope), made.order(scope)
    told = (state, outcome and outcome.value, attributes.get(_DECISION))
    return fact(
        context,
        event_type,
        subject,
        made.at(scope),
        told_apart=[text or "" for text in (told if made.told_apart is None else [t(scope) for t in made.told_apart])],
        order=_whole(order) if order is not None else None,
        url=_unless_naming(hidden, url) if hidden is not None else url,
        links=made.links(scope, context),
        state=state,
        outcome=outcome,
        environment=environment,
        work_kind=made.kind(scope),
        by=made.by(scope, context),
        attributes={**attributes, _BRANCH: kept, "environment_raw": word},
        quantities=_numbers(made.quantities, scope) if made.quantities else {},
    )


def _unless_naming(hidden: str, text: str | None) -> str | None:
    """Return a text, unless it holds the name of the branch, of which not all is kept."""
    return None if text and holds_branch(unquote(unquote(text)), hidden) else text


def _whole(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise Untranslatable("the tool's sequence number is not usable")
    return int(text)


def _numbers(paths: Mapping[str, Found], scope: Scope) -> dict[str, float]:
    numbers = {}
    for name, path in paths.items():
        value = path.one(scope)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63 and isfinite(value):
            numbers[name] = float(value)
    return numbers


def _moment(value: Value, shape: Shape) -> Callable[[Scope], Moment]:
    """Return what reads a time: a text, or a number of seconds, milliseconds, microseconds or nanoseconds."""
    look, name = text_of(value, shape), name_of(value)
    if len(value.paths) != 1 or value.words is not None:
        return lambda scope: moment(look(scope), name)
    one = found(value.paths[0], shape).one

    def at(scope: Scope) -> Moment:
        raw = one(scope)
        return moment(raw if isinstance(raw, int | float) and not isinstance(raw, bool) else plain_text(raw), name)

    return at


def _outcome(value: Value | None, shape: Shape) -> Callable[[Scope], Outcome | None]:
    """Return what reads an outcome. It raises Untranslatable for a word that is none: no failure passes unnoticed."""
    if value is None:
        return lambda _scope: None
    look, name = text_of(value, shape), name_of(value)
    bare = text_of(Value(paths=value.paths, header=value.header), shape)

    def outcome(scope: Scope) -> Outcome | None:
        word = look(scope)
        if word is None and bare(scope) is None:
            return None
        if word is None or word.lower() not in _OUTCOMES:
            raise Untranslatable(f"{name} is no outcome that the mapping knows")
        return _OUTCOMES[word.lower()]

    return outcome


def _work_kind(said: MappedEvent, shape: Shape) -> Callable[[Scope], WorkKind | None]:
    """Return what reads the kind of work: the author's own word for it, else the usual words of a type and labels."""
    if said.work_kind is None and not said.labels:
        return lambda _scope: None
    look, labels = text_of(said.work_kind, shape), [found(path, shape) for path in said.labels]

    def kind(scope: Scope) -> WorkKind | None:
        word = look(scope)
        if word in _KINDS and (not labels or said.work_kind is None or said.work_kind.words is not None):
            return _KINDS[word]
        texts = [text for path in labels for each in path.all(scope)[:_LABELS] if (text := plain_text(each))]
        return work_kind(word, texts)

    return kind


def _by(account: Account | None, shape: Shape) -> Callable[[Scope, Context], Actor]:
    """Return what reads who did it: the class by the author's word, else by the account's name; of the id a hash."""
    if account is None:
        return lambda _scope, _context: UNKNOWN
    of_id, of_name = text_of(account.id, shape), text_of(account.name, shape)
    of_class = text_of(account.actor_class, shape)

    def by(scope: Scope, context: Context) -> Actor:
        told, name, identity = of_class(scope), of_name(scope) or "", of_id(scope)
        known = _CLASSES.get(told or "") or classify(name)
        return Actor(known, context.pseudonym(identity[:MOST_CHARACTERS]) if identity else None)

    return by


def _attribute(name: str, value: Value, shape: Shape) -> Attribute:
    """Return what reads an attribute: names of things as they are, of what anybody may write what names nobody."""
    look = text_of(value, shape)
    own = value.words is not None or (value.constant is not None)
    if name == REPOSITORY:
        return lambda scope, _context: repository_of(look(scope) or "")
    if name == _DECISION:
        return lambda scope, _context: text if (text := look(scope)) in DECISIONS else None
    if own or name in _NAMES:
        return lambda scope, _context: look(scope)

    def attribute(scope: Scope, context: Context) -> str | None:
        text = look(scope)
        return text if text is None or is_plain(text) else kept_of_label(text, context.pseudonym)

    return attribute
