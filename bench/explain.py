"""X1: what the map and an explanation take on ten million visits of one stream, embedded, against a second."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.explain_fill import STREAM, fill
from bench.result import Result
from insights.explain.naming import Wanted
from schemas.definition import Definition, ValueStream, standard_map
from vsm.commands.ask import read_map
from vsm.data_dir import DataDir
from vsm.explaining import explain
from vsm.store import Store, open_store

BAR: Final = 1.0
ROUNDS: Final = 3
_STAGES: Final = ("production",)
_STREAM: Final = ValueStream(name=STREAM, select=(), steps=standard_map(_STAGES), environments=_STAGES)
_DEFINITION: Final = Definition(version="v1", value_streams=(_STREAM,))


def run() -> Result:
    """Fill the store, and time the questions through the code that the command runs."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(DataDir(root).clickhouse, streams=1)
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
        cases=[{"case": name, "seconds": statistics.median(seconds)} for name, seconds in timed.items()],
    )


def _questions(store: Store) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {"map": lambda: read_map(store, _DEFINITION, STREAM, "30d")}
    for window in ("30d", "90d"):
        wanted = Wanted(stream=STREAM, metric="step_wait_seconds", step="Review", window=window, statistic="p85")
        found[f"explain {window}"] = lambda wanted=wanted: _explained(store, wanted)  # type: ignore[misc]
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
