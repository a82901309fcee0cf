"""Posts import facts and corrections to an ingester, on the same path as live deliveries."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec

from ingest.corrections import Correction
from vsm.data_dir import DataDir
from vsm.troubles import is_sendable, why

BATCH: Final = 1_000
_TRIES: Final = 60
_BUSY: Final = frozenset({429, 502, 503, 504})


class ImportRefused(ValueError):  # noqa: N818 - shown to the user as it is
    """The ingester does not take the facts; says why."""


def token(folder: DataDir) -> str:
    """Return the import token: `VSM_IMPORT_TOKEN`, else that of the data directory. Raises ImportRefused."""
    given = os.environ.get("VSM_IMPORT_TOKEN", "").strip()
    try:
        found = given or folder.import_token.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as missing:
        raise ImportRefused(
            f"no import token: set VSM_IMPORT_TOKEN, or give the --data of a stack ({folder.import_token}: "
            f"{missing.strerror})"
        ) from missing
    if not is_sendable(found):
        raise ImportRefused("the import token is no line of ASCII: no header can hold it")
    return found


def address(folder: DataDir, to: str | None) -> str:
    """Return where to post: `to`, else the stack that runs on the directory, else the default port."""
    run = folder.running()
    return to or (run.addresses["ingest"] if run is not None else "http://127.0.0.1:8080")


def post(facts: Iterable[Mapping[str, object]], stream: str, to: str, bearer: str, sent: Callable[[], None]) -> int:
    """Post all facts and return how many were taken; `sent` is called for each.

    Raises ImportRefused with the ingester's words for an unknown stream, a wrong token or a bad fact, and when nobody
    answers for a minute.
    """
    taken = 0
    with _client(to, bearer) as client:
        waiting = iter(facts)
        while batch := list(itertools.islice(waiting, BATCH)):
            _post_patiently(client, f"/imports/{stream}", msgspec.json.encode(batch))
            taken += len(batch)
            for _ in batch:
                sent()
    return taken


def post_links(corrections: Sequence[Correction], to: str, bearer: str) -> list[str]:
    """Post corrections of links and return the ids of their facts. Raises ImportRefused as `post` does."""
    with _client(to, bearer) as client:
        ids: list[str] = _post_patiently(client, "/links", msgspec.json.encode(corrections)).json()["event_ids"]
    return ids


def _client(to: str, bearer: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    return httpx.Client(base_url=to, headers=headers, timeout=60.0)


def _post_patiently(client: httpx.Client, path: str, body: bytes) -> httpx.Response:
    problem = ""
    for _ in range(_TRIES):
        try:
            answer = client.post(path, content=body)
        except httpx.TransportError as gone:
            problem = f"{client.base_url} does not answer ({why(gone)}): is the ingester running?"
        else:
            if answer.is_success:
                return answer
            problem = _words(answer)
            if answer.status_code not in _BUSY:
                raise ImportRefused(problem)
        time.sleep(1.0)
    raise ImportRefused(problem)


def _words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        said = answer.text[:500]
    reason = said.get("reason", said) if isinstance(said, dict) else said
    return f"the ingester answered {answer.status_code}: {reason}"


def folder_name(path: Path) -> str:
    """Return a repository's folder name, for a history without a remote."""
    return path.resolve().name or "repository"
