"""Laws with a known truth, and how often an answer's interval holds it: the real answers on seeded samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from math import exp, lgamma, log, prod
from random import Random
from statistics import NormalDist
from typing import Final

from metrics import codes
from metrics.answers import amounts, count, durations, product, quotient, share
from metrics.ratio_bounds import Sums
from metrics.reading import Reading

POINTS: Final = 200_000
"""A law of durations is this many equally likely values at its quantiles: fast to draw, and its truth is exact."""
_HOUR: Final = 3_600_000_000
_STATISTICS: Final = ("p50", "p85", "p95", "mean")
Trial = Callable[[Random, int], Iterator[tuple[str, Reading, float]]]
"""Draws one sample of n and yields (what is asked, the answer, the truth)."""


def lognormal(sigma: float) -> Callable[[float], float]:
    """Return the quantile function of a lognormal law whose median is one hour."""
    normal = NormalDist()
    return lambda p: exp(sigma * normal.inv_cdf(p)) * _HOUR


def exponential(p: float) -> float:
    """The p-quantile of an exponential law whose mean is one hour."""
    return -log(1 - p) * _HOUR


def two_kinds(p: float) -> float:
    """The p-quantile where four of five take about an hour and one of five about eight: two modes far apart."""
    inner = lognormal(0.3)
    return inner(p / 0.8) if p < 0.8 else 8 * inner((p - 0.8) / 0.2)


class _Pool:
    """A law's equally likely values, where each falls in a sketch, and the truths in microseconds."""

    def __init__(self, quantile: Callable[[float], float]) -> None:
        self.values = [round(quantile((i + 0.5) / POINTS)) for i in range(POINTS)]
        self.codes = [codes.duration(codes.WAIT, value)[0][0] for value in self.values]
        at = {"p50": 0.5, "p85": 0.85, "p95": 0.95}
        self.truths = {name: float(self.values[round(q * POINTS) - 1]) for name, q in at.items()}
        self.truths["mean"] = sum(self.values) / POINTS


@lru_cache(maxsize=16)
def _pool(quantile: Callable[[float], float]) -> _Pool:
    return _Pool(quantile)


_TOTAL: Final = codes.duration(codes.WAIT, 0)[1][0]


