"""The CDEvents envelope, typed: 0.3 to the 0.6 draft."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

PREFIX: Final = "dev.cdevents."
"""What a type begins with; `dev.cdeventsx.` begins a custom one."""

CUSTOM_PREFIX: Final = "dev.cdeventsx."
"""What a custom event's type begins with."""

CUSTOM: Final = "custom"
"""The event type of all custom events."""

LINK: Final = "link"
"""The event type of a link that is sent by itself, and is no event."""


class End(Struct, frozen=True, gc=False):
    """An end of a link: an event by its id, or what it is about in another system by its domain id."""

    event: str | None = msgspec.field(name="contextId", default=None)
    domain: str | None = msgspec.field(name="domainId", default=None)


class Embedded(Struct, frozen=True, gc=False):
    """A link in an event's context: RELATION to a target, PATH and END from what came before."""

    type: str = msgspec.field(name="linkType", default="")
    kind: str | None = msgspec.field(name="linkKind", default=None)
    target: End | None = None
    origin: End | None = msgspec.field(name="from", default=None)


class Alone(Struct, frozen=True):
    """A link that is sent by itself: RELATION of a source to a target, PATH from and to, START, END."""

    timestamp: str | int
    type: str = msgspec.field(name="linkType", default="")
    kind: str | None = msgspec.field(name="linkKind", default=None)
    source: End | None = None
    target: End | None = None
    origin: End | None = msgspec.field(name="from", default=None)
    to: End | None = None
    end: End | None = None


class About(Struct, frozen=True, gc=False):
    """The context: what happened, when, and who says so."""

    type: str
    timestamp: str | int
    source: str = ""
    id: str = ""
    chain: str | None = msgspec.field(name="chainId", default=None)
    links: tuple[Embedded, ...] | None = None


class Reference(Struct, frozen=True, gc=False):
    """A reference to another subject."""

    id: str = ""
    source: str | None = None
    uri: str | None = None
    name: str | None = None


class Content(Struct, frozen=True):
    """All fields of all subjects' contents that a translation needs; a subject has some of them."""

    artifact: str | None = msgspec.field(name="artifactId", default=None)
    artifact_reference: Reference | None = msgspec.field(name="artifact", default=None)
    change: Reference | None = None
    decision: str | None = None
    environment: Reference | None = None
    labels: tuple[str, ...] | None = None
    outcome: str | None = None
    pipeline: str | None = msgspec.field(name="pipelineName", default=None)
    pipeline_run: Reference | None = msgspec.field(name="pipelineRun", default=None)
    priority: str | None = None
    repository: Reference | None = None
    resolution: str | None = None
    service: Reference | str | None = None
    severity: str | None = None
    status: str | None = None
    task: str | None = msgspec.field(name="taskName", default=None)
    test_case_run: Reference | None = msgspec.field(name="testCaseRun", default=None)
    test_suite: Reference | None = msgspec.field(name="testSuite", default=None)
    test_suite_run: Reference | None = msgspec.field(name="testSuiteRun", default=None)
    ticket_type: str | None = msgspec.field(name="ticketType", default=None)
    uri: str | None = None
    url: str | None = None
    view: str | None = msgspec.field(name="viewUrl", default=None)


class Subject(Struct, frozen=True):
    """What it happened to."""

    id: str
    source: str | None = None
    content: Content = Content()


class Event(Struct, frozen=True):
    """One CDEvent."""

    context: About
    subject: Subject
    custom: Any = msgspec.field(name="customData", default=None)

    @property
    def home(self) -> str:
        """The source that the subject's id is unique in, and a reference's that names none."""
        return self.subject.source or self.context.source


class Named(Struct, frozen=True, gc=False):
    """What a custom event happened to; its content is whatever its maker says, and not read."""

    id: str
    source: str | None = None


class CustomEvent(Struct, frozen=True):
    """An event of a type that is defined outside CDEvents."""

    context: About
    subject: Named
    custom: Any = msgspec.field(name="customData", default=None)


class Kind(Struct, frozen=True):
    """The type and id in a context."""

    type: str = ""
    id: str = ""


class Envelope(Struct, frozen=True):
    """Just enough of a body to name it."""

    context: Kind = Kind()
    link: str = msgspec.field(name="linkType", default="")


decode: Final = msgspec.json.Decoder(Event).decode
"""Decode one CDEvent, typed."""

decode_custom: Final = msgspec.json.Decoder(CustomEvent).decode
"""Decode one custom event, typed."""

decode_link: Final = msgspec.json.Decoder(Alone).decode
"""Decode a link that is sent by itself."""

envelope: Final = msgspec.json.Decoder(Envelope).decode
"""Decode just enough of a body to name it."""

_CUSTOM_TYPE: Final = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)\.([a-z0-9]+)\.[0-9][a-z0-9.-]*")
_NO_LETTERS: Final = re.compile(r"[^a-z]+")
_LONGEST_TYPE: Final = 128


def subject_and_predicate(written: str) -> str:
    """Return `change.merged` of `dev.cdevents.change.merged.0.2.0`, `custom` of a custom type, '' of any other."""
    if written.startswith(CUSTOM_PREFIX):
        return CUSTOM
    if not written.startswith(PREFIX):
        return ""
    parts = written.removeprefix(PREFIX).split(".", 2)
    return ".".join(parts[:2]).lower() if len(parts) > 1 else ""


def custom_predicate(written: str) -> str | None:
    """Return `acme_cart_expired` of `dev.cdeventsx.acme-cart.expired.0.1.0`; None of what is no such type."""
    found = _CUSTOM_TYPE.fullmatch(written[:_LONGEST_TYPE].lower().removeprefix(CUSTOM_PREFIX))
    return _NO_LETTERS.sub("_", f"{found[1]}_{found[2]}").strip("_") or None if found else None


def texts(custom: object) -> dict[str, str]:
    """Return the texts of an event's custom data; {} where it is no object."""
    return {str(k): v for k, v in custom.items() if isinstance(v, str)} if isinstance(custom, dict) else {}
