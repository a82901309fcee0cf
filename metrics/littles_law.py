"""Whether Little's law holds over a window: a monitor of whether averages may be trusted, not a number to report.

Average work in progress is average throughput times average flow time, but only under conditions. Each is a ratio
that is 1 where its condition holds, and fails where it is surely outside of 1 / `TOLERANCE` to `TOLERANCE`. Little and
Graves 2008; the five conditions as Vacanti, *Actionable Agile Metrics for Predictability*, lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt
from typing import Final

from msgspec.structs import replace

from metrics import codes
from metrics.intervals import wilson
from metrics.reading import MINIMUM_N, Basis, Reading
from metrics.sketch import quantile_rank, value_of
from metrics.student import normal

TOLERANCE: Final = 1.25
"""By so much a condition's ratio may differ from 1, up or down."""

ENOUGH: Final = 20
"""Items that come or leave in the window of which fewer say nothing about averages."""

_FOR_EVER: Final = 2
"""An item that is open for more than this many times the flow time that 95 % stay within ages for ever."""

_BESIDE: Final = 0.1
"""The share of the throughput beside which a change of the load is seen."""

_HALF: Final = 0.5
"""What stands for no item where a bound is a multiple."""

_BOUNDLESS: Final = 50.0
"""A logarithm beyond which bounds say nothing any more: a factor of 10^21."""


def littles_law_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the conditions that hold among those that can be told: below 1 averages should not be trusted."""
    told = [reading for condition in CONDITIONS for reading in condition(basis) if reading.value is not None]
    value = sum(holds(reading) for reading in told) / len(told) if told else None
    known = len(told) / len(CONDITIONS)
    return (Reading(statistic="ratio", value=value, n=_passed(basis), known=known),)


def littles_law_departures_ratio(basis: Basis) -> tuple[Reading, ...]:
    """First condition: items finished over items started in the window.

    Bounds (95 %) by how much the open items may differ at the window's two ends by chance; where none finished, those
    of half an item. Items of which no start is known are no part of it: they never arrived.
    """
    left, arrived, n = _left(basis), _arrived(basis), _passed(basis)
    if n < ENOUGH or not arrived:
        return _unknown(n)
    bounded = _bounded(max(left, _HALF) / arrived, _ends(basis) / arrived**2, n)
    return (bounded if left else replace(bounded, value=0.0, lower=0.0),)


def littles_law_endings_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Second condition, what starts also ends: share of the open items that do not age for ever (Wilson's bounds).

    For ever: longer than twice the flow time within which 95 % of the items finished in the window have finished.
    """
    done, longest = _done(basis), _longest(basis)
    if done < ENOUGH or longest is None or not basis.open:
        return _unknown(done)
    good = basis.open - basis.opened_before(basis.now - _FOR_EVER * longest)
    lower, upper = wilson(good, basis.open)
    return (Reading(statistic="ratio", value=good / basis.open, n=basis.open, lower=lower, upper=upper),)


def littles_law_load_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Third condition: items open now over items open when the window began.

    A tenth of the items that passed the window is added to both: few open items may double beside a great
    throughput. Bounds by Poisson's law (95 %).
    """
    n = _passed(basis)
    if n < ENOUGH:
        return _unknown(n)
    then, now = _before(basis) + n * _BESIDE, basis.open + n * _BESIDE
    return (_bounded(now / then, 1 / now + 1 / then, n),)


def littles_law_age_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Fourth condition: average age of the items open now over that of the items open when the window began.

    Bounds (95 %) as if ages were exponential. Unknown where fewer than five were open at either time.
    """
    n, then, now = _passed(basis), _before(basis), basis.open
    if n < ENOUGH or min(then, now) < MINIMUM_N:
        return _unknown(n)
    begins = basis.begins - basis.cell.get(codes.STANDING_BEGINS, 0)
    age_then, age_now = basis.window_start - begins / then, basis.now - basis.begins / now
    if min(age_then, age_now) <= 0:
        return _unknown(n)
    return (_bounded(age_now / age_then, 1 / now + 1 / then, min(then, now)),)


def littles_law_identity_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Fifth condition, one clock and one unit: throughput x mean flow time over mean number of open items.

    Both sides over the same window: the flow times of what finished in it, summed, over the time in it that items
    were open, summed. Bounds (95 %) by how much what was open at the window's two ends may differ by chance.
    """
    counted = basis.held.steps(codes.FLOW)[1]
    n, area = counted[-1] if counted else 0, _area(basis)
    if n < ENOUGH or area <= 0:
        return _unknown(n)
    value = basis.held.total(codes.FLOW) / area
    if value <= 0:
        return _unknown(n)
    return (replace(_bounded(value, 2 * _ends(basis) / n**2, n), known=n / _done(basis)),)


CONDITIONS: Final[tuple[Callable[[Basis], tuple[Reading, ...]], ...]] = (
    littles_law_departures_ratio,
    littles_law_endings_ratio,
    littles_law_load_ratio,
    littles_law_age_ratio,
    littles_law_identity_ratio,
)
"""The five conditions, in the order of the literature."""


def holds(condition: Reading) -> bool:
    """Tell whether a condition holds: its ratio is not surely outside of the tolerance, or is unknown."""
    if condition.value is None:
        return True
    lower = condition.value if condition.lower is None else condition.lower
    upper = condition.value if condition.upper is None else condition.upper
    return lower <= TOLERANCE and upper >= 1 / TOLERANCE


def _done(basis: Basis) -> int:
    return basis.cell.get(codes.DONE, 0)


def _arrived(basis: Basis) -> int:
    return basis.cell.get(codes.ARRIVED, 0)


def _passed(basis: Basis) -> int:
    """Return how many items came into the window or left in it, whichever is more: none leave where all stands."""
    return max(_left(basis), _arrived(basis))


def _left(basis: Basis) -> int:
    """Return how many items that had arrived were finished in the window."""
    return _arrived(basis) - basis.cell.get(codes.STANDING, 0)


def _before(basis: Basis) -> int:
    """Return how many items were open when the window began."""
    return basis.open - basis.cell.get(codes.STANDING, 0)


def _ends(basis: Basis) -> int:
    """Return how many items were open at the window's begin and end together: the variance of their difference."""
    return _before(basis) + basis.open


def _area(basis: Basis) -> int:
    """Return the area under the number of open items over the window, in item-microseconds."""
    change = basis.cell.get(codes.STANDING, 0)
    start, now = basis.window_start, basis.now
    return _before(basis) * (now - start) + change * now - basis.cell.get(codes.STANDING_MOMENT, 0)


def _longest(basis: Basis) -> int | None:
    """Return the flow time (microseconds) within which 95 % of the items finished in the window have finished."""
    bins, upto = basis.held.steps(codes.FLOW)
    rank = quantile_rank(upto[-1], 0.95) if upto else 0
    return next((int(value_of(each)) for each, count in zip(bins, upto, strict=True) if count >= rank), None)


def _bounded(ratio: float, variance: float, n: int) -> Reading:
    """Return a ratio with the bounds that the variance of its logarithm gives."""
    factor = exp(min(normal() * sqrt(variance), _BOUNDLESS))
    return Reading(statistic="ratio", value=ratio, n=n, lower=ratio / factor, upper=ratio * factor)


def _unknown(n: int) -> tuple[Reading, ...]:
    return (Reading(statistic="ratio", value=None, n=n),)
