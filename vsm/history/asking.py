"""Asks a tool's API over HTTP: with a token that is never shown, page by page, patient with its limits."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

from ingest.history.history import Answer, Ask
from vsm.history.pacing import MOST_TRIES, is_broken, is_limit, limited_pause, pause, rest
from vsm.troubles import why

_GONE: Final = frozenset({404, 409, 410, 422})
_MOVED: Final = frozenset({301, 302, 307, 308})
_MOST_MOVES: Final = 3
_SHOWN_CHARACTERS: Final = 200
_LONG_SECONDS: Final = 5.0
_MOST_BYTES: Final = 64_000_000
"""An answer is not read beyond this, decompressed; no API's page is near it."""

_OF_THE_TRANSFER: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Unanswered(RuntimeError):  # noqa: N818 - shown to the user as it is
    """The API refuses, or does not answer; says what was asked and why."""


def credentials(tool: str, token: str) -> dict[str, str]:
    """Return the headers that a tool's API is asked with; '' asks as nobody in particular.

    Jira takes `mail:token` (Cloud) or a personal access token (Server).
    """
    accept = {"accept": "application/vnd.github+json"} if tool == "github" else {"accept": "application/json"}
    if not token:
        return accept
    if tool == "gitlab":
        return {**accept, "private-token": token}
    if tool == "jira" and ":" in token:
        return {**accept, "authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}
    return {**accept, "authorization": f"Bearer {token}"}


class Asker:
    """Asks one API. `sleep` waits, `now` is the time in seconds since 1970, `waits` is told of long waits."""

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        waits: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._address = address.rstrip("/")
        parts = urlsplit(address)
        self._server = f"{parts.scheme}://{parts.netloc}"
        self._client = httpx.Client(headers=dict(headers), timeout=60.0)
        self._sleep, self._now, self._waits = sleep, now, waits

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __call__(self, ask: Ask) -> Answer:
        """Return the answer, after as much waiting as the API asks for. Raises Unanswered."""
        answer = self._answered(ask)
        if ask.may_be_gone and answer.status_code in _GONE:
            return Answer(None)
        if not answer.is_success:
            raise Unanswered(f"{self._server} answered {answer.status_code} to GET {ask.path}: {_words(answer)}")
        try:
            body = answer.json()
        except (ValueError, RecursionError) as bad:
            raise Unanswered(f"{self._server} answered GET {ask.path} with something else than JSON") from bad
        following = self._following(answer, ask)
        self._wait(rest(answer.headers, self._now()))
        return Answer(body, following)

    def _answered(self, ask: Ask) -> httpx.Response:
        """Ask until there is an answer that stands."""
        tried = 0
        problem = ""
        while tried < MOST_TRIES:
            tried += 1
            try:
                answer = self._get(ask)
            except httpx.TransportError as lost:
                problem = f"does not answer ({why(lost)})"
                self._wait(pause({}, tried, self._now()))
                continue
            if is_limit(answer.status_code, answer.headers, answer.text):
                self._wait(limited_pause(answer.headers, tried, self._now()))
            elif is_broken(answer.status_code):
                self._wait(pause(answer.headers, tried, self._now()))
            else:
                return answer
            problem = f"answered {answer.status_code}"
        raise Unanswered(f"{self._server} {problem}, {tried} times over, to GET {ask.path}: try again later")

    def _get(self, ask: Ask) -> httpx.Response:
        url = f"{self._server}{ask.path}" if ask.path.startswith("/") else f"{self._address}/{ask.path}"
        answer = self._read(ask, url, dict(ask.params) or None)
        for _ in range(_MOST_MOVES):
            if answer.status_code not in _MOVED:
                break
            url = self._joined(answer, answer.headers.get("location", ""), ask)
            there = urlsplit(url)
            if f"{there.scheme}://{there.netloc}" != self._server:
                raise Unanswered(f"{self._server} sends GET {ask.path} to another server, which is not asked")
            answer = self._read(ask, url)
        return answer

    def _read(self, ask: Ask, url: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        """Return a whole answer, which is not believed to be of any size."""
        content = bytearray()
        try:
            with self._client.stream("GET", url, params=params) as answer:
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > _MOST_BYTES:
                        raise Unanswered(f"{self._server} answered GET {ask.path} with more than is read")
        except httpx.DecodingError as bad:
            raise Unanswered(f"{self._server} answered GET {ask.path} with broken compression") from bad
        headers = [(name, text) for name, text in answer.headers.multi_items() if name not in _OF_THE_TRANSFER]
        return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=answer.request)

    def _joined(self, answer: httpx.Response, told: str, ask: Ask) -> str:
        try:
            return str(answer.url.join(told))
        except (httpx.InvalidURL, ValueError) as bad:
            raise Unanswered(f"{self._server} answered GET {ask.path} with an address that is none") from bad

    def _following(self, answer: httpx.Response, ask: Ask) -> Ask | None:
        """Return where the answer says that the next page is, always on the server that was asked."""
        url = answer.links.get("next", {}).get("url")
        if not url:
            return None
        there = urlsplit(self._joined(answer, url, ask))
        return Ask(f"{there.path}?{there.query}" if there.query else there.path, may_be_gone=ask.may_be_gone)

    def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if seconds > _LONG_SECONDS:
            self._waits(seconds)
        self._sleep(seconds)


def _words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return answer.reason_phrase
    told = said.get("message") or said.get("errorMessages") or said.get("error") if isinstance(said, dict) else None
    return str(told or answer.reason_phrase)[:_SHOWN_CHARACTERS]
