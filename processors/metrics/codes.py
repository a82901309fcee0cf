"""What a cell's codes mean: plain counts and sums below `WIDTH`, then one range of `WIDTH` codes for each sketch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from processors.sketch import BINS, Sketch, bin_of
from processors.windows import INSTANTS, Amounts

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
"""Completed items whose flow time is parted, and the sums of their active, whole and order-to-done microseconds."""
PARTED_ACTIVE: Final = 12
PARTED_FLOW: Final = 13
PARTED_ORDER: Final = 14

# A service's deployments and changes.
DEPLOYED: Final = 15
SUCCEEDED: Final = 16
FAILED: Final = 17
FAILED_CERTAINLY: Final = 18
FAILED_POSSIBLY: Final = 19
REWORKED: Final = 20
CHANGED: Final = 21
"""Changes deployed, the left-censored not among them."""

# Sketches.
WAIT: Final = 1
PROCESS: Final = 2
LEAD: Final = 3
FLOW: Final = 4
CHANGE_LEAD: Final = 5
RECOVERY: Final = 6


def duration(sketch: int, micros: int | None) -> Amounts:
    """Return the pairs that put a duration into a sketch; none when it is unknown or negative."""
    if micros is None or micros < 0:
        return ()
    low = sketch * WIDTH
    return (low + bin_of(micros), 1), (low + _TOTAL, micros)


def sketch_in(cell: Mapping[int, int], sketch: int) -> Sketch:
    """Return the sketch of that number held in a cell, empty when there is none."""
    low, total = sketch * WIDTH, sketch * WIDTH + _TOTAL
    return Sketch({code - low: count for code, count in cell.items() if low <= code < total}, cell.get(total, 0))
