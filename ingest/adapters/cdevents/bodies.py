"""The CDEvents envelope, typed: 0.3 to the 0.6 draft, bare or as the data of a CloudEvent."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.adapter import Untranslatable

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
    name: str | None = None
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


class _Wrapped(Struct, frozen=True):
    data: Event | None = None
    context: msgspec.Raw = msgspec.Raw()


class _Kind(Struct, frozen=True):
    type: str = ""
    id: str = ""


class _Inner(Struct, frozen=True):
    context: _Kind = _Kind()


class Envelope(Struct, frozen=True):
    """Just enough of a body to name it: a bare event's context, or a CloudEvent's own type and id."""

    context: _Kind | None = None
    data: _Inner | None = None
    type: str = ""
    id: str = ""

    @property
    def kind(self) -> _Kind:
        """The type and id of the CDEvent inside, else the CloudEvent's."""
        if self.context is not None:
            return self.context
        return self.data.context if self.data is not None and self.data.context.type else _Kind(self.type, self.id)


_event: Final = msgspec.json.Decoder(Event).decode
_wrapped: Final = msgspec.json.Decoder(_Wrapped).decode
envelope: Final = msgspec.json.Decoder(Envelope).decode
"""Decode just enough of a body to name it."""


def decode(body: bytes) -> Event:
    """Return the event of a body, bare or wrapped in a CloudEvent. Raises Untranslatable without one."""
    told = _wrapped(body)
    if told.data is not None:
        return told.data
    if not told.context:
        raise Untranslatable("context is missing")
    return _event(body)


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
