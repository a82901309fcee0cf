"""The HTTP edge: a request becomes a delivery, a reply becomes a response; bounds hold before anything is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from ingest.adapter import Delivery, Headers
from ingest.cloudevents import decide_all
from ingest.intake import Intake
from ingest.outcomes import Rejected
from ingest.receive import Connection, translated
from ingest.server import answers
from ingest.server.answers import CLOSE, Reply
from ingest.server.body_http import OVERLOADED, BodyReader
from ingest.server.limits import Load
from ingest.server.routes import Kind, Route, find
from ingest.server.rsgi import Exchange, Scope
from ingest.telemetry import Telemetry
from schemas.clock import Clock

NO_ROUTE: Final = "there is nothing at this path"
NO_SOURCE: Final = "no source of this tool and name is configured"
WRONG_METHOD: Final = "this path takes another method"
UNKNOWN: Final = "unknown"
_SMALL_DIGITS: Final = 5
_MOST_FOR_NOTHING: Final = 100
"""So many bodies of refused requests are read at once, out of politeness."""

IMPORTS: Final = frozenset({Kind.IMPORT, Kind.LINKS})
"""Routes that take facts instead of deliveries."""

Page = Callable[[], Awaitable[Reply]]
"""Makes the reply of a path that is read."""


class Importer(Protocol):
    """Takes facts in that are no tool's deliveries: imports, and corrections of links."""

    def refuse(self, route: Route, headers: Headers) -> Rejected | None:
        """Return why a request may not come in, before its body is read; or None."""

    async def take(self, route: Route, body: bytes, received_at: int) -> Reply:
        """Keep the facts and answer."""


