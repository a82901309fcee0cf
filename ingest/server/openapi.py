"""The OpenAPI 3.1 description of the interface: what is said below of each path, and the values' own schemas; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.adapters import ADAPTERS
from ingest.corrections import MOST, Correction
from ingest.imports import Imported
from ingest.server.answers import Answer
from ingest.server.routes import EVENT_TOOLS
from ingest.signatures import Outgoing, Scheme, bearer_token

_RETRY: Final = {"Retry-After": {"description": "Whole seconds until another try.", "schema": {"type": "integer"}}}
_ALLOW: Final = {"Allow": {"description": "The method that the path takes.", "schema": {"type": "string"}}}
_ANSWERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "202": ("accepted (after every in-sync replica has the records), ignored, or dead-lettered", {}),
    "400": ("not JSON, nested too deep, or a broken compressed body", {}),
    "401": ("the signature or token is wrong, missing or stale, or the source has no secret", {}),
    "404": ("unknown tool, source or value stream", {}),
    "405": ("the path takes another method", _ALLOW),
    "408": ("the body came too slowly", {}),
    "411": ("an import that does not say its length", {}),
    "413": ("the body is too large, after decompression", {}),
    "415": ("the content type is not JSON, or the content encoding unknown", {}),
    "429": ("over the source's rate limit", _RETRY),
    "503": ("the log is away, or too much is waiting, and nothing was kept", _RETRY),
}
"""Status -> what it means, and the headers that come with it."""

_JSON: Final = "application/json"
_FACT: Final = {"$ref": "#/components/schemas/Imported"}
_LINK: Final = {"$ref": "#/components/schemas/Correction"}
_ANY: Final[dict[str, Any]] = {"schema": {}}
_HOOK: Final = {_JSON: _ANY}
_EVENT: Final = {_JSON: _ANY, "application/cloudevents+json": _ANY, "application/cloudevents-batch+json": _ANY}
_FACTS: Final = {
    "application/x-ndjson": {"schema": _FACT},
    _JSON: {"schema": {"type": "array", "items": _FACT, "minItems": 1}},
}
_SEVERAL: Final = {"type": "array", "items": _LINK, "minItems": 1, "maxItems": MOST}
_LINKS: Final = {_JSON: {"schema": {"anyOf": [_LINK, _SEVERAL]}}}


def _proof(scheme: Scheme) -> str:
    """Return what a scheme is called: its header, of `authorization` the word that begins it."""
    if scheme.header != "authorization":
        return scheme.header
    return scheme.sign(b"a secret", Outgoing(body=b""))[scheme.header].partition(" ")[0].lower()


def _declared(name: str, schemes: Sequence[Scheme]) -> dict[str, str]:
    """Return the declaration of schemes of one name."""
    if schemes[0].header == "authorization":
        return {"type": "http", "scheme": name}
    said = ", or ".join(dict.fromkeys(scheme.says for scheme in schemes))
    return {"type": "apiKey", "in": "header", "name": name, "description": said}


def _by_name(schemes: Iterable[Scheme]) -> Mapping[str, Sequence[Scheme]]:
    """Return single schemes by their names, in order."""
    found: dict[str, list[Scheme]] = {}
    for scheme in sorted((part for one in schemes for part in one.either or (one,)), key=_proof):
        found.setdefault(_proof(scheme), []).append(scheme)
    return found


_BY_TOOL: Final = _by_name(adapter.verify for adapter in ADAPTERS if adapter.tool not in EVENT_TOOLS)
_BY_EVENTS: Final = _by_name(adapter.verify for adapter in ADAPTERS if adapter.tool in EVENT_TOOLS)
_BY_TOKEN: Final = _by_name([bearer_token()])

SCHEMES: Final = {name: _declared(name, schemes) for name, schemes in {**_BY_EVENTS, **_BY_TOOL}.items()}
"""How a sender proves itself: by one of these, as its tool does."""

_INSECURE: Final = ""
"""No proof at all: what a source that says `insecure: true` takes."""


class _Post(Struct, frozen=True):
    """A path that takes deliveries: in words, its variable parts, what it takes, and what proves the sender."""

    summary: str
    names: Sequence[str]
    content: dict[str, Any]
    proofs: Sequence[str]


_EVENTS: Final = "CloudEvents 1.0 (structured, binary, batched) or bare CDEvents"
_POSTS: Final = {
    "/webhooks/{tool}/{source}": _Post(
        "One delivery of a tool's webhook", ("tool", "source"), _HOOK, (*_BY_TOOL, _INSECURE)
    ),
    "/webhooks/{tool}": _Post("One delivery to the tool's source `default`", ("tool",), _HOOK, (*_BY_TOOL, _INSECURE)),
    "/events": _Post(f"{_EVENTS}, to the source `default`", (), _EVENT, (*_BY_EVENTS, _INSECURE)),
    "/events/{source}": _Post(_EVENTS, ("source",), _EVENT, (*_BY_EVENTS, _INSECURE)),
    "/imports/{stream}": _Post(
        "Facts for one value stream, JSON lines or an array; whole or not at all", ("stream",), _FACTS, (*_BY_TOKEN,)
    ),
    "/links": _Post("Corrections of links between entities; whole or not at all", (), _LINKS, (*_BY_TOKEN,)),
}
_PAGES: Final = {
    "/health/live": ("Whether the process turns", {"200": ("it does", _JSON)}),
    "/health/ready": (
        "Whether deliveries can be kept",
        {"200": ("they can", _JSON), "503": ("they cannot; `problems` says why", _JSON)},
    ),
    "/metrics": ("Prometheus metrics of this process and its peers", {"200": ("the page", "text/plain")}),
    "/openapi.json": ("This document", {"200": ("the document", _JSON)}),
}


def document() -> bytes:
    """Return the document as JSON."""
    schemas: dict[str, Any]
    _, schemas = msgspec.json.schema_components(
        [Answer, Correction, Imported], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Any] = {path: {"post": _post(post)} for path, post in _POSTS.items()}
    paths |= {path: {"get": _page(*said)} for path, said in _PAGES.items()}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "VSM ingest", "version": "1"},
            "paths": paths,
            "components": {"schemas": schemas, "securitySchemes": SCHEMES},
        }
    )


def _post(post: _Post) -> dict[str, Any]:
    content = {_JSON: {"schema": {"$ref": "#/components/schemas/Answer"}}}
    parameters = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in post.names]
    return {
        "summary": post.summary,
        "security": [{proof: []} if proof != _INSECURE else {} for proof in post.proofs],
        "parameters": parameters,
        "requestBody": {"required": True, "content": post.content},
        "responses": {
            status: {"description": said, "headers": headers, "content": content}
            for status, (said, headers) in _ANSWERS.items()
        },
    }


def _page(summary: str, answers: dict[str, tuple[str, str]]) -> dict[str, Any]:
    responses = {status: {"description": said, "content": {kind: _ANY}} for status, (said, kind) in answers.items()}
    return {"summary": summary, "responses": responses}
