"""P1: what the driver adds to an event beside the pure step, against stock Faust with a Table; CPU of the worker.

Both read the same events from the same mock cluster (in a process of its own) and make the same small state update.
Ours writes a row and the state of every touched item, awaits them and commits; the rival writes its table's changelog.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from statistics import median

from confluent_kafka import Producer

from bench.result import Result
from bench.small_step import SmallEngine, events
from schemas import topics
from schemas.codec import Codec

BAR_RATIO = 8.0
BAR_MICROS = 30.0
ROUNDS = 3
OURS = 20_000
RIVALS = 4_000


def run() -> Result:
    """Return the least ratio of the rounds' median."""
    step = _step_micros()
    ours, rivals = [], []
    for _ in range(ROUNDS):
        ours.append(measure("bench.our_driver", OURS))
        rivals.append(measure("bench.rivals.stock_faust", RIVALS))
    mine = [one["cpu_us"] - step for one in ours]
    theirs = [one["cpu_us"] - step for one in rivals]
    ratios = [their / my for my, their in zip(mine, theirs, strict=True)]
    return Result(
        id="P1",
        ratio=round(median(ratios), 2),
        bar=BAR_RATIO,
        met=median(ratios) >= BAR_RATIO and median(mine) <= BAR_MICROS,
        spread=(round(min(ratios), 2), round(max(ratios), 2)),
        yardstick="stock Faust, agent and Table, same step",
        cases=[
            {
                "case": "framework share",
                "ours_cpu_us": round(median(mine), 1),
                "ours_wall_us": round(median(one["wall_us"] for one in ours), 1),
                "ours_bar_us": BAR_MICROS,
                "stock_faust_cpu_us": round(median(theirs), 1),
                "stock_faust_wall_us": round(median(one["wall_us"] for one in rivals), 1),
                "step_us": round(step, 2),
            }
        ],
    )


def _step_micros() -> float:
    """Return what the pure step of one event costs, drained every 500."""
    given = list(events(OURS))
    best = float("inf")
    for _ in range(3):
        engine = SmallEngine()
        begun = time.process_time()
        for number, event in enumerate(given, 1):
            engine.fold(event)
            if number % 500 == 0:
                engine.drain(number)
        best = min(best, time.process_time() - begun)
    return best / OURS * 1e6


def measure(module: str, count: int) -> dict[str, float]:
    """Let a module carry so many events over a fresh mock broker; return its microseconds an event."""
    broker = subprocess.Popen(
        [sys.executable, "-m", "bench.broker_mock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if broker.stdout is None:
            raise OSError("the broker has no output")
        address = broker.stdout.readline().strip()
        _make_topics(address)
        return carried(address, module, count)
    finally:
        broker.kill()
        broker.communicate()


def carried(address: str, module: str, count: int, *, interpreter: str = sys.executable) -> dict[str, float]:
    """Append so many events to a broker and let a module carry them; return its microseconds an event."""
    _fill(address, count)
    with tempfile.TemporaryDirectory() as directory:
        worker = subprocess.run(
            [interpreter, "-m", module, address, str(count), directory],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    said: dict[str, float] = json.loads(worker.stdout.rpartition("RESULT ")[2])
    return said


def _make_topics(address: str) -> None:
    producer = Producer({"bootstrap.servers": address, "allow.auto.create.topics": True})
    for topic in (*(known.name for known in topics.TOPICS), "stock-faust-totals-changelog"):
        producer.list_topics(topic, timeout=10)


def _fill(address: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    codec, source = Codec(), topics.FLOW_EVENTS.name
    for event in events(count):
        place = topics.partition_of(event.value_stream, 4)
        producer.produce(source, codec.encode(event), event.value_stream.encode(), place)
        producer.poll(0)
    producer.flush(30)


if __name__ == "__main__":
    print(run())
