"""Corrections that people make of links, one JSON object each, as flow events of the stream they are made in; pure.

`asserted`: the subject is linked to the target, whatever the tools say. `denied`: it is not. Where both ends of a
membership may tell of it (a commit or change and what holds it), a correction becomes one fact of each end.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from ingest.adapter import Context, Untranslatable
from ingest.facts import fact
from ingest.imports import Pseudonym, Refusal, Text, Word
from ingest.receive import NOT_JSON, TOO_DEEP
from ingest.vocabulary.actors import Actor
from ingest.vocabulary.times import Moment, moment
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.event_types import LINK_ASSERTED, LINK_DENIED
from schemas.identity import bare_ticket_uri, entity_kind

MOST: Final = 1_000
"""So many corrections in one request."""

TOOL: Final = "vsm"
_SOURCE: Final = "links"
_ANY_TICKET: Final = bare_ticket_uri("")
_LATEST_MICROS: Final = 7_258_118_400_000_000
"""2200-01-01T00:00Z: facts of later times derive nothing."""


class Verdict(StrEnum):
    """What somebody says of a link."""

    ASSERTED = "asserted"
    DENIED = "denied"


class Correction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One correction. `subject` and `target` are entities' URIs; `at` is ISO 8601, by default the arrival."""

    value_stream: Text
    subject: Annotated[str, Meta(pattern=r"^[a-z]+:.", max_length=512)]
    kind: LinkKind = LinkKind.PART_OF
    target: Annotated[str, Meta(pattern=r"^[a-z]+:.", max_length=512)]
    verdict: Verdict = Verdict.ASSERTED
    at: Text | None = None
    actor_account: Word | None = None


SUBJECTS: Final[Mapping[LinkKind, Mapping[str, frozenset[str]]]] = {
    LinkKind.PART_OF: {
        "change": frozenset({"ticket"}),
        "commit": frozenset({"ticket", "change", "commit"}),
        "run": frozenset({"ticket", "change", "commit"}),
        "artifact": frozenset({"ticket", "change", "commit"}),
    },
    LinkKind.CONTAINS: {"change": frozenset({"commit"}), "ticket": frozenset({"change", "commit"})},
    LinkKind.MERGED_AS: {"change": frozenset({"commit"})},
    LinkKind.BUILT_FROM: {"artifact": frozenset({"commit"})},
    LinkKind.DEPLOYS: {"deployment": frozenset({"commit", "artifact"})},
    LinkKind.CAUSED_BY: {"incident": frozenset({"deployment", "commit", "change", "artifact"})},
}
"""Which kinds of entities a kind of link leads from and to; one that only relates leads from any to any."""

_TYPES: Final = {Verdict.ASSERTED: LINK_ASSERTED, Verdict.DENIED: LINK_DENIED}
_ONE: Final = msgspec.json.Decoder(Correction)
_SEVERAL: Final = msgspec.json.Decoder(Annotated[list[Correction], Meta(min_length=1, max_length=MOST)])


def corrections(
    body: bytes, streams: tuple[str, ...], received_at: int, pseudonym: Pseudonym
) -> tuple[FlowEvent, ...] | Refusal:
    """Return the facts of one correction or of an array of them; or why none of them is taken."""
    try:
        given = _SEVERAL.decode(body) if body.lstrip()[:1] == b"[" else [_ONE.decode(body)]
        return tuple(event for one in given for event in _facts(one, streams, received_at, pseudonym))
    except (msgspec.ValidationError, Untranslatable) as bad:
        return Refusal(status=400, reason=str(bad))
    except RecursionError:
        return Refusal(status=400, reason=TOO_DEEP)
    except (msgspec.DecodeError, UnicodeError):
        return Refusal(status=400, reason=NOT_JSON)


def _facts(said: Correction, streams: tuple[str, ...], received_at: int, pseudonym: Pseudonym) -> list[FlowEvent]:
    if said.value_stream not in streams:
        known = ", ".join(streams) or "none"
        raise Untranslatable(f"value_stream: there is no value stream '{said.value_stream}'; there are: {known}")
    _check(said)
    at = Moment(received_at) if said.at is None else moment(said.at, "at")
    if at.implausible is not None or at.micros >= _LATEST_MICROS:
        raise Untranslatable("at: a correction of this time would never hold")
    return [_fact(said, *end, at, received_at, pseudonym) for end in _ends(said)]


def _check(said: Correction) -> None:
    """Raise Untranslatable for a link that could never mean anything, with those that could."""
    if "\0" in said.target:
        raise Untranslatable("target: this can be no entity's URI")
    if said.subject.startswith(_ANY_TICKET):
        raise Untranslatable("subject: this names a ticket of any tracker; name the one")
    if said.kind is LinkKind.RELATES_TO:
        return
    leads, kind = SUBJECTS[said.kind], entity_kind(said.subject)
    if kind not in leads:
        raise Untranslatable(f"subject: '{said.kind}' leads from {_either(leads)}, not from '{kind}'")
    if entity_kind(said.target) not in leads[kind]:
        raise Untranslatable(
            f"target: '{said.kind}' leads from {kind} to {_either(leads[kind])}, not to '{entity_kind(said.target)}'"
        )


def _ends(said: Correction) -> list[tuple[str, LinkKind, str]]:
    """Return (subject, kind, target) of the fact, and of each other way in which tools may tell of the same link."""
    if said.kind is LinkKind.CONTAINS:
        lower, upper = said.target, said.subject
    elif said.kind is LinkKind.PART_OF and entity_kind(said.subject) in SUBJECTS[LinkKind.CONTAINS].get(
        entity_kind(said.target), ()
    ):
        lower, upper = said.subject, said.target
    else:
        return [(said.subject, said.kind, said.target)]
    ends = [(lower, LinkKind.PART_OF, upper)]
    if not upper.startswith(_ANY_TICKET):
        ends.append((upper, LinkKind.CONTAINS, lower))
    if said.verdict is Verdict.DENIED and upper.startswith("change:"):
        ends.append((upper, LinkKind.MERGED_AS, lower))
    return ends


def _fact(
    said: Correction, subject: str, kind: LinkKind, target: str, at: Moment, received_at: int, pseudonym: Pseudonym
) -> FlowEvent:
    context = Context(
        tool=TOOL, source=_SOURCE, delivery_id="", received_at=received_at, headers={},
        pseudonym=lambda account: pseudonym(TOOL, account), environment=str,
    )  # fmt: skip
    actor = pseudonym(TOOL, said.actor_account) if said.actor_account else None
    event = fact(
        context,
        _TYPES[said.verdict],
        subject,
        at,
        told_apart=(kind, target),
        links=(Link(uri=target, kind=kind, method=LinkMethod.EXPLICIT),),
        by=Actor(ActorClass.HUMAN, actor),
        attributes={"routed_by": "import"},
    )
    return msgspec.structs.replace(event, value_stream=said.value_stream)


def _either(kinds: Mapping[str, object] | frozenset[str]) -> str:
    return " or ".join(sorted(kinds))
