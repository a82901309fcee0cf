"""H1: honest p99 beside 200 slow connections, and what each hostile row costs a running ingester.

The figures of the rows (the answer, the seconds until it, the megabytes that the process grew by) are those of
`docs/safety.md`.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import httpx

from bench.result import Result
from tests.builders.hostile_bodies import HOSTILE, Hostile
from tests.builders.ingester import Ingester, push_body, signed
from tests.builders.process_memory import peak_growth
from tests.builders.slow_senders import ACME, SLOWLY

SLOW: Final = 200
HONEST: Final = 400
BAR_SECONDS: Final = 1.0
FLOOD: Final = 3_000
_PATIENCE_SECONDS: Final = 30.0


def run() -> Result:
    """Return the honest senders' p99 against a second; every row is a case."""
    with tempfile.TemporaryDirectory() as folder:
        ingester = Ingester(Path(folder)).start()
        try:
            with httpx.Client(base_url=ingester.url, timeout=_PATIENCE_SECONDS) as client:
                _honest(client, 100)
                slow, p99 = _slow(ingester, client)
                rows = [_row(ingester, client, name, row) for name, row in HOSTILE.items()]
                flood = _flood(ingester, client)
        finally:
            ingester.stop()
    return Result(
        id="H1",
        ratio=round(p99, 3),
        bar=BAR_SECONDS,
        met=p99 <= BAR_SECONDS and all(row["met"] for row in rows),
        spread=(round(p99, 3), round(p99, 3)),
        yardstick=f"a second, beside {SLOW} slow connections",
        cases=[*slow, *rows, flood],
    )


def _honest(client: httpx.Client, count: int) -> float:
    """Return the p99 of honest deliveries, seconds."""
    took = []
    for number in range(count):
        body = push_body(seed=f"honest-{time.monotonic_ns()}-{number}")
        began = time.monotonic()
        client.post(ACME, content=body, headers=signed(body)).raise_for_status()
        took.append(time.monotonic() - began)
    return sorted(took)[int(0.99 * (count - 1))]


def _slow(ingester: Ingester, client: httpx.Client) -> tuple[list[Mapping[str, object]], float]:
    """Open slow connections, deliver honestly beside them, and see when each kind is closed."""
    kinds = list(SLOWLY.items())
    closed: dict[str, float] = {}
    began = time.monotonic()
    with ExitStack() as stack:
        waiting = []
        for number in range(SLOW):
            name, said = kinds[number % len(kinds)]
            connection = stack.enter_context(closing(socket.create_connection(("127.0.0.1", ingester.port))))
            connection.settimeout(_PATIENCE_SECONDS)
            connection.sendall(said)
            waiting.append(threading.Thread(target=_until_closed, args=(connection, name, began, closed)))
            waiting[-1].start()
        p99 = _honest(client, HONEST)
        for thread in waiting:
            thread.join()
    cases = [{"case": f"slow: {name}", "answer": "closed", "seconds": round(closed[name], 1)} for name in SLOWLY]
    return [*cases, {"case": "honest p99 beside them", "answer": "202", "seconds": round(p99, 3)}], p99


def _until_closed(connection: socket.socket, name: str, began: float, closed: dict[str, float]) -> None:
    try:
        while connection.recv(4_096):
            pass
    except OSError:
        pass
    closed[name] = max(closed.get(name, 0.0), time.monotonic() - began)


def _row(ingester: Ingester, client: httpx.Client, name: str, row: Hostile) -> Mapping[str, object]:
    body = row.body()
    headers = dict(row.headers(body))
    with peak_growth(ingester.pid) as grown:
        began = time.monotonic()
        answer = client.post(row.path, content=body, headers=headers)
        seconds = time.monotonic() - began
        megabytes = grown()
    told = answer.json()
    said = f"{answer.status_code} {told['outcome']}"
    met = answer.status_code in row.statuses and megabytes <= row.most_megabytes
    return {"case": name, "answer": said, "seconds": round(seconds, 2), "grown_mb": megabytes, "met": met}


def _flood(ingester: Ingester, client: httpx.Client) -> Mapping[str, object]:
    """Return by how much a flood of refused requests makes the process grow."""
    with peak_growth(ingester.pid) as grown:
        began = time.monotonic()
        for number in range(FLOOD):
            client.post(f"/webhooks/tool-{number}/source-{number}", content=b"x" * 10_000)
        megabytes = grown()
    seconds = round(time.monotonic() - began, 2)
    return {"case": f"{FLOOD} made-up tools and sources", "answer": "404", "seconds": seconds, "grown_mb": megabytes}


if __name__ == "__main__":
    print(run())
