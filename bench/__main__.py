"""Runs the benchmarks (`python -m bench [ID ...]`), writes `bench/results.json` and `docs/benchmarks.md`.

They run one after another, in processes of their own, so that none measures what another left behind; P3 and P4 share
one, since both need a million open items.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.result import Result

GROUPS: Final = (
    ("a1",),
    ("i1",),
    ("i2",),
    ("p1",),
    ("p2",),
    ("p4", "p3"),
    ("r1",),
    ("s1",),
    ("m1",),
    ("metrics_cost",),
    ("explain",),
    ("l1",),
    ("hostile",),
)
"""The benchmarks, those of a group in one process."""
MEANINGS: Final = {
    "A1": "an adapter's translation of its tool's typical body, the dearest tool",
    "I1": "full ingest handler against the same server's null handler, CPU",
    "I2": "the common ways to write it against our ingest handler, CPU per request",
    "P1": "stock Faust with a Table against our driver, framework share per event",
    "P2": "Quix Streams with durable state against our whole processor, CPU per event",
    "P3": "cost per event at 1,000,000 open items against 1,000",
    "P4": "resident memory per open item with its facts and measurements, KB",
    "R1": "a replay's events a second against stock Faust's live ones; a million items rebuilt in under two minutes",
    "S1": "our sink against clickhouse-connect's row insert, CPU per row",
    "C1": "measuring everything against the engine alone, CPU per event",
    "M1": "prometheus-client's page against ours, 100,000 series",
    "H1": "honest deliveries beside 200 slow connections, p99 in seconds",
    "X1": "the map and explanations of every scope on 10,000,000 visits of one stream, what is known now, seconds",
    "L1": "POST to gauge, p99 beyond the emission interval, seconds",
}
ROOT: Final = Path(__file__).parent
RESULTS: Final = ROOT / "results.json"
PAGE: Final = ROOT.parent / "docs" / "benchmarks.md"
LIMIT_SECONDS: Final = 900


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks, all when none is named; return 1 if one of them could not be run."""
    results = _earlier() if wanted else {}
    asked = {name.lower() for name in wanted} or {name for group in GROUPS for name in group}
    failed = False
    for group in (tuple(name for name in group if name in asked) for group in GROUPS):
        begun = time.monotonic()
        found = _run(group) if group else []
        failed |= found is None
        for result in found or ():
            results[result.id] = result
            print(_line(result, time.monotonic() - begun), flush=True)
            RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
            PAGE.write_text(page(results), encoding="utf-8")
    return int(failed)


def _line(result: Result, seconds: float) -> str:
    verdict = "met" if result.met else "MISSED"
    return f"{result.id:<3} {result.ratio:8.2f}  bar {result.bar:<8g} {verdict:<7} {seconds:5.1f} s"


def page(results: dict[str, Result]) -> str:
    """Return the table of results as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Every figure is a ratio taken in one run on one machine; `spread` is its least and",
        "greatest over the rounds. `bench/results.json` has every case.",
        "",
        "| bar | what | ratio | spread | bar | met | yardstick |",
        "|---|---|---:|---|---:|---|---|",
    ]
    for name, result in sorted(results.items()):
        spread = f"{result.spread[0]:.2f} to {result.spread[1]:.2f}"
        met = "yes" if result.met else "**no**"
        what = MEANINGS[name]
        lines.append(
            f"| {name} | {what} | {result.ratio:.2f} | {spread} | {result.bar:g} | {met} | {result.yardstick} |"
        )
    return "\n".join(lines) + "\n"


def _earlier() -> dict[str, Result]:
    return msgspec.json.decode(RESULTS.read_bytes(), type=dict[str, Result]) if RESULTS.exists() else {}


def _run(group: Sequence[str]) -> list[Result] | None:
    """Run the benchmarks of a group; None, and why on stderr, where that failed."""
    code = (
        "import sys, msgspec, importlib\n"
        f"for name in {tuple(group)!r}:\n"
        "    result = importlib.import_module('bench.' + name).run()\n"
        "    sys.stdout.buffer.write(b'\\nRESULT ' + msgspec.json.encode(result) + b'\\n')"
    )
    name = ", ".join(group)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT.parent,
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: no result within {LIMIT_SECONDS} s", file=sys.stderr)
        return None
    said = [line for line in done.stdout.splitlines() if line.startswith(b"RESULT ")]
    if done.returncode != 0 or len(said) != len(group):
        print(f"{name}: failed\n{done.stderr.decode(errors='replace')[-2000:]}", file=sys.stderr)
        return None
    return [msgspec.json.decode(line.removeprefix(b"RESULT "), type=Result) for line in said]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
