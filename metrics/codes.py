"""What a cell's codes mean: plain counts and sums below `WIDTH`, then one range of `WIDTH` codes for each sketch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import Final

from metrics.sketch import BINS, bin_of
from metrics.windows import INSTANTS, Amounts

WIDTH: Final = 4_096
_TOTAL: Final = WIDTH - 1
assert BINS < _TOTAL  # noqa: S101 - the layout's own promise, checked once at import

COUNTED: Final = (INSTANTS, 1)
"""The pair that every instant carries."""

# A step's visits.
ARRIVED: Final = 1
COMPLETED: Final = 2
RETURNED: Final = 3
STANDING: Final = 4
"""Sum of +1 for each visit that opens and -1 for each that ends."""
STANDING_MOMENT: Final = 5
"""Sum of the same, each times its instant."""

# A stream's items.
DONE: Final = 6
DONE_OF_KIND: Final = {"feature": 7, "defect": 8, "risk": 9, "debt": 10}
PARTED: Final = 11
"""Completed items whose flow time is parted, and the sums of their active, whole and charged (active, blocked or
waiting) microseconds."""
PARTED_ACTIVE: Final = 12
PARTED_FLOW: Final = 13
PARTED_CHARGED: Final = 19
PARTED_ACTIVE_SQUARED: Final = 40
"""Sums of their squares and products, micros²: how a ratio of the sums varies."""
PARTED_ACTIVE_CHARGED: Final = 41
PARTED_CHARGED_SQUARED: Final = 42
PATHED: Final = 43
"""Completed items whose critical path is known; the sums of its process time and of order to done, micros, and of
their squares and product, micros²."""
PATH: Final = 44
PATH_ORDER: Final = 46
PATH_SQUARED: Final = 47
PATH_BY_ORDER: Final = 48
PATH_ORDER_SQUARED: Final = 49

STANDING_BEGINS: Final = 45
"""Sum of the begins of the items that open, less that of those that end: how the begins of all open ones change."""

# A service's deployments and changes.
DEPLOYED: Final = 15
SUCCEEDED: Final = 16
FAILED: Final = 17
FAILED_CERTAINLY: Final = 18
REWORKED: Final = 20
CHANGED: Final = 21
"""Changes deployed, the left-censored not among them."""

BATCHED: Final = 50
"""Successful deployments but for the first seen of a service and environment."""
DAYS: Final = 256
"""The first of `DAY_CODES` codes, one for each UTC day number modulo so many: successful deployments that day."""
DAY_CODES: Final = 128

# Targets: finished things whose duration is known and no longer than the target for a quantile, by its name.
FLOW_TIME_MET: Final = {"p50": 60, "p85": 61, "p95": 62}
WAIT_MET: Final = {"p50": 63, "p85": 64, "p95": 65}
PROCESS_MET: Final = {"p50": 66, "p85": 67, "p95": 68}
LEAD_MET: Final = {"p50": 69, "p85": 70, "p95": 71}

# Sketches.
WAIT: Final = 1
PROCESS: Final = 2
LEAD: Final = 3
FLOW: Final = 4
CHANGE_LEAD: Final = 5
RECOVERY: Final = 6
WAIT_WORKING: Final = 7
PROCESS_WORKING: Final = 8
LEAD_WORKING: Final = 9
BLOCKED: Final = 10
FLOW_WORKING: Final = 11
HANDOFFS: Final = 12
EFFORT: Final = 13
BATCH: Final = 14
CODING: Final = 15
PICKUP: Final = 16
REVIEW: Final = 17
DEPLOY: Final = 18
UNACCOUNTED: Final = 19


def duration(sketch: int, micros: int | None) -> Amounts:
    """Return the pairs that put a duration (or a whole amount) into a sketch; none when it is unknown or negative."""
    if micros is None or micros < 0:
        return ()
    low = sketch * WIDTH
    return (low + bin_of(micros), 1), (low + _TOTAL, micros)


class Held:
    """A cell sorted once, so that each of its sketches is a slice; what `Sketch` says, faster."""

    __slots__ = ("_cell", "_codes")

    def __init__(self, cell: Mapping[int, int]) -> None:
        self._cell = cell
        self._codes = sorted(cell)

    def counts(self) -> dict[int, int]:
        """Return the plain counts and sums."""
        codes = self._codes[: bisect_left(self._codes, WIDTH)]
        return {code: self._cell[code] for code in codes}

    def count(self, sketch: int) -> int:
        """Return how many durations a sketch holds."""
        low = sketch * WIDTH
        codes = self._codes[bisect_left(self._codes, low) : bisect_left(self._codes, low + _TOTAL)]
        return sum(map(self._cell.__getitem__, codes))

    def total(self, sketch: int) -> int:
        """Return the sum of a sketch's durations in microseconds."""
        return self._cell.get(sketch * WIDTH + _TOTAL, 0)

    def steps(self, sketch: int) -> tuple[list[int], list[int]]:
        """Return a sketch's bins, ascending, and how many durations lie in each and all before it."""
        low = sketch * WIDTH
        codes = self._codes[bisect_left(self._codes, low) : bisect_left(self._codes, low + _TOTAL)]
        return [code - low for code in codes], list(accumulate(map(self._cell.__getitem__, codes)))
