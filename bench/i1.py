"""I1: the full ingest handler (verify, translate, route, encode, 202 after acks=all) against the null handler; CPU."""

from __future__ import annotations

from statistics import median
from typing import Final

from bench.github_bodies import CASES
from bench.http_server import Running, broker, cpu_micros, null, ours
from bench.result import Result

BARS: Final = {"7 KB push": 2.3, "21 KB pull request": 3.0}
ROUNDS: Final = 3
COUNT: Final = 6_000
_WARM: Final = 1_500


def run() -> Result:
    """Return the ratio of the case that comes nearest its bar, or passes it."""
    measured: dict[str, list[tuple[float, float]]] = {case: [] for case in CASES}
    with broker() as kafka, null() as plain, ours(kafka) as full:
        for case in CASES:
            cpu_micros(plain, case, _WARM)
            cpu_micros(full, case, _WARM)
        for _ in range(ROUNDS):
            for case in CASES:
                measured[case].append(_pair(plain, full, case))
    ratios = {case: [ours / plain for plain, ours in pairs] for case, pairs in measured.items()}
    worst = max(CASES, key=lambda case: median(ratios[case]) / BARS[case])
    return Result(
        id="I1",
        ratio=round(median(ratios[worst]), 2),
        bar=BARS[worst],
        met=all(median(ratios[case]) <= BARS[case] for case in CASES),
        spread=(round(min(ratios[worst]), 2), round(max(ratios[worst]), 2)),
        yardstick="the same server's null handler",
        cases=[
            {
                "case": case,
                "ratio": round(median(ratios[case]), 2),
                "bar": BARS[case],
                "null_cpu_us": round(median(plain for plain, _ in pairs), 1),
                "ours_cpu_us": round(median(full for _, full in pairs), 1),
            }
            for case, pairs in measured.items()
        ],
    )


def _pair(plain: Running, full: Running, case: str) -> tuple[float, float]:
    return cpu_micros(plain, case, COUNT), cpu_micros(full, case, COUNT)


if __name__ == "__main__":
    print(run())
