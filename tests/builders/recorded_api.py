"""A tool's API on loopback that answers from a recording: page by page, with limits and failures where planned."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from ingest.history.history import Answer, Ask

FIXTURES: Final = Path(__file__).parent.parent / "ingest" / "history" / "fixtures"
_TELLING: Final = ("from", "nextPageToken", "ref", "startAt", "to")
"""Parameters that a recorded answer may stand for, beside its path."""

_WHOLE: Final = ("/rest/api/2/status",)
"""Lists that come without pages."""

_LISTS: Final = ("workflow_runs", "jobs", "commits", "check_suites")
"""Where an answer that is an object has its list."""


class Trouble(Struct, frozen=True, kw_only=True):
    """An answer in place of the recorded one."""

    status: int
    headers: Mapping[str, str] = {}
    body: str = "{}"


class Recording(Struct, frozen=True):
    """Recorded answers by path (`/repos/acme/shop/issues`, with `?ref=...` where that tells); lists in pages."""

    answers: Mapping[str, Any]
    size: int = 2

    def answer(self, path: str, params: Mapping[str, str]) -> tuple[Any, str | None] | None:
        """Return the body and where its next page is; None where nothing is recorded."""
        telling = {name: params[name] for name in _TELLING if name in params}
        exact = f"{path}?{urlencode(telling, safe='/:')}"
        if (found := self.answers.get(exact, self.answers.get(path))) is None:
            return None
        page = int(params.get("page", "1"))
        name = next((name for name in _LISTS if isinstance(found, dict) and name in found), None)
        listed = found[name] if name else found
        if not isinstance(listed, list) or path in _WHOLE:
            return found, None
        piece = listed[(page - 1) * self.size : page * self.size]
        more = page * self.size < len(listed)
        following = f"{path}?{urlencode({**params, 'page': str(page + 1)}, safe='/:')}" if more else None
        return ({**found, name: piece} if name else piece), following

    def ask(self, ask: Ask) -> Answer:
        """Answer without a network."""
        parts = urlsplit(ask.path if ask.path.startswith("/") else f"/{ask.path}")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        found = self.answer(parts.path, {**query, **ask.params})
        if found is None:
            assert ask.may_be_gone, f"nothing is recorded for {ask}"
            return Answer(None)
        body, following = found
        return Answer(body, Ask(following, may_be_gone=ask.may_be_gone) if following else None)


def recording(name: str, size: int = 2) -> Recording:
    """Return a recording of the fixtures."""
    return Recording(json.loads((FIXTURES / f"{name}.json").read_text()), size)


class Api(ThreadingHTTPServer):
    """Serves a recording; before the n-th answer (from 0) come the troubles planned for it, one a request.

    What has `refuse` in its path is refused, '' refuses nothing.
    """

    daemon_threads = True

    def __init__(self, recorded: Recording, troubles: Mapping[int, Sequence[Trouble]], under: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.recorded = recorded
        self.troubles = {at: list(planned) for at, planned in troubles.items()}
        self.under = under
        self.refuse = ""
        self.answered = 0
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()

    @property
    def address(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.server_port}{self.under}"


class _Handler(BaseHTTPRequestHandler):
    server: Api
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_GET(self) -> None:
        api = self.server
        api.tokens.add(self.headers.get("authorization") or self.headers.get("private-token"))
        if planned := api.troubles.get(api.answered):
            trouble = planned.pop(0)
            self._say(trouble.status, trouble.headers, trouble.body.encode())
            return
        if api.refuse and api.refuse in self.path:
            self._say(403, {}, b'{"message": "refused"}')
            return
        api.answered += 1
        api.asked.append(self.path)
        parts = urlsplit(self.path.removeprefix(api.under))
        found = api.recorded.answer(parts.path, {name: v[-1] for name, v in parse_qs(parts.query).items()})
        if found is None:
            self._say(404, {}, b'{"message": "Not Found"}')
            return
        body, following = found
        link = {"link": f'<{api.address}{following}>; rel="next"'} if following else {}
        self._say(200, link, json.dumps(body).encode())

    def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def serving(
    recorded: Recording, troubles: Mapping[int, Sequence[Trouble]] | None = None, under: str = ""
) -> Iterator[Api]:
    """Serve in a thread."""
    with Api(recorded, troubles or {}, under) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
