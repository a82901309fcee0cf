"""M1: a page of 100,000 series against prometheus_client's generate_latest, and how long the loop stands still.

Every series changes between two scrapes (what was rendered before helps nothing); a second case scrapes an unchanged
page. The loop's longest standstill is taken over whole HTTP answers, by a task that wakes every millisecond and counts
the CPU its thread took since: other processes on the machine do not count.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import ClientSession, web
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bench.result import Result
from schemas.measurement import Measurement
from sinks.http import pages
from sinks.prometheus.page import Page

BAR: Final = 10.0
STANDSTILL_BAR_MS: Final = 10.0
SERIES: Final = 100_000
ROUNDS: Final = 3
T0: Final = 1_780_000_000_000_000
LABELS: Final = ("value_stream", "step", "window", "quantile")
QUANTILES: Final = {"p50": "0.5", "p85": "0.85", "p95": "0.95"}


def measurements(round_number: int) -> Iterator[tuple[bytes, Measurement]]:
    """Yield measurements of as many series as make 100,000 lines: their values and, for each p50, the n behind it."""
    for number in range(SERIES * 3 // 4):
        statistic = tuple(QUANTILES)[number % 3]
        yield (
            b"%d" % number,
            Measurement(
                measured_at=T0 + round_number * 1_000_000,
                value_stream=f"stream-{number // 300}",
                step=f"step-{number // 30 % 10}",
                window=("1h", "24h", "7d", "30d", "90d")[number // 3 % 5],
                kind=("feature", "defect")[number // 15 % 2],
                metric="step_wait_seconds",
                statistic=statistic,
                value=number * 1.37 + round_number,
                n=number + round_number,
            ),
        )


def fill(page: Page, round_number: int) -> None:
    """Give every series a new value."""
    for key, measurement in measurements(round_number):
        page.put(0, key, measurement)


class Library:
    """The same series in prometheus_client's gauges."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ["value_stream", "step", "window", "kind"]
        self._wait = Gauge("vsm_step_wait_seconds", "Wait.", [*names, "quantile"], registry=self.registry)
        self._items = Gauge("vsm_measurement_items", "Items.", [*names, "metric"], registry=self.registry)

    def fill(self, round_number: int) -> None:
        """Give every series a new value."""
        for _, m in measurements(round_number):
            labels = (m.value_stream, m.step, m.window, m.kind)
            self._wait.labels(*labels, QUANTILES[m.statistic]).set(m.value or 0.0)
            if m.statistic == "p50":
                self._items.labels(*labels, m.metric).set(m.n)


def rendered(page: Page) -> bytes:
    """Return the whole page."""
    return b"".join(page.render(T0))


def alike(mine: bytes, theirs: bytes) -> bool:
    """Return whether a parser reads the same from every twentieth line of both pages."""
    return samples(mine) == samples(theirs)


def samples(page: bytes) -> set[tuple[str, frozenset[tuple[str, str]], float]]:
    """Return what a parser reads from every twentieth line, in order of the lines' labels."""
    lines = sorted(
        ",".join(sorted(line.split("{")[1].split("} ")[0].split(","))) + "\0" + line
        for line in page.decode().splitlines()
        if "{" in line
    )
    text = "\n".join(line.split("\0")[1] for line in lines[::20]) + "\n"
    return {
        (s.name, frozenset(s.labels.items()), s.value) for f in text_string_to_metric_families(text) for s in f.samples
    }


async def standstill(page: Page) -> float:
    """Return the most CPU between two turns of the loop, milliseconds, while the page was answered over HTTP."""
    app = pages(CollectorRegistry(), page.render, lambda: T0, lambda: True)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
    longest = 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        last = time.thread_time()
        while not done.is_set():
            await asyncio.sleep(0.001)
            now = time.thread_time()
            longest = max(longest, now - last)
            last = now

    watching = asyncio.create_task(watch())
    async with ClientSession() as session, session.get(url) as answer:
        async for _ in answer.content.iter_chunked(1 << 16):
            pass
    done.set()
    await watching
    await runner.cleanup()
    return longest * 1000


def cpu(work: Any) -> float:  # noqa: ANN401 - any callable without arguments
    """Return the CPU seconds some work took."""
    began = time.process_time()
    work()
    return time.process_time() - began


def run() -> Result:
    """Measure changed and unchanged pages against the library's, interleaved, and the loop's standstill."""
    page, library = Page(SERIES), Library()
    changed, unchanged, theirs, still = [], [], [], []
    for number in range(0, 2 * ROUNDS, 2):
        fill(page, number)
        library.fill(number)
        changed.append(cpu(lambda: rendered(page)))
        unchanged.append(cpu(lambda: rendered(page)))
        theirs.append(cpu(lambda: generate_latest(library.registry)))
        fill(page, number + 1)
        still.append(asyncio.run(standstill(page)))
    library.fill(2 * ROUNDS - 1)
    same = alike(rendered(page), generate_latest(library.registry))
    ratios = [b / a for a, b in zip(changed, theirs, strict=True)]
    cases = [
        _case("every series changed", changed, theirs) | {"parsers_read_the_same": same},
        _case("nothing changed", unchanged, theirs),
        {"case": "loop standstill while answering", "median_ms": round(statistics.median(still), 2)},
    ]
    ratio = round(statistics.median(ratios), 1)
    return Result(
        id="M1",
        ratio=ratio,
        bar=BAR,
        met=ratio >= BAR and same and statistics.median(still) <= STANDSTILL_BAR_MS,
        spread=(round(min(ratios), 1), round(max(ratios), 1)),
        yardstick="prometheus_client.generate_latest, the same series, CPU",
        cases=cases,
    )


def _case(name: str, mine: list[float], theirs: list[float]) -> dict[str, object]:
    return {
        "case": name,
        "ratio": round(statistics.median([b / a for a, b in zip(mine, theirs, strict=True)]), 1),
        "ours_us_per_series": round(statistics.median(mine) / SERIES * 1e6, 3),
        "library_us_per_series": round(statistics.median(theirs) / SERIES * 1e6, 3),
    }


if __name__ == "__main__":
    print(run())
