"""The bodies of Sentry's webhooks, typed: only the fields that a translation needs."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

Data = TypeVar("Data")


class Account(Struct, frozen=True, gc=False):
    """Who did it; the name is not read."""

    id: str | int = ""
    type: str = ""


class Project(Struct, frozen=True, gc=False):
    """The project; its slug is the service."""

    slug: str = ""


class Issue(Struct, frozen=True):
    """An issue; older releases tell no priority. Its title and culprit are not read."""

    id: str | int
    first_seen: str | None = msgspec.field(name="firstSeen", default=None)
    level: str | None = None
    priority: str | None = None
    status: str | None = None
    substatus: str | None = None
    project: Project | None = None
    web_url: str | None = None
    permalink: str | None = None


class OfIssue(Struct, frozen=True):
    """What an issue's delivery is about."""

    issue: Issue


class Event(Struct, frozen=True):
    """The event that set an alert rule off; `url` is of the API and names the project."""

    issue_id: str | int
    datetime: str | None = None
    timestamp: float | str | None = None
    level: str | None = None
    release: str | None = None
    environment: str | None = None
    tags: tuple[tuple[str | None, str | None], ...] | None = None
    url: str | None = None
    web_url: str | None = None


class OfEvent(Struct, frozen=True):
    """What an issue alert's delivery is about; the rule's name is not read."""

    event: Event


class Rule(Struct, frozen=True):
    """A metric alert's rule."""

    environment: str | None = None


class MetricAlert(Struct, frozen=True):
    """One breach of a metric alert's rule."""

    id: str | int
    date_detected: str | None = None
    date_started: str | None = None
    date_closed: str | None = None
    projects: tuple[str, ...] | None = None
    alert_rule: Rule | None = None


class OfMetricAlert(Struct, frozen=True):
    """What a metric alert's delivery is about."""

    metric_alert: MetricAlert
    web_url: str | None = None


class Body(Struct, Generic[Data], frozen=True):
    """A delivery."""

    action: str
    data: Data
    actor: Account | None = None
