"""How uv is fetched with nothing but Python: what is not the program we know never gets onto the machine."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import bootstrap
from tests.builders.command import environment

TAG = bootstrap.WHEELS["Linux", "x86_64"][0]
WHEEL = f"uv-{bootstrap.VERSION}-py3-none-{TAG}.whl"


@contextmanager
def index(pages: Mapping[str, bytes]) -> Iterator[str]:
    """Serve pages by path as a package index and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path)
            self.send_response(200 if found is not None else 404)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ({}, "cannot fetch uv from"),
        ({"/simple/uv/": b"<a href='other.whl'>other</a>"}, f"has no {WHEEL}"),
        (
            {"/simple/uv/": f'<a href="../../{WHEEL}#sha256=0">'.encode(), f"/{WHEEL}": b"else"},
            "is not what it must be",
        ),
    ],
    ids=["no page", "no such file", "another program"],
)
def test_what_is_not_known_is_refused(pages: Mapping[str, bytes], why: str) -> None:
    """With the reason, and what to do."""
    with index(pages) as address, pytest.raises(bootstrap.NoUv, match=why) as told:
        bootstrap.fetch(address, "Linux", "x86_64")
    assert "install uv yourself" in str(told.value)


def test_an_unknown_machine_is_told() -> None:
    """Nothing is fetched for it."""
    with pytest.raises(bootstrap.NoUv, match="no uv is known here for Plan9 on pdp11"):
        bootstrap.fetch("http://127.0.0.1:1", "Plan9", "pdp11")


def test_without_a_network_it_says_so_in_one_line(tmp_path: Path) -> None:
    """On stderr, with status 1, and leaves nothing."""
    done = subprocess.run(
        [sys.executable, bootstrap.__file__, tmp_path / "bin" / "uv"],
        env=environment(PIP_INDEX_URL="http://127.0.0.1:1/simple", UV_DEFAULT_INDEX=""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines()), list(tmp_path.iterdir())) == (1, 1, [])
