"""A schema registry (Confluent's HTTP interface): ids of our schemas, and the schemas of other people's ids."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from schemas.avro_schemas import KINDS, versions
from schemas.codec import Codec, Registered
from schemas.dead_letter import DeadLetter, LetterKey
from schemas.derived import Change, Deployment, Incident, StepVisit, WorkItem
from schemas.event import FlowEvent
from schemas.log import LogUnavailable
from schemas.measurement import Measurement
from schemas.state import EntityRecord
from schemas.topics import (
    CHANGES,
    DEAD_LETTERS,
    DEPLOYMENTS,
    FLOW_EVENTS,
    INCIDENTS,
    LETTER_KEYS,
    MEASUREMENTS,
    STATE,
    STEP_VISITS,
    WORK_ITEMS,
)

SUBJECTS: Final[Mapping[type[Struct], str]] = MappingProxyType(
    {
        kind: f"{topic.name}-value"
        for kind, topic in (
            (FlowEvent, FLOW_EVENTS),
            (StepVisit, STEP_VISITS),
            (WorkItem, WORK_ITEMS),
            (Change, CHANGES),
            (Deployment, DEPLOYMENTS),
            (Incident, INCIDENTS),
            (Measurement, MEASUREMENTS),
            (DeadLetter, DEAD_LETTERS),
            (LetterKey, LETTER_KEYS),
            (EntityRecord, STATE),
        )
    }
)
"""The subject of each value: its topic's name and `-value`."""

T = TypeVar("T", bound=Struct)

_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_TIMEOUT_SECONDS: Final = 10.0
_NOT_FOUND: Final = 404
_REFUSALS: Final = range(400, 429)


class RegistryUnavailable(LogUnavailable):
    """The registry did not answer as one should: try again later."""


class RegistryRefused(ValueError):  # noqa: N818 - it says what was refused; an operator has to decide
    """The registry will not take a schema (incompatible, invalid) or us (credentials)."""


class _Id(Struct):
    id: int


class _Schema(Struct):
    schema: str


class _Problem(Struct):
    message: str = ""


class Registry:
    """One registry; `url` may hold credentials (`https://user:password@host`), which no error repeats."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(
            base_url=url,
            timeout=_TIMEOUT_SECONDS,
            headers={"accept": _MEDIA_TYPE, "content-type": _MEDIA_TYPE},
        )

    def register(self, subject: str, schema: str) -> int:
        """Return the id of a schema under a subject, registered if it is new there.

        Raises RegistryRefused (incompatible with the subject's others, for one) or RegistryUnavailable.
        """
        body = msgspec.json.encode({"schema": schema, "schemaType": "AVRO"})
        answer = self._ask("POST", f"/subjects/{quote(subject, safe='')}/versions", body)
        return _decoded(answer, _Id).id

    def schema_of(self, schema_id: int) -> str:
        """Return the schema of an id. Raises LookupError for an unknown id, RegistryRefused, RegistryUnavailable."""
        return _decoded(self._ask("GET", f"/schemas/ids/{schema_id}"), _Schema).schema

    def close(self) -> None:
        """Close its connections. Safe to repeat."""
        self._client.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        try:
            answer = self._client.request(method, path, content=body)
        except httpx.HTTPError as bad:
            raise RegistryUnavailable(f"the schema registry did not answer {method} {path}: {bad}") from bad
        if answer.is_success:
            return answer
        said = f"the schema registry answered {answer.status_code} to {method} {path}: {_problem(answer)}"
        if answer.status_code == _NOT_FOUND and method == "GET":
            raise LookupError(said)
        if answer.status_code in _REFUSALS:
            raise RegistryRefused(said)
        raise RegistryUnavailable(said)


def open_codec(url: str | None) -> Codec:
    """Return the codec a process was told to use: with a registry's ids if there is one, else single objects.

    Registers every version of every value, oldest first. Raises RegistryRefused or RegistryUnavailable.
    """
    if not url:
        return Codec()
    registry = Registry(url)
    ids = {kind: [registry.register(SUBJECTS[kind], schema.text) for schema in versions(kind)][-1] for kind in KINDS}
    return Codec(Registered(ids=ids, schema_of=registry.schema_of))


def _decoded(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as bad:
        raise RegistryUnavailable(f"this is no schema registry: {bad}") from bad


def _problem(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).message
    except msgspec.DecodeError:
        return "no reason given"
