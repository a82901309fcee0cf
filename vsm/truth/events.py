"""What the real adapters and the real router make of the simulated organisation's deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from ingest.adapter import Delivery
from ingest.adapters import ADAPTERS
from ingest.cloudevents import decide_all
from ingest.outcomes import Accepted
from ingest.receive import Connection, receive
from ingest.routing import Router
from ingest.vocabulary.environments import normalise
from lab.organisation import definition
from lab.sending import SentDelivery
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.identity import pseudonym

IDENTITY_KEY = bytes(32)
EVENTS_TOOLS = ("cdevents", "cloudevents")


class Taken(Struct, kw_only=True):
    """The routed events in the order of arrival, and what became of each delivery by tool and outcome."""

    events: list[FlowEvent]
    outcomes: Counter[tuple[str, str]]
    reasons: Counter[str]


def taken(deliveries: Iterable[SentDelivery], of: Definition | None = None) -> Taken:
    """Decide every delivery as the ingester would, signatures left aside; by default in the lab's value streams."""
    router = Router(of or definition())
    connections = {adapter.tool: _connection(adapter.tool) for adapter in ADAPTERS}
    result = Taken(events=[], outcomes=Counter(), reasons=Counter())
    for sent in deliveries:
        delivery = Delivery(
            tool=sent.tool,
            source=sent.source,
            headers={name.lower(): value for name, value in sent.headers.items()},
            body=bytes(sent.body),
            url=f"http://127.0.0.1/webhooks/{sent.tool}/{sent.source}",
            received_at=sent.at,
        )
        decide = decide_all if sent.tool in EVENTS_TOOLS else receive
        received = decide(delivery, connections[sent.tool], router)
        result.outcomes[sent.tool, type(received).__name__] += 1
        if isinstance(received, Accepted):
            result.events += received.events
        else:
            result.reasons[f"{sent.tool}: {received.reason}"] += 1
    return result


def _connection(tool: str) -> Connection:
    return Connection(
        adapter=next(adapter for adapter in ADAPTERS if adapter.tool == tool),
        source="acme",
        secrets=(),
        insecure=True,
        pseudonym=lambda account: pseudonym(IDENTITY_KEY, tool, account),
        environment=normalise,
        identity_key=IDENTITY_KEY,
    )
