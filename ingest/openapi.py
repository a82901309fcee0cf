"""The OpenAPI 3.1 description of the interface, from the route table's words and the values' own schemas; pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ingest.answers import Answer
from ingest.imports import Imported

_ANSWERS: Final = {
    "202": "accepted (after every in-sync replica has the records), ignored, or dead-lettered",
    "400": "not JSON, nested too deep, or a broken compressed body",
    "401": "the signature or token is wrong, missing or stale, or the source has no secret",
    "404": "unknown tool, source or value stream",
    "405": "the path takes another method",
    "408": "the body came too slowly",
    "413": "the body is too large, after decompression",
    "415": "the content type is not JSON",
    "429": "over the source's rate limit; Retry-After says when",
    "503": "the log is away and nothing was kept; Retry-After says when",
}
_PATHS: Final = {
    "/webhooks/{tool}/{source}": ("One delivery of a tool's webhook", ("tool", "source")),
    "/webhooks/{tool}": ("One delivery to the tool's source `default`", ("tool",)),
    "/events": ("CloudEvents 1.0 (structured, binary, batched) or bare CDEvents, to the source `default`", ()),
    "/events/{source}": ("CloudEvents 1.0 (structured, binary, batched) or bare CDEvents", ("source",)),
    "/imports/{stream}": ("Facts for one value stream, JSON lines or an array; whole or not at all", ("stream",)),
}
_PAGES: Final = {
    "/health/live": "Whether the process turns",
    "/health/ready": "Whether deliveries can be kept; 503 with the problems if not",
    "/metrics": "Prometheus metrics of this process and its peers",
    "/openapi.json": "This document",
}


def document() -> bytes:
    """Return the document as JSON."""
    schemas: dict[str, Any]
    _, schemas = msgspec.json.schema_components([Answer, Imported], ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {path: {"post": _post(path, *said)} for path, said in _PATHS.items()}
    paths |= {
        path: {"get": {"summary": said, "responses": {"200": {"description": "OK"}}}} for path, said in _PAGES.items()
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "VSM ingest", "version": "1"},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _post(path: str, summary: str, names: tuple[str, ...]) -> dict[str, Any]:
    fact = {"$ref": "#/components/schemas/Imported"}
    content: dict[str, Any] = {"application/json": {"schema": {}}}
    if path.startswith("/imports"):
        array = {"type": "array", "items": fact}
        content = {"application/x-ndjson": {"schema": fact}, "application/json": {"schema": array}}
    elif path.startswith("/events"):
        content |= {
            "application/cloudevents+json": {"schema": {}},
            "application/cloudevents-batch+json": {"schema": {}},
        }
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    return {
        "summary": summary,
        "parameters": [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names],
        "requestBody": {"required": True, "content": content},
        "responses": {status: {"description": said, "content": answer} for status, said in _ANSWERS.items()},
    }
