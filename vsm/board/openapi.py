"""The OpenAPI 3.1 description of the read API, from its routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec

from vsm.board.routes import Route

_ERRORS: Final = {
    "400": "what is asked cannot be answered: the error says what can",
    "404": "there is no such path or value stream",
    "500": "a fault of the board: its log says which",
    "503": "the tables or the definition cannot be read now",
    "504": "the answer took too long",
}
_ERROR: Final = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_REFERENCE: Final = "#/components/schemas/{name}"


def described(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the whole document."""
    schemas, parts = msgspec.json.schema_components(
        [route.kind for route in routes], schema_hook=_anything, ref_template=_REFERENCE
    )
    paths = {route.path: {"get": _operation(route, schema)} for route, schema in zip(routes, schemas, strict=True)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "VSM read API", "version": version("vsm")},
        "paths": paths,
        "components": {"schemas": parts},
    }


def _anything(_kind: type[Any]) -> dict[str, Any]:
    """Return the schema of what may be any JSON."""
    return {"description": "any JSON"}


def _operation(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    answers = {status: {"description": says, "content": {"application/json": {"schema": _ERROR}}}
               for status, says in _ERRORS.items()}  # fmt: skip
    found = {"description": route.says, "content": {"application/json": {"schema": schema}}}
    return {"summary": route.says, "parameters": list(_parameters(route)), "responses": {"200": found, **answers}}


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for part in route.path.split("/"):
        if part.startswith("{"):
            yield {"name": part.strip("{}"), "in": "path", "required": True, "schema": {"type": "string"}}
    for name, says in route.query.items():
        kind = {"type": "integer"} if name == "limit" else {"type": "string"}
        needed = name in route.required
        yield {"name": name, "in": "query", "required": needed, "description": says, "schema": kind}
