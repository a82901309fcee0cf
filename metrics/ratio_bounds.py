"""The interval of a ratio of two sums over the same things, from whole-number sums alone; pure."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Final, NamedTuple

from metrics.intervals import wilson
from metrics.student import student

_FEW_THINGS: Final = 2.5
"""With fewer things of one size than this, residuals say little of how things differ."""


class Sums(NamedTuple):
    """Sums over things of which each has a part and a whole: of both, of their squares and of their product."""

    part: int
    whole: int
    part_squared: int
    product: int
    whole_squared: int


def ratio_bounds(sums: Sums) -> tuple[float | None, float | None]:
    """Return the interval of part / whole (95 %), inside [0, 1]; None without a whole, or where the part is more.

    The residuals part - ratio x whole of the things give the ratio's variance (the delta method), each thing weighing
    by its whole, so m = (sum of wholes)² / (sum of squared wholes) things of one size stand behind it (Kish 1965): m
    gives the degrees of freedom, and (m + 2) / m what residuals are too small because the ratio was fitted to them (as
    the jackknife has it). The interval is symmetric in the ratio's logit. Where no thing deviates from 0 or from 1,
    Wilson's bound for m things. Where m is below 2.5, one thing or two outweigh the others, and the ratio is fitted to
    them: the interval is then no narrower than Wilson's for one thing.
    """
    part, whole = sums.part, sums.whole
    if whole <= 0 or not 0 <= part <= whole or not sums.whole_squared:
        return None, None
    ratio = part / whole
    alike = whole * whole / sums.whole_squared
    if part in {0, whole}:
        things = max(1, round(alike))
        return wilson(things if part else 0, things)
    # Exact whole numbers: the difference of the squares would be lost in floating point.
    residual = (
        whole * whole * sums.part_squared - 2 * part * whole * sums.product + part * part * sums.whole_squared
    ) / (whole * whole)
    deviation = sqrt(max(0.0, residual) * (alike + 2) / alike) / whole
    reach = student(alike - 1) * deviation / (ratio * (1 - ratio))
    at = log(ratio / (1 - ratio))
    of_one = wilson(ratio, 1) if alike < _FEW_THINGS else (ratio, ratio)
    return min(of_one[0], _share_of(at - reach)), max(of_one[1], _share_of(at + reach))


def _share_of(logit: float) -> float:
    """The inverse of the logit, without overflow."""
    if logit < 0:
        odds = exp(max(logit, -700.0))
        return odds / (1 + odds)
    return 1 / (1 + exp(-min(logit, 700.0)))
