"""SIGHUP with a file that cannot be used: refused, counted, told with its place; what was running goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx

from tests.builders.ingester import CONFIG, Ingester, push_body, signed

BAD: dict[str, tuple[bytes, str]] = {
    "another encoding": (CONFIG.encode() + b"    owner: caf\xe9\n", ":20:15: value_streams[1].owner: "),
    "a control character": (CONFIG.encode() + b"    owner: \x07\n", ":20:12: value_streams[1].owner: "),
    "a wrong number": (CONFIG.encode() + b"    owner: !!int abc\n", ":20:12: value_streams[1].owner: "),
    "brackets": (CONFIG.encode() + b"    owner: " + b"[" * 5_000, "nested more than 32 deep"),
    "a tool that nobody knows": (
        CONFIG.replace("tool: cdevents", "tool: cdevent", 1).encode(),
        "9:6: sources[6].tool: ",
    ),
    "no file": (b"", "value-streams.yaml:1:1: 'version' is missing"),
}
MERGING = CONFIG.replace("  - name: everything\n", "  - &all\n    name: everything\n") + "  - {<<: *all, name: again}\n"


def wait_for(ingester: Ingester, counted: str) -> None:
    """Wait until the metrics page says so."""
    while counted not in httpx.get(f"{ingester.url}/metrics").text:
        threading.Event().wait(0.01)


def test_every_bad_file_is_refused_counted_and_told(tmp_path: Path) -> None:
    """However broken the file is, the old sources go on; a good one is taken afterwards, but for its streams."""
    ingester = Ingester(tmp_path).start()
    for count, (data, _) in enumerate(BAD.values(), start=1):
        ingester.config.write_bytes(data)
        ingester.hang_up()
        wait_for(ingester, f'vsm_ingest_reloads_total{{outcome="refused"}} {count}.0')
    body = push_body()
    answer = httpx.post(f"{ingester.url}/webhooks/github/acme", content=body, headers=signed(body))
    ingester.config.write_text(MERGING)
    ingester.hang_up()
    wait_for(ingester, 'vsm_ingest_reloads_total{outcome="done"} 1.0')
    ingester.stop()

    left = "changed value streams were left as they are until the next start"
    untold = [name for name, (_, place) in BAD.items() if place not in ingester.logged()]
    assert (answer.status_code, untold, left in ingester.logged()) == (202, [], True)
