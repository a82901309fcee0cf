"""A point: which amounts one instant of a row adds, and to which series; and what the series are called."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from metrics.windows import Amounts

KINDS: Final = ("feature", "defect", "risk", "debt")
"""The kinds of work that have series of their own."""

FLOW: Final = "flow:"
"""The series of a stream's items."""


class Point(NamedTuple):
    """One instant of one row: `opens` is +1 where something becomes open that began at `begin`, -1 where it ends.

    It counts in `series`, and in `also` where that is not '': that of its kind of work, or of its service.
    """

    at: int
    series: str
    amounts: Amounts
    opens: int = 0
    begin: int = 0
    also: str = ""


@lru_cache(maxsize=4_096)
def step_series(step: str, kind: str = "") -> str:
    """Return the series of a step's visits, of one kind of work or ('') of all."""
    return f"step/{kind}:{step}" if kind else f"step:{step}"


@lru_cache(maxsize=16)
def flow_series(kind: str = "") -> str:
    """Return the series of a stream's items, of one kind of work or ('') of all."""
    return f"flow/{kind}:" if kind else FLOW


def service_series(service: str) -> str:
    """Return the series of a service's production deployments and changes; '' is all services."""
    return f"service:{service}"


def environment_series(environment: str) -> str:
    """Return the series of all services' deployments to an environment before production."""
    return f"environment:{environment}"


class SeriesName(NamedTuple):
    """What a series is of: `family` is step, flow, service or environment, `label` which of them; `kind` '' is all."""

    family: str
    kind: str
    label: str


@lru_cache(maxsize=4_096)
def named(series: str) -> SeriesName:
    """Return what the name of a series says."""
    head, _, label = series.partition(":")
    family, _, kind = head.partition("/")
    return SeriesName(family, kind, label)
