"""What a metric is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from metrics.codes import Held
from metrics.slices import Slice
from schemas.definition import ValueStream

MINIMUM_N: Final = 5
"""Quantiles, means and ratios of fewer are unknown; counts need one."""

_EMPTY: Final = Held({})


def _none_before(_: int) -> int:
    return 0


def _no_begins(_: Sequence[int]) -> list[int]:
    return []


class Reading(Struct, frozen=True, kw_only=True, gc=False):
    """One answer of a metric.

    `value` None: unknown. `n` counts what stands behind it; `lower`, `upper` bound it where that can be said.
    `known` is the share of what should stand behind it that does. `kind` and `step` tell answers of one metric
    apart, '' for all.
    """

    statistic: str
    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None
    known: float = 1.0
    kind: str = ""
    step: str = ""


class StepTally(Struct, frozen=True, kw_only=True, gc=False):
    """One step of the map: its plain counts in the window, and how many visits are open now.

    `is_inlet`: the map's first step, where no value is added: what stands there is demand. `slices` are the window's,
    between the basis' `edges`.
    """

    step: str
    counts: Mapping[int, int]
    open: int = 0
    is_inlet: bool = False
    slices: Sequence[Slice] = ()


class Basis(Struct, frozen=True, kw_only=True, eq=False):
    """What a metric is computed from; which fields are filled depends on its scope.

    `now` and `window_start` are microseconds UTC, `seconds` the window's length. `cell` holds the window's amounts,
    `held` its sketches.
    `open` counts what is open now, `earliest` is the begin of the oldest of it, `begins` the sum of all their begins
    and `opened_before` tells how many of them began before an instant, `begins_at` the begins at some places (from 0,
    ascending); `available_micros` is the working time in the window's length, elapsed without a calendar;
    `targets` are the quantiles that have a target, by measure; `seen` counts every begin and end so far.
    `steps` are the map's steps in its order, `edges` bound the slices of the window (microseconds, ascending).
    `observed` is the share of the window since the stream's first fact, None before it; `told` the share of the facts
    that the window's facts presuppose which are known.
    """

    now: int
    window_start: int = 0
    seconds: int = 0
    cell: Mapping[int, int] = {}
    held: Held = _EMPTY
    open: int = 0
    earliest: int | None = None
    begins: int = 0
    opened_before: Callable[[int], int] = _none_before
    begins_at: Callable[[Sequence[int]], list[int]] = _no_begins
    available_micros: int = 0
    targets: Mapping[str, tuple[str, ...]] = {}
    seen: int = 0
    steps: tuple[StepTally, ...] = ()
    edges: Sequence[int] = ()
    newest_occurred_at: int | None = None
    facts: int = 0
    lost_facts: int = 0
    observed: float | None = None
    told: float = 1.0


class Scope(StrEnum):
    """What a metric is about, and so which basis it is given."""

    STEP = "step"
    """One step in one window."""
    STEP_NOW = "step_now"
    """One step now."""
    FLOW = "flow"
    """A stream's items in one window."""
    FLOW_NOW = "flow_now"
    """A stream's items now."""
    SERVICE = "service"
    """One service, or all, in production, or all in another environment, in one window."""
    MAP = "map"
    """All steps of a map together in one window."""
    FEED = "feed"
    """A stream's facts as a whole, over one window."""
    FEED_NOW = "feed_now"
    """A stream's facts as a whole, now."""


Applies = Callable[[ValueStream], bool]
"""Whether something holds of a metric in a stream."""


def always(_: ValueStream) -> bool:
    """It holds in every stream."""
    return True


def never(_: ValueStream) -> bool:
    """It holds in no stream."""
    return False


Compute = Callable[[Basis], Sequence[Reading]]
"""Pure. The same series in every answer, unknown where there is too little."""


class Metric(Struct, frozen=True, kw_only=True):
    """One metric: `name` is its Prometheus name without `vsm_`, and the name of its page under docs/metrics.

    `by_kind`: said for each kind of work too. `production`: said of production alone. `applies` tells whether a stream
    has it at all, `ticks` whether the clock alone moves it there.
    """

    name: str
    scope: Scope
    compute: Compute
    by_kind: bool = False
    production: bool = False
    applies: Applies = always
    ticks: Applies = never
