"""One flow event from what an adapter read; pure. Keeps the promises that hold for every tool."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Final, TypedDict

from ingest.adapter import Context, Untranslatable
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.kept_text import without_addresses
from ingest.vocabulary.times import FUTURE_TIME, FUTURE_TOLERANCE_MICROS, Moment
from schemas.event import IMPLAUSIBLE_TIME, PATHS, FlowEvent, Link, Outcome, WorkKind
from schemas.forgetting import ORDERS
from schemas.identity import event_id

MOST_CHARACTERS: Final = 512
"""Longer texts are cut in attributes and states; a longer subject is refused."""

MOST_LINKS: Final = 128
"""A fact keeps this many links, the first."""

MOST_URL_CHARACTERS: Final = 2_048
"""A longer address is left out, and so is one that holds credentials or a mail address."""

MOST_AT_ONCE: Final = 10_000
"""A delivery that has more to tell than this, each a fact of its own, is refused: no tool sends as much."""

_SOMEBODY: Final = re.compile(r"^[^/]*//[^/?#]*@|[^/@\s]@(?:[\w-]+\.)+[A-Za-z]{2,}(?![\w.-])")
_NO_ATTRIBUTES: Final[Mapping[str, str | None]] = {}
_NO_QUANTITIES: Final[Mapping[str, float]] = {}
_LONG_MIN: Final = -(2**63)
_LONG_MAX: Final = 2**63 - 1


class Said(TypedDict, total=False):
    """What may be said of a fact beside its type, subject and time.

    `told_apart` is what tells it from another fact of the same subject, type and time. Attributes that are None or ''
    are left out. `paths` are those of the files it touched, one a line, never cut.
    """

    told_apart: Sequence[str]
    order: int | None
    url: str | None
    links: tuple[Link, ...]
    state: str | None
    outcome: Outcome | None
    environment: str | None
    work_kind: WorkKind | None
    by: Actor
    quantities: Mapping[str, float]
    attributes: Mapping[str, str | None]
    paths: str | None


def fact(  # noqa: PLR0913 - what may be said of a fact
    context: Context,
    event_type: str,
    subject_id: str,
    at: Moment,
    *,
    told_apart: Sequence[str] = (),
    order: int | None = None,
    url: str | None = None,
    links: tuple[Link, ...] = (),
    state: str | None = None,
    outcome: Outcome | None = None,
    environment: str | None = None,
    work_kind: WorkKind | None = None,
    by: Actor = UNKNOWN,
    quantities: Mapping[str, float] = _NO_QUANTITIES,
    attributes: Mapping[str, str | None] = _NO_ATTRIBUTES,
    paths: str | None = None,
) -> FlowEvent:
    """Return the flow event, unrouted, with its deterministic id; `Said` tells what the rest means.

    No mail address is kept in its state and attributes. A time before 1990 and one too far after the arrival are
    flagged in the attributes. Raises Untranslatable for a subject that no log key can hold (NUL inside, or far too
    long), for an order beyond 64 bits, and for a type that would be obeyed in place of being kept.
    """
    if "\0" in subject_id or len(subject_id) > MOST_CHARACTERS:
        raise Untranslatable("the subject's id is not usable")
    if event_type in ORDERS:
        raise Untranslatable("the type is that of an order to forget, which no sender gives")
    if order is not None and not _LONG_MIN <= order <= _LONG_MAX:
        raise Untranslatable("the tool's sequence number is not usable")
    occurred_at, pseudonym = at.micros, context.pseudonym
    kept = {}
    for name, text in attributes.items():
        if text:
            kept[name] = _kept(text, pseudonym) if "@" in text or len(text) > MOST_CHARACTERS else text
    if paths:
        kept[PATHS] = paths
    if at.implausible is not None:
        kept[IMPLAUSIBLE_TIME] = at.implausible
    if occurred_at - context.received_at > FUTURE_TOLERANCE_MICROS:
        kept[FUTURE_TIME] = "true"
    return FlowEvent(
        event_id=event_id(context.tool, event_type, subject_id, occurred_at, told_apart),
        type=event_type,
        occurred_at=occurred_at,
        received_at=context.received_at,
        tool=context.tool,
        source=context.source,
        delivery_id=context.delivery_id,
        subject_id=subject_id,
        order=order,
        subject_url=url if url and len(url) <= MOST_URL_CHARACTERS and not _names_somebody(url) else None,
        links=_usable(links) if links else links,
        state=_kept(state, pseudonym) if state else None,
        outcome=outcome,
        environment=environment or None,
        work_kind=work_kind,
        actor_class=by.actor_class,
        actor=by.actor,
        quantities=quantities,
        attributes=kept,
    )


def check_size(told: Sized, field: str) -> None:
    """Raise Untranslatable, naming `field`, where a list tells of more than `MOST_AT_ONCE`."""
    if len(told) > MOST_AT_ONCE:
        raise Untranslatable(f"{field} holds too much")


def _kept(text: str, pseudonym: Callable[[str], str]) -> str:
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS]
    return without_addresses(text, pseudonym) if "@" in text else text


def _names_somebody(url: str) -> bool:
    """Tell whether an address holds credentials or a mail address; `/@acme/app@1.4.2` is neither."""
    return ("@" in url or "%40" in url) and _SOMEBODY.search(url.replace("%40", "@")) is not None


def _usable(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """Return the links whose target can be a subject, at most `MOST_LINKS`."""
    for link in links:
        if "\0" in link.uri or len(link.uri) > MOST_CHARACTERS:
            usable = [one for one in links if len(one.uri) <= MOST_CHARACTERS and "\0" not in one.uri]
            return tuple(usable[:MOST_LINKS])
    return links[:MOST_LINKS]
