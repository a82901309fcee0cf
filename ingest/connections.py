"""The configured sources, ready to use: found by tool and name, replaced as a whole on reload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

import structlog

from ingest.adapter import Adapter
from ingest.environments import normalise
from ingest.receive import Connection
from ingest.secrets import UnreadableSecret
from schemas.definition import Definition, Source
from schemas.identity import pseudonym

_logger = structlog.get_logger(__name__)

Connections = Mapping[tuple[str, str], Connection]
"""By tool and source name."""


def connect(
    definition: Definition,
    adapters: Sequence[Adapter],
    identity_key: bytes,
    resolve: Callable[[str], bytes],
) -> Connections:
    """Return a connection for every source whose tool has an adapter.

    A secret that cannot be read is logged by its reference and left out: without any the source refuses every delivery.
    A source that says `insecure` and has a secret all the same is not insecure: its secret is asked for.
    Sources of the tool `cloudevents` are served by the adapter of `cdevents`.
    """
    by_tool = {adapter.tool: adapter for adapter in adapters}
    connections: dict[tuple[str, str], Connection] = {}
    for source in definition.sources:
        adapter = by_tool.get("cdevents" if source.tool == "cloudevents" else source.tool)
        if adapter is None:
            _logger.warning("a source's tool was not known", tool=source.tool, source=source.name)
            continue
        connections[source.tool, source.name] = Connection(
            adapter=adapter,
            source=source.name,
            secrets=_secrets(source, resolve),
            insecure=source.insecure and not source.secrets,
            pseudonym=lru_cache(maxsize=16_384)(partial(pseudonym, identity_key, source.tool)),
            environment=partial(_environment, source.environments),
            identity_key=identity_key,
            rate_per_second=source.rate_per_second,
        )
    return connections


def _environment(own: Mapping[str, str], word: str) -> str:
    return normalise(word, own)


def _secrets(source: Source, resolve: Callable[[str], bytes]) -> tuple[bytes, ...]:
    found = []
    for reference in source.secrets:
        try:
            found.append(resolve(reference))
        except UnreadableSecret as bad:
            _logger.warning("a secret was not readable", tool=source.tool, source=source.name, problem=str(bad))
    return tuple(found)
