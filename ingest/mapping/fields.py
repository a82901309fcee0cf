"""The readers of a rule's fields that are more than a text: times, outcomes, kinds of work, accounts, attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Final
from urllib.parse import unquote

from ingest.adapter import Context, Untranslatable
from ingest.facts import MOST_CHARACTERS
from ingest.mapping.shape import Shape
from ingest.mapping.values import Found, Scope, found, name_of, plain_text, text_of
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.entity_names import is_plain
from ingest.vocabulary.kept_text import holds_branch, kept_of_label
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import ActorClass, Outcome, WorkKind
from schemas.mapping import REPOSITORY, Account, MappedEvent, Value

DECISIONS: Final = frozenset(
    {"approved", "changes_requested", "commented", "denied", "dismissed", "expired", "granted", "rejected"}
)
"""The words of the attribute `decision`; any other is left out."""

DECISION: Final = "decision"
PIPELINE: Final = "pipeline"

_NAMES: Final = frozenset({"activity", PIPELINE, "project", "service"})
"""The attributes that are names of things, kept as they are."""

_LABELS: Final = 64
_MOST_DIGITS: Final = 20
_OUTCOMES: Final = {outcome.value: outcome for outcome in Outcome}
_CLASSES: Final = {actor_class.value: actor_class for actor_class in ActorClass}
_KINDS: Final = {kind.value: kind for kind in WorkKind}

Attribute = Callable[[Scope, Context], str | None]
"""Reads one attribute of a delivery."""


def unless_naming(hidden: str, text: str | None) -> str | None:
    """Return a text, unless it holds the name of the branch, of which not all is kept."""
    return None if text and holds_branch(unquote(unquote(text)), hidden) else text


def whole(text: str) -> int:
    """Return a tool's sequence number. Raises Untranslatable for what is none."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _MOST_DIGITS:
        raise Untranslatable("the tool's sequence number is not usable")
    return int(text)


def numbers_of(paths: Mapping[str, Found], scope: Scope) -> dict[str, float]:
    """Return the finite numbers that paths find; what is no number is left out."""
    numbers = {}
    for name, path in paths.items():
        value = path.one(scope)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63 and isfinite(value):
            numbers[name] = float(value)
    return numbers


def moment_of(value: Value, shape: Shape) -> Callable[[Scope], Moment]:
    """Return what reads a time: a text, or a number of seconds, milliseconds, microseconds or nanoseconds."""
    look, name = text_of(value, shape), name_of(value)
    if len(value.paths) != 1 or value.words is not None:
        return lambda scope: moment(look(scope), name)
    one = found(value.paths[0], shape).one

    def at(scope: Scope) -> Moment:
        raw = one(scope)
        return moment(raw if isinstance(raw, int | float) and not isinstance(raw, bool) else plain_text(raw), name)

    return at


def outcome_of(value: Value | None, shape: Shape) -> Callable[[Scope], Outcome | None]:
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


def work_kind_of(said: MappedEvent, shape: Shape) -> Callable[[Scope], WorkKind | None]:
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


def account_of(account: Account | None, shape: Shape) -> Callable[[Scope, Context], Actor]:
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


def attribute_of(name: str, value: Value, shape: Shape) -> Attribute:
    """Return what reads an attribute: names of things as they are, of what anybody may write what names nobody."""
    look = text_of(value, shape)
    own = value.words is not None or (value.constant is not None)
    if name == REPOSITORY:
        return lambda scope, _context: repository_of(look(scope) or "")
    if name == DECISION:
        return lambda scope, _context: text if (text := look(scope)) in DECISIONS else None
    if own or name in _NAMES:
        return lambda scope, _context: look(scope)

    def attribute(scope: Scope, context: Context) -> str | None:
        text = look(scope)
        return text if text is None or is_plain(text) else kept_of_label(text, context.pseudonym)

    return attribute
