"""What the base organisation's process does in the long run: the numbers of many of its runs put together.

`python -m lab.long_run` makes `long_run.json`: seeds that no score uses, lived without any product, each sample of
each run pooled, counts as the mean of a run. Where a change of the lab changes what is drawn, it has to be made anew.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from lab.coverage import is_pooled
from lab.gathering import Gathered, Place, gathered
from lab.scenarios import SCENARIOS
from lab.sending import MICROS
from lab.simulate import DEFAULT_END, write
from lab.true_numbers import Number, true_numbers

FIRST_SEED: Final = 1_001
SEEDS: Final = 200
FILE: Final = Path(__file__).with_name("long_run.json")
"""What is kept."""

_DIGITS: Final = 7


class LongRun(Struct, frozen=True, kw_only=True):
    """The file: of which seeds it is, what the first of them drew, and each series with its statistic and value."""

    seeds: int
    items: int
    first: str
    values: list[tuple[str, str, str, str, str, str, float]]


def long_run() -> dict[Number, float]:
    """Return the long run's value of every number that is kept. Raises OSError, ValueError."""
    kept = msgspec.json.decode(FILE.read_bytes(), type=LongRun)
    return {(Place(*series[:5]), series[5]): series[6] for series in kept.values}


def lived(seeds: Iterable[int]) -> Gathered:
    """Return what stands behind the numbers of the base organisation's runs, put together."""
    pooled = Gathered(runs=0)
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="vsm-lab-") as folder:
            base = SCENARIOS[0]
            pooled.add(gathered(write(seed, base.items, Path(folder), DEFAULT_END * MICROS, streams=base.streams)))
    return pooled


def drawn() -> str:
    """Return a hash of what the first seed's run comes to: it changes with whatever changes the lab's draws."""
    return _hash(_values(lived([FIRST_SEED])))


def _values(pooled: Gathered) -> list[tuple[str, str, str, str, str, str, float]]:
    numbers = true_numbers(pooled)
    return [
        (*number[0][:5], number[1], float(f"{true.value:.{_DIGITS}g}"))
        for number, true in sorted(numbers.items())
        if true.value is not None and is_pooled(number)
    ]


def _hash(values: object) -> str:
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()[:16]


def make(seeds: int = SEEDS) -> Mapping[Number, float]:
    """Write the file and return its values."""
    values = _values(lived(range(FIRST_SEED, FIRST_SEED + seeds)))
    kept = LongRun(seeds=seeds, items=SCENARIOS[0].items, first=drawn(), values=values)
    head = msgspec.json.encode({"seeds": kept.seeds, "items": kept.items, "first": kept.first})
    lines = b",\n".join(msgspec.json.encode(value) for value in values)
    FILE.write_bytes(head[:-1] + b',\n"values":[\n' + lines + b"\n]}\n")
    return long_run()


if __name__ == "__main__":
    make()
