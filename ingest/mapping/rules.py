"""One rule of a mapping, made ready: which deliveries it speaks of, and the facts that it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.facts import fact
from ingest.mapping.entities import Links, Subject, links_of, subject_of, ticket_project
from ingest.mapping.fields import (
    DECISION,
    PIPELINE,
    Attribute,
    account_of,
    attribute_of,
    moment_of,
    numbers_of,
    outcome_of,
    unless_naming,
    whole,
    work_kind_of,
)
from ingest.mapping.shape import Shape, every
from ingest.mapping.values import Found, Scope, Text, found, holds, paths_in, text_of
from ingest.vocabulary.actors import Actor
from ingest.vocabulary.kept_text import kept_of_branch, kept_of_environment
from ingest.vocabulary.times import Moment
from schemas.event import FlowEvent, Outcome, WorkKind
from schemas.mapping import Account, MappedEvent, Path, Value

MOST_FACTS: Final = 2_000
"""How many facts a rule makes of one delivery at most; more elements are untranslatable."""

_BRANCH: Final = "branch"
_HEADS: Final = "refs/heads/"


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
    told = [condition.path for condition in conditions] + [*said.labels, *said.quantities.values(), *paths_in(values)]
    head = said.each.steps if said.each else ()
    for path in told:
        yield Path(path.text, (*head, *path.steps)) if path.of_element else path
    if said.each is not None:
        yield said.each


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
    own = {name: value for name, value in said.attributes.items() if name != _BRANCH}
    made = _Made(
        subject=subject_of(said.subject, shape),
        at=moment_of(said.at, shape),
        order=text_of(said.order, shape),
        url=text_of(said.url, shape),
        state=text_of(said.state, shape),
        outcome=outcome_of(said.outcome, shape),
        environment=text_of(said.environment, shape),
        kind=work_kind_of(said, shape),
        by=account_of(said.actor, shape),
        links=links_of(said.links, shape),
        branch=text_of(said.attributes.get(_BRANCH), shape),
        attributes={name: attribute_of(name, value, shape) for name, value in own.items()},
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
    if hidden is not None and PIPELINE in attributes:
        attributes[PIPELINE] = unless_naming(hidden, attributes[PIPELINE])
    if "project" not in attributes and subject.startswith("ticket:"):
        attributes["project"] = ticket_project(subject)
    state, outcome = made.state(scope), made.outcome(scope)
    url, order = made.url(scope), made.order(scope)
    told = (state, outcome and outcome.value, attributes.get(DECISION))
    return fact(
        context,
        event_type,
        subject,
        made.at(scope),
        told_apart=[text or "" for text in (told if made.told_apart is None else [t(scope) for t in made.told_apart])],
        order=whole(order) if order is not None else None,
        url=unless_naming(hidden, url) if hidden is not None else url,
        links=made.links(scope, context),
        state=state,
        outcome=outcome,
        environment=environment,
        work_kind=made.kind(scope),
        by=made.by(scope, context),
        attributes={**attributes, _BRANCH: kept, "environment_raw": word},
        quantities=numbers_of(made.quantities, scope) if made.quantities else {},
    )
