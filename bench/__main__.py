"""Runs the benchmarks (`python -m bench [ID ...]`), writes `bench/results.json` and `docs/benchmarks.md`.

Each runs in a process of its own, one after another, so that none measures what another left behind.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from bench.result import Result

IDS: Final = ("i1", "i2", "p1", "p3", "p4", "s1", "m1", "l1")
MEANINGS: Final = {
    "I1": "full ingest handler against the same server's null handler, CPU",
    "I2": "the common ways to write it against our ingest handler, CPU per request",
    "P1": "stock Faust with a Table against our driver, framework share per event",
    "P3": "cost per event at 1,000,000 open items against 1,000",
    "P4": "resident memory per open item with its facts, KB",
    "S1": "our sink against clickhouse-connect's row insert, CPU per row",
    "M1": "prometheus-client's page against ours, 100,000 series",
    "L1": "POST to gauge, p99 beyond the emission interval, seconds",
}
ROOT: Final = Path(__file__).parent
RESULTS: Final = ROOT / "results.json"
PAGE: Final = ROOT.parent / "docs" / "benchmarks.md"
LIMIT_SECONDS: Final = 240


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks, all when none is named; return 1 if one of them could not be run."""
    results = _earlier() if wanted else {}
    failed = False
    for bench in wanted or IDS:
        begun = time.monotonic()
        result = _run(bench.lower())
        if result is None:
            failed = True
            continue
        results[result.id] = result
        verdict = "met" if result.met else "MISSED"
        print(
            f"{result.id:<3} {result.ratio:8.2f}  bar {result.bar:<8g} {verdict:<7} {time.monotonic() - begun:5.1f} s"
        )
        RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
        PAGE.write_text(page(results), encoding="utf-8")
    return int(failed)


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


def _run(bench: str) -> Result | None:
    code = (
        "import sys, msgspec, importlib; "
        f"result = importlib.import_module('bench.{bench}').run(); "
        "sys.stdout.buffer.write(b'\\nRESULT ' + msgspec.json.encode(result) + b'\\n')"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT.parent,
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"{bench}: no result within {LIMIT_SECONDS} s", file=sys.stderr)
        return None
    said = [line for line in done.stdout.splitlines() if line.startswith(b"RESULT ")]
    if done.returncode != 0 or not said:
        print(f"{bench}: failed\n{done.stderr.decode(errors='replace')[-2000:]}", file=sys.stderr)
        return None
    return msgspec.json.decode(said[-1].removeprefix(b"RESULT "), type=Result)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
