"""A real ingester for tests: a process of its own on a free port, with a local log that can be read beside it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

import httpx
from msgspec import Struct

from schemas.codec import Codec
from schemas.dead_letter import DeadLetter
from schemas.event import FlowEvent
from schemas.log import Record
from schemas.log_local import LocalLog
from schemas.topics import DEAD_LETTERS, FLOW_EVENTS

T = TypeVar("T", bound=Struct)

SECRET: Final = "planted-secret-1"
OLD_SECRET: Final = "planted-secret-0"
TOKEN: Final = "planted-token"
KEY: Final = "5a" * 32
CONFIG: Final = f"""\
version: 1
sources:
  - {{tool: github, name: acme, secret: {{value: {SECRET}}}}}
  - {{tool: github, name: rotating, secrets: [{{value: {OLD_SECRET}}}, {{value: {SECRET}}}]}}
  - {{tool: github, name: default, secret: {{value: {SECRET}}}}}
  - {{tool: github, name: open, insecure: true}}
  - {{tool: github, name: unreadable, secret: {{file: /nowhere/at/all}}}}
  - {{tool: github, name: limited, secret: {{value: {SECRET}}}, rate_per_second: 1}}
  - {{tool: cdevents, name: default, secret: {{value: {SECRET}}}}}
  - {{tool: cdevents, name: other, secret: {{value: {SECRET}}}}}
  - {{tool: cloudevents, name: vendor, secret: {{value: {SECRET}}}}}
  - {{tool: cloudevents, name: limited, secret: {{value: {SECRET}}}, rate_per_second: 1}}
value_streams:
  - name: checkout
    select:
      - repository: "github.com/acme/checkout-*"
  - name: everything
    select:
      - repository: "github.com/acme/*"
"""
_MAIN: Final = "from ingest.app import main; from ingest.settings import Settings; main(Settings())"
_START_SECONDS: Final = 30.0
_ROOT: Final = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Ingester:
    """One ingester process on `folder`; `environment` adds to or replaces its `VSM_*` variables."""

    def __init__(
        self, folder: Path, config: str = CONFIG, environment: Mapping[str, str] | None = None, program: str = _MAIN
    ) -> None:
        self.folder = folder
        self._program = program
        self.port = free_port()
        self.config = folder / "value-streams.yaml"
        self.config.write_text(config)
        self.output = folder / "ingest.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VSM_")},
            "VSM_PORT": str(self.port),
            "VSM_DATA": str(folder / "data"),
            "VSM_CONFIG": str(self.config),
            "VSM_IDENTITY_KEY": KEY,
            "VSM_IMPORT_TOKEN": TOKEN,
            "VSM_DRAIN_SECONDS": "0.1",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, ready: bool = True, waited: bool = True) -> Ingester:
        """Start it and wait until it is ready (or only alive, or not at all)."""
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._program], cwd=_ROOT, env=self._environment, stdout=output, stderr=output
            )
        if not waited:
            return self
        path = "/health/ready" if ready else "/health/live"
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers(path):
            assert self._process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Ask it to end and return its exit status."""
        return self.signalled(signal.SIGTERM)

    def kill(self) -> int:
        """End it as `kill -9` does."""
        return self.signalled(signal.SIGKILL)

    def signalled(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(timeout=40)

    def ended(self) -> int:
        """Wait until it ends by itself and return its exit status."""
        assert self._process is not None
        return self._process.wait(timeout=40)

    def hang_up(self) -> None:
        """Send SIGHUP."""
        os.kill(self.pid, signal.SIGHUP)

    def events(self) -> list[FlowEvent]:
        """Return every flow event in its log."""
        return read_all(self.folder / "data", FLOW_EVENTS.name, FlowEvent)

    def letters(self) -> list[DeadLetter]:
        """Return every part of a dead letter in its log."""
        return read_all(self.folder / "data", DEAD_LETTERS.name, DeadLetter)

    def logged(self) -> str:
        """Return what it has written so far."""
        return self.output.read_text()

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(self.url + path, timeout=1.0).status_code == 200
        except httpx.TransportError:
            return False


def read_all(data: Path, topic: str, kind: type[T]) -> list[T]:
    """Return the decoded values of a topic of the local log in `data`; records without a value are none."""
    codec = Codec()
    return [codec.decode(record.value, kind) for record in read_records(data, topic) if record.value is not None]


def read_records(data: Path, topic: str) -> list[Record]:
    """Return every record of a topic of the local log in `data`, each partition's in order."""
    log = LocalLog(data / "log")
    try:
        left = sum(log.end_offsets(topic))
        consumer = log.consumer(f"reader-{os.getpid()}-{time.monotonic_ns()}", [topic], from_start=True)
        found: list[Record] = []
        while len(found) < left:
            found += consumer.poll(5_000, 1.0)
        consumer.close()
        return found
    finally:
        log.close()


def push_body(commits: int = 1, repository: str = "acme/checkout-api", seed: str = "a", padding: int = 0) -> bytes:
    """Return the body of a GitHub push of `commits` new commits; `seed` tells pushes apart."""
    shas = [hashlib.sha1(f"{seed}-{n}".encode(), usedforsecurity=False).hexdigest() for n in range(commits)]
    return json.dumps(
        {
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": shas[-1],
            "created": False,
            "deleted": False,
            "forced": False,
            "repository": {
                "id": 1, "name": repository.partition("/")[2], "full_name": repository,
                "html_url": f"https://github.com/{repository}", "default_branch": "main",
                "owner": {"name": "acme", "login": "acme", "id": 7},
            },
            "pusher": {"name": "planted-person", "email": "planted-person@example.org"},
            "sender": {"login": "planted-person", "id": 42, "type": "User"},
            "commits": [
                {
                    "id": sha, "message": "CHK-12 work", "timestamp": "2026-01-05T10:00:00+01:00", "distinct": True,
                    "url": f"https://github.com/{repository}/commit/{sha}",
                    "author": {"name": "Planted Person", "email": "planted-person@example.org", "username": "planted"},
                    "committer": {"name": "Planted Person", "email": "planted-person@example.org"},
                    "added": ["x" * padding] if padding else [], "removed": [], "modified": [],
                }
                for sha in shas
            ],
            "head_commit": None,
        }
    ).encode()  # fmt: skip


def signed(body: bytes, event: str = "push", secret: str = SECRET, delivery: str = "d-1") -> dict[str, str]:
    """Return the headers GitHub would send with a body."""
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
