"""X1: what the map and explanations of every scope take on ten million visits of one stream, embedded, in seconds.

Beside the visits are the 1.7 million items and changes and the 208,000 deployments that they are of. Every answer has
to come to what was measured. What is asked is what is known now, listed up to a thousand items of each kind; why a
number is another than at a past time is not asked here.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from bench.explain_fill import NOW_MICROS, STREAM, VISITS, fill
from bench.result import Result
from insights.explain.naming import Wanted, asked
from schemas.definition import Definition, ValueStream, standard_map
from vsm.commands.ask import read_map
from vsm.data_dir import DataDir
from vsm.explaining import explain
from vsm.store import Store, open_store

BAR: Final = 1.0
ROUNDS: Final = 3
_STAGES: Final = ("production",)
_STREAM: Final = ValueStream(name=STREAM, select=(), steps=standard_map(_STAGES), environments=_STAGES)
_SERIES: Final = (
    ("step_wait_seconds", "Review", "1h", "p85"),
    ("step_wait_seconds", "Review", "24h", "p85"),
    ("step_wait_seconds", "Review", "30d", "p85"),
    ("step_wait_seconds", "Review", "90d", "p85"),
    ("step_arrivals", "Review", "30d", "count"),
    ("step_complete_accurate_ratio", "Review", "30d", "ratio"),
    ("step_work_in_progress", "Review", "30d", "now"),
    ("step_age_seconds", "Review", "30d", "p85"),
    ("flow_time_seconds", "", "30d", "p85"),
    ("flow_time_seconds", "", "90d", "p85"),
    ("flow_velocity", "", "30d", "count"),
    ("flow_efficiency_ratio", "", "30d", "ratio"),
    ("flow_load", "", "30d", "now"),
    ("littles_law_ratio", "", "30d", "ratio"),
    ("constraint_score", "Review", "30d", "ratio"),
    ("change_lead_time_seconds", "", "30d", "p85"),
    ("change_fail_ratio", "", "30d", "ratio"),
)
_WANTED: Final = tuple(
    Wanted(stream=STREAM, metric=metric, step=step, window=window, statistic=statistic)
    for metric, step, window, statistic in _SERIES
)
_DEFINITION: Final = Definition(version="v1", value_streams=(_STREAM,))


def run() -> Result:
    """Fill the store, and time the questions through the code that the command runs."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(DataDir(root).clickhouse, [asked(wanted, _STREAM, NOW_MICROS) for wanted in _WANTED])
        with open_store(root) as store:
            timed = {name: _seconds(work) for name, work in _questions(store).items()}
    worst = max(timed, key=lambda name: statistics.median(timed[name]))
    ratio = statistics.median(timed[worst])
    return Result(
        id="X1",
        ratio=ratio,
        bar=BAR,
        met=ratio <= BAR,
        spread=(min(timed[worst]), max(timed[worst])),
        yardstick=f"one second; the slowest is {worst}",
        cases=[
            {"case": name, "visits": VISITS, "seconds": statistics.median(seconds)} for name, seconds in timed.items()
        ],
    )


def _questions(store: Store) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {"map": lambda: read_map(store, _DEFINITION, STREAM, "30d")}
    for wanted in _WANTED:
        found[f"explain {wanted.metric} {wanted.window}"] = partial(_explained, store, wanted)
    return found


def _explained(store: Store, wanted: Wanted) -> None:
    """Explain a number; one that its items do not come to is no answer."""
    found = explain(store, _DEFINITION, wanted)
    if not found.recomputed.equal:
        raise RuntimeError(f"the items do not come to what was measured: {found.recomputed}")


def _seconds(work: Callable[[], object]) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return found
