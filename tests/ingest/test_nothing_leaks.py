"""What a sender says stays where it belongs: no connection goes out, no log line is forged, no secret is told."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import httpx
import pytest

from ingest.adapters import ADAPTERS
from tests.builders.deliveries import BY_TOOL, goldens
from tests.builders.ingester import CONFIG, KEY, OLD_SECRET, SECRET, TOKEN, Ingester, push_body, signed

EVERY_TOOL: Final = "".join(
    f"  - {{tool: {adapter.tool}, name: any, insecure: true}}\n" for adapter in ADAPTERS if adapter.tool != "cdevents"
)
ODD: Final = "\r\nforged-line\x1b[31m\u2028forged-line\u0085forged-line"
ADDRESS: Final = re.compile(r"(?:https?|git|ssh|oci)://[^\s\"]+")


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingester]:
    """An ingester that takes every tool's deliveries."""
    config = CONFIG.replace("sources:\n", f"sources:\n{EVERY_TOOL}", 1)
    running = Ingester(tmp_path_factory.mktemp("open"), config, {"VSM_LOG_LEVEL": "debug"}).start()
    yield running
    running.stop()


def path_of(tool: str) -> str:
    """Where an open source's deliveries go."""
    return "/events/vendor" if tool == "cdevents" else f"/webhooks/{tool}/any"


class Canary:
    """Listens, and counts who calls."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.calls = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                called, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            called.close()

    def close(self) -> None:
        """Listen no longer."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)


def test_no_address_in_a_body_is_ever_called(open_to_all: Ingester) -> None:
    """Every delivery of every tool with each of its addresses leading to a listener: nobody calls there."""
    with closing(Canary()) as canary, httpx.Client(base_url=open_to_all.url, timeout=30) as client:
        statuses = set()
        for one in goldens():
            body = ADDRESS.sub(f"http://127.0.0.1:{canary.port}/x", one.body.decode()).encode()
            headers = {**one.headers, "content-type": "application/json", "referer": f"http://127.0.0.1:{canary.port}/"}
            proof = {"authorization": f"Bearer {SECRET}"}
            statuses.add(client.post(path_of(one.tool), content=body, headers={**headers, **proof}).status_code)
        calls = canary.calls
        with closing(socket.create_connection(("127.0.0.1", canary.port))):
            while canary.calls == calls:
                threading.Event().wait(0.01)

    assert (statuses <= {200, 202}, calls) == (True, 0)


def spoilt(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a body with line ends and escapes behind each of its texts."""
    if isinstance(value, dict):
        return {name: spoilt(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [spoilt(inner) for inner in value]
    return value + ODD if isinstance(value, str) else value


@pytest.mark.parametrize("tool", [tool for tool in BY_TOOL if tool != "cdevents"])
def test_no_text_of_a_body_starts_a_line_of_the_log(open_to_all: Ingester, tool: str) -> None:
    """Line ends and escapes in every text of a tool's bodies, in its headers and in the path: none gets through."""
    with httpx.Client(base_url=open_to_all.url, timeout=30) as client:
        for one in goldens(tool)[:6]:
            headers = {name: f"{value}%0aforged-line" for name, value in one.headers.items()}
            for given in (one.headers, headers):
                content = json.dumps(spoilt(json.loads(one.body))).encode()
                client.post(path_of(tool), content=content, headers={**given, "content-type": "application/json"})
        client.post(f"/webhooks/{tool}%0d%0aforged-line%1b[31m/any%0aforged-line", content=b"{}")

    logged = open_to_all.logged()
    assert [line for line in logged.splitlines() if "forged-line" in line or "\x1b[31m" in line] == []


def test_no_secret_is_told(ingester: Ingester, client: httpx.Client) -> None:
    """After right and wrong proofs of each kind no log line, metric or page holds a secret, a proof or a body."""
    body = push_body(seed="no-secret-is-told")
    right = signed(body)
    wrong = signed(body, secret="planted-wrong-secret")
    for headers in (right, wrong, {**right, "authorization": f"Bearer {TOKEN}"}):
        client.post("/webhooks/github/acme", content=body, headers=headers)
        client.post(f"/webhooks/github/acme?token={SECRET}", content=body, headers=headers)
    for token in (SECRET, TOKEN, "planted-wrong-secret"):
        proof = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        for path in ("/events", "/imports/checkout", "/links", f"/nowhere/{token}"):
            client.post(path, content=b'[{"a":"planted-person"}]', headers=proof)
    told = ingester.logged() + "".join(client.get(p).text for p in ("/metrics", "/openapi.json", "/health/ready"))
    kept = [SECRET, OLD_SECRET, TOKEN, KEY, "planted-wrong-secret", "planted-person", right["x-hub-signature-256"][7:]]

    assert [text for text in kept if text in told] == []
