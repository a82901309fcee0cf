"""L1: from POST to the gauge on the metrics page, at 500 events a second, on the one-machine stack.

A stream `probe` gets one new ticket every tenth of a second while a stream `load` gets batches; the k-th probe is seen
when the page says that k tickets are in the backlog. The ratio is the 99th percentile over the emission interval and
250 ms; its bar is 1.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.result import Result
from vsm.data_dir import DataDir
from vsm.importing import token
from vsm.one_machine.ports import free_ports
from vsm.one_machine.stack import Plan, running

EVENTS_PER_SECOND: Final = 500
PROBES: Final = 200
PROBE_SECONDS: Final = 0.1
EMISSION_SECONDS: Final = 1.0
ALLOWED_SECONDS: Final = EMISSION_SECONDS + 0.25
WARM_SECONDS: Final = 5.0
_BATCHES_PER_SECOND: Final = 10
_GAUGE: Final = 'vsm_step_work_in_progress{value_stream="probe",step="Backlog"}'
_STREAMS: Final = """\
version: 1
value_streams:
  - {name: probe, select: [{project: "bench/P"}]}
  - {name: load, select: [{project: "bench/L"}]}
"""


def run() -> Result:
    """Measure once: 200 probes over 20 seconds, after 5 seconds of load."""
    with tempfile.TemporaryDirectory(prefix="vsm-l1-") as room:
        folder = DataDir(Path(room))
        folder.make()
        folder.config.write_text(_STREAMS, encoding="utf-8")
        plan = Plan(config=folder.config, port=free_ports(1)[0])
        with folder.held(), running(folder, plan) as stack:
            over = threading.Event()
            sender = threading.Thread(target=_load, args=(stack.addresses["ingest"], token(folder), over))
            sender.start()
            try:
                time.sleep(WARM_SECONDS)
                seconds = _probe(stack.addresses["ingest"], stack.addresses["sink"], token(folder))
            finally:
                over.set()
                sender.join()
    p99 = statistics.quantiles(seconds, n=100)[98]
    return Result(
        id="L1",
        ratio=p99 / ALLOWED_SECONDS,
        bar=1.0,
        met=p99 <= ALLOWED_SECONDS,
        spread=(min(seconds) / ALLOWED_SECONDS, max(seconds) / ALLOWED_SECONDS),
        yardstick="the emission interval (1 s) and 250 ms",
        cases=[
            {
                "events_per_second": EVENTS_PER_SECOND,
                "probes": len(seconds),
                "p50_seconds": statistics.median(seconds),
                "p99_seconds": p99,
                "max_seconds": max(seconds),
            }
        ],
    )


def _load(to: str, bearer: str, over: threading.Event) -> None:
    """Send batches until it is over."""
    size = EVENTS_PER_SECOND // _BATCHES_PER_SECOND
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    with httpx.Client(base_url=to, headers=headers, timeout=30.0) as client:
        begun, batch = time.monotonic(), 0
        while not over.wait(max(0.0, begun + batch / _BATCHES_PER_SECOND - time.monotonic())):
            facts = [_ticket(f"L-{batch}-{i}") for i in range(size)]
            client.post("/imports/load", content=msgspec.json.encode(facts)).raise_for_status()
            batch += 1


def _probe(to: str, page: str, bearer: str) -> list[float]:
    """Return the seconds from the POST of each probe to its being seen."""
    sent: list[float] = []
    seen: list[float] = []
    watcher = threading.Thread(target=_watch, args=(page, seen))
    watcher.start()
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    with httpx.Client(base_url=to, headers=headers, timeout=30.0) as client:
        begun = time.monotonic()
        for probe in range(PROBES):
            time.sleep(max(0.0, begun + probe * PROBE_SECONDS - time.monotonic()))
            sent.append(time.monotonic())
            client.post("/imports/probe", content=msgspec.json.encode([_ticket(f"P-{probe}")])).raise_for_status()
    watcher.join()
    return [at - was for was, at in zip(sent, seen, strict=True)]


def _watch(page: str, seen: list[float]) -> None:
    """Note when the gauge first counts each probe."""
    deadline = time.monotonic() + PROBES * PROBE_SECONDS + 60
    with httpx.Client(base_url=page, timeout=30.0) as client:
        while len(seen) < PROBES and time.monotonic() < deadline:
            text = client.get("/metrics").text
            now = time.monotonic()
            line = next((line for line in text.splitlines() if line.startswith(_GAUGE)), "")
            count = int(float(line.rpartition(" ")[2])) if line else 0
            seen.extend([now] * (count - len(seen)))
            time.sleep(0.02)


def _ticket(key: str) -> dict[str, object]:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}+00:00"
    return {"type": "ticket.created", "occurred_at": stamp, "subject_id": f"ticket:bench/{key}"}
