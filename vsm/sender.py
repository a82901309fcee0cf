"""Plays recorded deliveries into an ingester over HTTP: signed, at a rate, patient with back-pressure."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx
import msgspec
from msgspec import Struct

from ingest.signatures import Scheme
from vsm.signing import SCHEMES, renewed, signed
from vsm.troubles import why

EVENTS_TOOLS: Final = ("cdevents", "cloudevents")
NO_URLS: Final[Mapping[tuple[str, str], str]] = {}
"""Every source is known by the address it is sent to."""

_TRIES: Final = 60
_PATIENCE_SECONDS: Final = 1.0
_REFUSALS_SHOWN: Final = 5
_BUSY: Final = frozenset({429, 502, 503, 504})
_OF_THE_CONNECTION: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})
"""Headers of a recording that this sending has of its own."""


class BadRecording(ValueError):  # noqa: N818 - shown to the user as it is
    """A line of the recording cannot be played; says which and why."""


class Unreachable(ConnectionError):  # noqa: N818 - shown to the user as it is
    """Nobody answers at the address."""


class Recorded(Struct, kw_only=True):
    """One line of a recording: `body` is any JSON value, or `body_b64` the raw bytes."""

    tool: str
    source: str = "default"
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw()
    body_b64: str | None = None

    def raw(self) -> bytes:
        """Return the bytes to send. Raises ValueError for bad base64."""
        return bytes(self.body) if self.body_b64 is None else base64.b64decode(self.body_b64, validate=True)


class Played(Struct, kw_only=True):
    """What became of a recording: answers by `status outcome`, and the first refusals in words."""

    answers: Counter[str]
    refused: list[str]


def read_recording(file: Path) -> Iterator[Recorded]:
    """Yield the deliveries of a JSON lines file. Raises BadRecording, OSError."""
    decoder = msgspec.json.Decoder(Recorded)
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                recorded = decoder.decode(line)
                recorded.raw()
            except ValueError as bad:
                raise BadRecording(f"{file}:{number}: {bad}") from bad
            yield recorded


async def play(
    deliveries: Iterable[Recorded],
    to: str,
    secrets: Mapping[tuple[str, str], bytes],
    *,
    rate: float | None = None,
    lanes: int = 8,
    sent: Callable[[], None] = lambda: None,
    schemes: Mapping[str, Scheme] = SCHEMES,
    urls: Mapping[tuple[str, str], str] = NO_URLS,
) -> Played:
    """Send deliveries in order over `lanes` connections and wait for every answer.

    `secrets` by (tool, source), `schemes` by tool, `urls` by (tool, source) where one is known by another than it is
    sent to. `rate` a second, None for as fast as they are answered. `sent` is
    called after each answer. 429 and 503 are waited out as `Retry-After` says. Raises Unreachable when nobody answers
    for a minute.
    """
    played = Played(answers=Counter(), refused=[])
    source = iter(deliveries)
    begun = time.monotonic()
    number = 0
    lost: BaseException | None = None

    async with httpx.AsyncClient(base_url=to, timeout=60.0) as client:

        async def lane() -> None:
            nonlocal number
            for recorded in source:
                number += 1
                if rate is not None:
                    await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
                _count(played, recorded, await _post(client, recorded, secrets, schemes, urls))
                sent()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(lane())
        except* (httpx.TransportError, UnicodeError) as gone:
            lost = gone.exceptions[0]
    if lost is not None:
        raise Unreachable(f"{to} does not answer ({why(lost)}): is the ingester running?")
    return played


async def _post(
    client: httpx.AsyncClient,
    recorded: Recorded,
    secrets: Mapping[tuple[str, str], bytes],
    schemes: Mapping[str, Scheme],
    urls: Mapping[tuple[str, str], str],
) -> httpx.Response:
    tool, source, raw = recorded.tool, recorded.source, recorded.raw()
    path = f"/events/{source}" if tool in EVENTS_TOOLS else f"/webhooks/{tool}/{source}"
    secret = secrets.get((tool, source))
    url = urls.get((tool, source)) or str(client.base_url.join(path))
    for attempt in range(_TRIES):
        now = time.time_ns() // 1000
        body = raw if secret is None else renewed(tool, raw, now, schemes)
        headers = signed(tool, secret, _headers(recorded), body, url=url, sent_at=now, schemes=schemes)
        try:
            answer = await client.post(path, content=body, headers=headers)
        except httpx.TransportError as lost:
            if attempt == _TRIES - 1 or isinstance(lost, httpx.LocalProtocolError):
                raise
            await asyncio.sleep(_PATIENCE_SECONDS)
            continue
        if answer.status_code not in _BUSY:
            return answer
        await asyncio.sleep(_patience(answer))
    return answer


def _headers(recorded: Recorded) -> dict[str, str]:
    """Return a recording's headers, each name once and in lower case."""
    told = {name.lower(): value for name, value in recorded.headers.items()}
    kept = {name: value for name, value in told.items() if name not in _OF_THE_CONNECTION}
    return {"content-type": "application/json", **kept}


def _patience(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return min(float(text), 30.0) if text.isdigit() else _PATIENCE_SECONDS


def _count(played: Played, recorded: Recorded, answer: httpx.Response) -> None:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    outcome = str(said.get("outcome", "")) if isinstance(said, dict) else ""
    played.answers[f"{answer.status_code} {outcome}".strip()] += 1
    if not answer.is_success and len(played.refused) < _REFUSALS_SHOWN:
        played.refused.append(f"{answer.status_code} {recorded.tool}/{recorded.source}: {said or answer.text[:200]}")
