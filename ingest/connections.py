"""The configured sources, ready to use: found by tool and name, replaced as a whole on reload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

import structlog

from ingest.adapter import Adapter
from ingest.mapping.compile import adapters_of
from ingest.receive import Connection
from ingest.secrets import UnreadableSecret
from ingest.server.limits import Allowance
from ingest.vocabulary.environments import normalise
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
    *,
    certified: bool = False,
) -> Connections:
    """Return a connection for every source whose tool has an adapter, or a mapping in the definition.

    A secret that cannot be read is logged by its reference and left out: without any the source refuses every delivery.
    A source that says `insecure` and has a secret all the same is not insecure: its secret is asked for. `certified`:
    every connection to the listener has shown a certificate; where none has, a source that asks for one refuses all.
    Sources of the tool `cloudevents` are served by the adapter of `cdevents`.
    """
    by_tool = {adapter.tool: adapter for adapter in (*adapters_of(definition), *adapters)}
    connections: dict[tuple[str, str], Connection] = {}
    for source in definition.sources:
        adapter = by_tool.get("cdevents" if source.tool == "cloudevents" else source.tool)
        if adapter is None:
            _logger.warning("a source's tool was not known", tool=source.tool, source=source.name)
            continue
        missing = source.client_certificate and not certified
        if missing:
            _logger.error("a source asks for client certificates, and the listener for none", source=source.name)
        connections[source.tool, source.name] = Connection(
            adapter=adapter,
            source=source.name,
            secrets=() if missing else _secrets(source, resolve),
            insecure=(source.insecure or source.client_certificate) and not source.secrets and not missing,
            pseudonym=lru_cache(maxsize=16_384)(partial(pseudonym, identity_key, source.tool)),
            environment=partial(_environment, source.environments),
            identity_key=identity_key,
            allowance=Allowance(source.rate_per_second, source.quota_per_day),
            silent_after_seconds=source.silent_after_seconds,
            public_url=source.public_url,
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
