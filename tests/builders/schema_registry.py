"""A schema registry for tests: Confluent's HTTP interface as far as we use it, checking compatibility for real."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType


class RegistryServer(ThreadingHTTPServer):
    """Keeps schemas in memory; `failing` makes it answer so many requests with that status."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.schemas: list[str] = []
        self.subjects: dict[str, list[int]] = {}
        self.status = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def register(self, subject: str, schema: str) -> tuple[int, object]:
        """Return the status and answer of a registration."""
        known = self.subjects.setdefault(subject, [])
        if any(not _reads(schema, self.schemas[number - 1]) for number in known):
            return 409, {"error_code": 409, "message": "incompatible with an earlier schema"}
        if schema not in self.schemas:
            self.schemas.append(schema)
        number = self.schemas.index(schema) + 1
        if number not in known:
            known.append(number)
        return 200, {"id": number}


@contextmanager
def schema_registry() -> Iterator[RegistryServer]:
    """Run a registry on loopback."""
    server = RegistryServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: RegistryServer

    def do_GET(self) -> None:
        number = int(self.path.rsplit("/", 1)[1])
        if 0 < number <= len(self.server.schemas):
            self._answer(200, {"schema": self.server.schemas[number - 1]})
        else:
            self._answer(404, {"error_code": 40403, "message": "Schema not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer(*self.server.register(unquote(self.path.split("/")[2]), body["schema"]))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(self.server.status or status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _reads(reader: str, writer: str) -> bool:
    found = ReaderWriterCompatibilityChecker().get_compatibility(avro.schema.parse(reader), avro.schema.parse(writer))
    return bool(found.compatibility is SchemaCompatibilityType.compatible)
