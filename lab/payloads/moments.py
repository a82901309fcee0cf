"""Times as the tools write them, from whole seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone


def zulu(at: int) -> str:
    """Return `2025-11-01T08:30:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def zulu_millis(at: int) -> str:
    """Return `2025-11-01T08:30:00.000Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def with_offset(at: int, hours: int) -> str:
    """Return `2025-11-01T10:30:00+02:00`: the author's clock."""
    return datetime.fromtimestamp(at, timezone(timedelta(hours=hours))).isoformat(timespec="seconds")


def jira(at: int, hours: int = 1) -> str:
    """Return `2025-11-01T09:30:00.000+0100`."""
    return datetime.fromtimestamp(at, timezone(timedelta(hours=hours))).strftime("%Y-%m-%dT%H:%M:%S.000%z")
