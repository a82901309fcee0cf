"""How often the intervals hold the truth (`python -m bench.coverage`): the table of `docs/metrics/intervals.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.coverage_laws import DEPENDENT, LAWS, Trial, coverage

PAGE: Final = Path(__file__).parents[1] / "docs" / "metrics" / "intervals.md"
MARKS: Final = tuple(f"<!-- coverage: {mark} (made by `python -m bench.coverage`) -->" for mark in ("begin", "end"))
SIZES: Final = (5, 7, 10, 20, 50, 100, 1_000, 10_000)
_SEED: Final = 20_260_228
_ORDER: Final = ("p50", "p85", "p95", "mean", "ratio", "count")
_DRAWS: Final = 2_000_000
"""So many values are drawn for one figure, in 4,000 rounds at most and 800 at least."""


def rounds(n: int) -> int:
    """Return how many samples of n are drawn."""
    return max(800, min(4_000, _DRAWS // n))


def rows(laws: Sequence[tuple[str, Trial]], sizes: Sequence[int]) -> Iterator[str]:
    """Yield the table's rows: each law and statistic, coverage in per cent by n."""
    for name, trial in laws:
        found = [coverage(trial, n, rounds(n), _SEED + n) for n in sizes]
        for what in _ORDER:
            if what in found[0]:
                cells = " | ".join(f"{100 * each[what]:.1f}" for each in found)
                print(f"{name} {what}: {cells}", flush=True)
                yield f"| {name} | {what} | {cells} |"


def table() -> str:
    """Return the tables, of independent and of dependent amounts."""
    lines: list[str] = []
    for title, laws, sizes in (("independent", LAWS, SIZES), ("released together", DEPENDENT, SIZES[4:7])):
        lines += [f"| {title} | statistic | {' | '.join(f'n = {n:,}' for n in sizes)} |"]
        lines += ["|---|---|" + "---|" * len(sizes), *rows(laws, sizes), ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the tables into the page between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{table()}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
