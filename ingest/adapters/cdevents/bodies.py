"""The CDEvents envelope, typed: 0.3 to the 0.6 draft."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

PREFIX: Final = "dev.cdevents."
"""What a type begins with; `dev.cdeventsx.` begins a custom one."""

CUSTOM_PREFIX: Final = "dev.cdeventsx."
"""What a custom event's type begins with."""

CUSTOM: Final = "custom"
"""The event type of all custom events."""


class About(Struct, frozen=True, gc=False):
    """The context: what happened, when, and who says so."""

    type: str
    timestamp: str | int
    source: str = ""
    id: str = ""
    chain: str | None = msgspec.field(name="chainId", default=None)


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


class Kind(Struct, frozen=True):
    """The type and id in a context."""

    type: str = ""
    id: str = ""


class Envelope(Struct, frozen=True):
    """Just enough of a body to name it."""

    context: Kind = Kind()


decode: Final = msgspec.json.Decoder(Event).decode
"""Decode one CDEvent, typed."""

envelope: Final = msgspec.json.Decoder(Envelope).decode
"""Decode just enough of a body to name it."""


def subject_and_predicate(written: str) -> str:
    """Return `change.merged` of `dev.cdevents.change.merged.0.2.0`, `custom` of a custom type, '' of any other."""
    if written.startswith(CUSTOM_PREFIX):
        return CUSTOM
    if not written.startswith(PREFIX):
        return ""
    parts = written.removeprefix(PREFIX).split(".", 2)
    return ".".join(parts[:2]).lower() if len(parts) > 1 else ""


def texts(custom: object) -> dict[str, str]:
    """Return the texts of an event's custom data; {} where it is no object."""
    return {str(k): v for k, v in custom.items() if isinstance(v, str)} if isinstance(custom, dict) else {}
