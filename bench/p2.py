"""P2: the whole processor with the same small step, ours against Quix Streams with durable state; CPU of the worker.

Both read the same events from an Apache Kafka of their own (Java 17 and Maven, as for the tests marked `real`), write a
row and the state of every touched item, and commit. Quix Streams pins other versions than ours, so it runs in an
environment of its own, made in `.cache/bench-quix` the first time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from bench.p1 import carried
from bench.result import Result
from schemas import topics_kafka
from tests.builders.kafka_broker import cluster

BAR: Final = 2.0
PARTITIONS: Final = 4
ROUNDS: Final = 3
OURS: Final = 20_000
RIVALS: Final = 10_000
VERSION: Final = "3.28.1"
_ROOT: Final = Path(__file__).parents[1]
_HOME: Final = _ROOT / ".cache" / "bench-quix"


def run() -> Result:
    """Return the rounds' median ratio."""
    rival = _interpreter()
    ours, rivals = [], []
    for _ in range(ROUNDS):
        ours.append(_measure("bench.our_driver", OURS, sys.executable))
        rivals.append(_measure("bench.rivals.quix_streams", RIVALS, rival))
    ratios = [their["cpu_us"] / my["cpu_us"] for my, their in zip(ours, rivals, strict=True)]
    return Result(
        id="P2",
        ratio=round(median(ratios), 2),
        bar=BAR,
        met=median(ratios) >= BAR,
        spread=(round(min(ratios), 2), round(max(ratios), 2)),
        yardstick=f"Quix Streams {VERSION}, stateful function and output topic, same step",
        cases=[
            {
                "case": "whole processor",
                "ours_cpu_us": round(median(one["cpu_us"] for one in ours), 1),
                "ours_wall_us": round(median(one["wall_us"] for one in ours), 1),
                "quix_streams_cpu_us": round(median(one["cpu_us"] for one in rivals), 1),
                "quix_streams_wall_us": round(median(one["wall_us"] for one in rivals), 1),
            }
        ],
    )


def _measure(module: str, count: int, interpreter: str) -> dict[str, float]:
    """Carry so many events over a fresh broker."""
    with tempfile.TemporaryDirectory() as directory, cluster(Path(directory)) as running:
        topics_kafka.apply(running.bootstrap, PARTITIONS, 1)
        return carried(running.bootstrap, module, count, interpreter=interpreter)


def _interpreter() -> str:
    """Return the Python that has Quix Streams, its environment made if it is not there. Raises OSError without uv."""
    python = _HOME / "bin" / "python"
    if not (_HOME / ".made").exists():
        uv = shutil.which("uv") or str(_ROOT / ".cache" / "uv" / "bin" / "uv")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(_HOME)], check=True)
        wanted = [f"quixstreams=={VERSION}", "msgspec", "fastavro"]
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *wanted], check=True)
        (_HOME / ".made").touch()
    return str(python)


if __name__ == "__main__":
    print(run())