class Server:
    """The RSGI application."""

    def __init__(
        self,
        *,
        intake: Intake,
        importer: Importer,
        reader: BodyReader,
        load: Load,
        pages: Mapping[Kind, Page],
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._importer = importer
        self._reader = reader
        self._load = load
        self._pages = pages
        self._telemetry = telemetry
        self._clock = clock
        self._taken_for_nothing = 0
        self.closing = False
        """While true every response ends its connection, so that the process can leave without cutting any off."""

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """Serve one request."""
        route = find(scope.path)
        headers = joined(scope.headers.items())
        if route is None:
            reply = await self._turned_away(exchange, headers, Rejected(404, NO_ROUTE))
        elif scope.method == "HEAD" and route.kind is Kind.WEBHOOK:
            reply = await self._probed(exchange, headers, route)
        elif scope.method != route.method:
            rejection = Rejected(405, WRONG_METHOD)
            reply = await self._turned_away(exchange, headers, rejection, ("allow", route.method))
        elif route.method == "GET":
            reply = await self._pages[route.kind]()
        else:
            reply = await self._post(scope, exchange, headers, route)
        exchange.response_bytes(reply.status, self._headers(reply, headers), reply.body)

    def _headers(self, reply: Reply, asked: Headers) -> list[tuple[str, str]]:
        """Return the response's headers; after a body of transfer encoding its connection ends too (RFC 9112)."""
        if (self.closing or "transfer-encoding" in asked) and CLOSE not in reply.headers:
            return [*reply.headers, CLOSE]
        return list(reply.headers)

    async def _probed(self, exchange: Exchange, headers: Headers, route: Route) -> Reply:
        """Answer a sender that tries an address before it uses it, as Trello does: 200 where the source is configured.

        The connection ends with it, so that a body sent along is nobody's request.
        """
        if self._connection(route)[0] is None:
            return await self._turned_away(exchange, headers, Rejected(404, NO_SOURCE))
        return Reply(200, b"", (CLOSE,))

    async def _post(self, scope: Scope, exchange: Exchange, headers: Headers, route: Route) -> Reply:
        connection = None
        if route.kind in IMPORTS:
            refusal = self._importer.refuse(route, headers)
        else:
            connection, route = self._connection(route)
            refusal = None if connection is not None else Rejected(404, NO_SOURCE)
        if refusal is not None:
            return await self._turned_away(exchange, headers, refusal)
        if self._load.full:
            self._telemetry.delivered(route.tool, route.name, "unavailable", OVERLOADED)
            return _with(answers.unavailable(OVERLOADED), CLOSE)
        self._load.requests += 1
        try:
            self._load.reading += 1
            try:
                body = await self._reader.read(exchange, headers)
            finally:
                self._load.reading -= 1
            if isinstance(body, Rejected):
                return self._refuse_body(route, body)
            try:
                return await self._read(scope, headers, route, body, connection)
            finally:
                self._reader.release(body)
        finally:
            self._load.requests -= 1

    async def _read(
        self, scope: Scope, headers: Headers, route: Route, body: bytes, connection: Connection | None
    ) -> Reply:
        received_at = self._clock()
        self._telemetry.body_bytes += len(body)
        if connection is None:
            async with self._reader.opened(body, headers) as clear:
                if isinstance(clear, Rejected):
                    return self._refuse_body(route, clear)
                return await self._importer.take(route, clear, received_at)
        delivery = Delivery(
            tool=route.tool,
            source=route.name,
            headers=headers,
            body=body,
            url=connection.public_url or _url(scope, headers),
            received_at=received_at,
        )
        decide = decide_all if route.kind is Kind.EVENTS else translated
        return await self._intake.take(delivery, connection, decide)

    def _connection(self, route: Route) -> tuple[Connection | None, Route]:
        """Return the connection of a route; the source of an event may be of either tool that comes to /events."""
        connections = self._intake.live.connections
        found = connections.get((route.tool, route.name))
        if found is None and route.kind is Kind.EVENTS:
            found = connections.get(("cloudevents", route.name))
            route = Route(route.kind, route.method, "cloudevents", route.name)
        return found, route

    def _refuse_body(self, route: Route, refusal: Rejected) -> Reply:
        if refusal.status == 503:  # noqa: PLR2004 - HTTP
            self._telemetry.delivered(route.tool, route.name, "unavailable", refusal.reason)
            return _with(answers.unavailable(refusal.reason), CLOSE)
        self._telemetry.delivered(route.tool, route.name, "rejected", refusal.reason)
        return answers.rejected(refusal, CLOSE)

    async def _turned_away(
        self, exchange: Exchange, headers: Headers, refusal: Rejected, *more: tuple[str, str]
    ) -> Reply:
        """Answer what is refused before its body is read; a small body is still taken, so that the sender hears us."""
        self._telemetry.delivered(UNKNOWN, UNKNOWN, "rejected", refusal.reason)
        length = headers.get("content-length", "" if "transfer-encoding" in headers else "0")
        small = length.isdecimal() and len(length) <= _SMALL_DIGITS
        if small and (int(length) == 0 or await self._taken(exchange, headers)):
            return answers.rejected(refusal, *more)
        return answers.rejected(refusal, CLOSE, *more)

    async def _taken(self, exchange: Exchange, headers: Headers) -> bool:
        """Read a body to its end for nothing; tell whether it came, and there was room for it.

        Who has proven nothing takes no room from others: of more than a few at once the connections end.
        """
        if self._taken_for_nothing >= _MOST_FOR_NOTHING:
            return False
        self._taken_for_nothing += 1
        try:
            body = await self._reader.read(exchange, headers)
        finally:
            self._taken_for_nothing -= 1
        if isinstance(body, Rejected):
            return False
        self._reader.release(body)
        return True


def joined(items: Sequence[tuple[str, str]]) -> Headers:
    """Return headers as a mapping; the values of a repeated one are joined with a comma."""
    headers = dict(items)
    if len(headers) == len(items):
        return headers
    headers = {}
    for name, value in items:
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _url(scope: Scope, headers: Headers) -> str:
    """Return the address that the sender gave, but for percent escapes in its path: the server has decoded those."""
    host = scope.authority or headers.get("host", "")
    query = f"?{scope.query_string}" if scope.query_string else ""
    return f"{scope.scheme}://{host}{scope.path}{query}"


def _with(reply: Reply, header: tuple[str, str]) -> Reply:
    return Reply(reply.status, reply.body, (*reply.headers, header))