def of_durations(quantile: Callable[[float], float]) -> Trial:
    """Return the trial of a step's waiting times by a law."""

    def trial(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
        pool = _pool(quantile)
        drawn = rng.choices(range(POINTS), k=n)
        cell = dict(Counter(map(pool.codes.__getitem__, drawn)))
        cell[_TOTAL] = sum(map(pool.values.__getitem__, drawn))
        for reading in durations(codes.Held(cell), codes.WAIT, n):
            yield reading.statistic, reading, pool.truths[reading.statistic] / 1_000_000

    return trial


def of_batches(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
    """Sizes of batches: geometric, three on average; only the mean, since a whole number's quantiles are no points."""
    cell: dict[int, int] = {}
    for _ in range(n):
        for code, amount in codes.duration(codes.WAIT, 1 + int(log(1 - rng.random()) / log(2 / 3))):
            cell[code] = cell.get(code, 0) + amount
    reading = amounts(codes.Held(cell), codes.WAIT, n)[-1]
    yield "mean", reading, 3.0


def of_ratios(active: tuple[float, float], waiting: tuple[float, float]) -> Trial:
    """Return the trial of flow efficiency: active and waiting time lognormal, each (median in hours, sigma)."""

    def trial(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
        parts = [int(rng.lognormvariate(log(active[0]), active[1]) * 1e6) for _ in range(n)]
        wholes = [part + int(rng.lognormvariate(log(waiting[0]), waiting[1]) * 1e6) for part in parts]
        sums = Sums(
            part=sum(parts),
            whole=sum(wholes),
            part_squared=sum(a * a for a in parts),
            product=sum(a * w for a, w in zip(parts, wholes, strict=True)),
            whole_squared=sum(w * w for w in wholes),
        )
        means = [median * exp(sigma * sigma / 2) for median, sigma in (active, waiting)]
        yield "ratio", quotient(sums, n), means[0] / sum(means)

    return trial


@lru_cache(maxsize=512)
def _poisson(mean: float) -> tuple[range, list[float]]:
    most = int(mean + 10 * mean**0.5 + 10)
    return range(most), list(accumulate(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(most)))


def poisson(rng: Random, mean: float) -> int:
    """Draw a count."""
    numbers, weights = _poisson(mean)
    return rng.choices(numbers, cum_weights=weights)[0]


def of_counts(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
    """Counts whose expectation is about n (a quarter more or less); counts of none say nothing."""
    mean = n * (0.75 + rng.randrange(51) / 100)
    (reading,) = count(poisson(rng, mean))
    if reading.n:
        yield "count", reading, mean


def of_shares(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
    """Shares between 60 and 99 %."""
    truth = 0.6 + 0.39 * rng.random()
    yield "ratio", share(sum(rng.random() < truth for _ in range(n)), n), truth


def of_products(steps: int) -> Trial:
    """Return the trial of the rolled share of some steps, each between 80 and 99 %."""

    def trial(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
        truths = [0.8 + 0.19 * rng.random() for _ in range(steps)]
        yield "ratio", product([(sum(rng.random() < p for _ in range(n)), n) for p in truths]), prod(truths)

    return trial


def of_releases(size: int, sigma: float = 0.5) -> Trial:
    """Return the trial of waiting for releases of about `size` items: those of one release have waited alike.

    The time between releases is lognormal; what becomes ready in it comes at any of its instants, and waits for its
    end. The truth is that of an item: long gaps hold more items.
    """
    normal = NormalDist()

    def longer(wait: float) -> float:
        """The share of items that wait longer than a share of the median gap."""
        if not wait:
            return 1.0
        at, mean = log(wait), exp(sigma * sigma / 2)
        return normal.cdf((sigma * sigma - at) / sigma) - wait * normal.cdf(-at / sigma) / mean

    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if longer(middle) > 0.5 else (low, middle)
    truths = {"p50": low * _HOUR, "mean": exp(1.5 * sigma * sigma) / 2 * _HOUR}

    def trial(rng: Random, n: int) -> Iterator[tuple[str, Reading, float]]:
        cell: dict[int, int] = {}
        held = 0
        while held < n:
            gap = rng.lognormvariate(0, sigma)
            items = poisson(rng, round(size * gap / exp(sigma * sigma / 2), 1) or 0.1)
            held += items
            for _ in range(items):
                for code, amount in codes.duration(codes.WAIT, int(gap * rng.random() * _HOUR)):
                    cell[code] = cell.get(code, 0) + amount
        for reading in durations(codes.Held(cell), codes.WAIT, held):
            if reading.statistic in truths:
                yield reading.statistic, reading, truths[reading.statistic] / 1_000_000

    return trial


def holds(reading: Reading, truth: float) -> bool:
    """Tell whether a reading's interval holds the truth; a bound that is not there bounds nothing."""
    return (reading.lower is None or reading.lower <= truth) and (reading.upper is None or truth <= reading.upper)


def coverage(trial: Trial, n: int, rounds: int, seed: int) -> dict[str, float]:
    """Return, for each thing asked, the share of rounds in which the interval held the truth."""
    rng = Random(seed)  # noqa: S311 - seeded so that the table can be made again
    held: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for _ in range(rounds):
        for what, reading, truth in trial(rng, n):
            asked[what] += 1
            held[what] += holds(reading, truth)
    return {what: held[what] / times for what, times in asked.items()}


LAWS: Final[Sequence[tuple[str, Trial]]] = (
    ("durations, lognormal of sigma 0.3", of_durations(lognormal(0.3))),
    ("durations, lognormal of sigma 0.6", of_durations(lognormal(0.6))),
    ("durations, lognormal of sigma 1.0", of_durations(lognormal(1.0))),
    ("durations, exponential", of_durations(exponential)),
    ("durations of two kinds, one of five eight times as long", of_durations(two_kinds)),
    ("batch sizes, geometric of mean 3", of_batches),
    ("ratio of sums, 22 % active, long waiting", of_ratios((1.0, 0.5), (2.7, 0.8))),
    ("ratio of sums, a half active", of_ratios((1.0, 0.5), (1.0, 0.5))),
    ("ratio of sums, 85 % active", of_ratios((7.4, 0.6), (1.0, 1.0))),
    ("counts and rates, n expected", of_counts),
    ("shares", of_shares),
    ("product of four shares", of_products(4)),
    ("product of eight shares", of_products(8)),
)
"""Independent amounts: what the intervals are for."""

DEPENDENT: Final[Sequence[tuple[str, Trial]]] = tuple(
    (f"waiting for releases of {size} items", of_releases(size)) for size in (5, 15, 30)
)
"""Amounts that are alike where they were released together."""
