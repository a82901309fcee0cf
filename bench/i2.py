"""I2: CPU per request of the common ways to write a webhook receiver against ours; same work, same broker, one run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

from bench.github_bodies import CASES
from bench.http_server import Running, broker, cpu_micros, free_port, ours, server
from bench.result import Result

FASTAPI: Final = "FastAPI + aiokafka"
FLASK: Final = "Flask under gunicorn"
BARS: Final = {
    (FASTAPI, "7 KB push"): 6.0, (FASTAPI, "21 KB pull request"): 4.0,
    (FLASK, "7 KB push"): 10.0, (FLASK, "21 KB pull request"): 7.0,
}  # fmt: skip
ROUNDS: Final = 3
COUNT: Final = 3_000
_WARM: Final = 500
_PATH: Final = "/webhooks/github/acme"
_OURS: Final = "ours"


def run() -> Result:
    """Return the ratio of the case that comes nearest its bar, or misses it most."""
    measured: dict[tuple[str, str], list[float]] = {}
    with broker() as kafka, ours(kafka) as mine, _fastapi(kafka) as fastapi, _flask(kafka) as flask:
        rivals = {_OURS: mine, FASTAPI: fastapi, FLASK: flask}
        for running in rivals.values():
            for case in CASES:
                cpu_micros(running, case, _WARM)
        for _ in range(ROUNDS):
            for case in CASES:
                for name, running in rivals.items():
                    measured.setdefault((name, case), []).append(cpu_micros(running, case, COUNT))
    ratios = {
        (rival, case): [theirs / mine for theirs, mine in zip(taken, measured[_OURS, case], strict=True)]
        for (rival, case), taken in measured.items()
        if rival != _OURS
    }
    worst = min(BARS, key=lambda key: median(ratios[key]) / BARS[key])
    return Result(
        id="I2",
        ratio=round(median(ratios[worst]), 2),
        bar=BARS[worst],
        met=all(median(ratios[key]) >= bar for key, bar in BARS.items()),
        spread=(round(min(ratios[worst]), 2), round(max(ratios[worst]), 2)),
        yardstick=f"{worst[0]}, {worst[1]}",
        cases=[
            {
                "case": f"{rival}, {case}",
                "ratio": round(median(ratios[rival, case]), 2),
                "bar": bar,
                "ours_cpu_us": round(median(measured[_OURS, case]), 1),
                "rival_cpu_us": round(median(measured[rival, case]), 1),
            }
            for (rival, case), bar in BARS.items()
        ],
    )


@contextmanager
def _fastapi(kafka: str) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "bench.rivals.fastapi_aiokafka", kafka, str(port)]
    with server(command, _PATH, port, {}) as running:
        yield running


@contextmanager
def _flask(kafka: str) -> Iterator[Running]:
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "8", "--bind", f"127.0.0.1:{port}",
        "--keep-alive", "30", "--log-level", "warning", "bench.rivals.flask_kafka:app",
    ]  # fmt: skip
    with server(command, _PATH, port, {"RIVAL_KAFKA": kafka}) as running:
        yield running


if __name__ == "__main__":
    print(run())
