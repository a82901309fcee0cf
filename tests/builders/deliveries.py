"""The golden deliveries of every tool: `<tool>/<event>__<case>.json`, its headers, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Delivery, Headers, Ignored
from ingest.adapters import ADAPTERS
from ingest.vocabulary.environments import normalise
from schemas.event import FlowEvent
from schemas.identity import pseudonym
from vsm.signing import renewed, signed

FIXTURES: Final = Path(__file__).parent.parent / "ingest" / "adapters" / "fixtures"
RECEIVED_AT: Final = 1_772_800_000_000_000
SECRET: Final = b"a secret of the tests"
SOURCE: Final = "acme"
BY_TOOL: Final[Mapping[str, Adapter]] = {adapter.tool: adapter for adapter in ADAPTERS}


class Golden(Struct, frozen=True):
    """One golden delivery by the file of its body."""

    path: Path

    @property
    def tool(self) -> str:
        """The tool: the folder's name."""
        return self.path.parent.name

    @property
    def event(self) -> str:
        """The event type: the file's name up to the case."""
        return self.path.stem.partition("__")[0]

    @property
    def name(self) -> str:
        """Tool, event and case in one word."""
        return f"{self.tool}/{self.path.stem}"

    @property
    def body(self) -> bytes:
        """The raw body."""
        return self.path.read_bytes()

    @property
    def headers(self) -> Headers:
        """The headers, names in lower case."""
        return headers_of(self.path)

    @property
    def outcome_path(self) -> Path:
        """Where it says what the delivery becomes."""
        return self.path.with_suffix(".events.json")


def headers_of(body: Path) -> Headers:
    """Return the headers beside a body, names in lower case; {} without any."""
    beside = body.with_suffix(".headers.json")
    given: Mapping[str, str] = msgspec.json.decode(beside.read_bytes()) if beside.exists() else {}
    return {name.lower(): value for name, value in given.items()}


def goldens(tool: str | None = None) -> list[Golden]:
    """Return the golden deliveries of a tool, or of all, sorted by name."""
    found = FIXTURES.glob(f"{tool or '*'}/*.json")
    return [Golden(path) for path in sorted(found) if _is_body(path)]


def _is_body(path: Path) -> bool:
    return not path.name.endswith((".headers.json", ".events.json"))


def golden(name: str) -> Golden:
    """Return the golden delivery `tool/event__case`."""
    return Golden(FIXTURES / f"{name}.json")


def context(tool: str, headers: Headers, delivery_id: str = "delivery") -> Context:
    """Return what a translation may know, with a key of the tests."""
    return Context(
        tool=tool,
        source=SOURCE,
        delivery_id=delivery_id,
        received_at=RECEIVED_AT,
        headers=headers,
        pseudonym=lambda account: pseudonym(b"a key of the tests", tool, account),
        environment=normalise,
    )


def translated(tool: str, body: bytes, headers: Headers) -> Sequence[FlowEvent] | Ignored:
    """Translate a body as its adapter does; another event type is ignored."""
    adapter = BY_TOOL[tool]
    translate = adapter.translate.get(adapter.event_type(headers, body))
    if translate is None:
        return Ignored("event type is not of interest")
    return translate(body, context(tool, headers, adapter.delivery_id(headers, body)))


def events(name: str) -> list[FlowEvent]:
    """Return what the golden delivery `tool/event__case` becomes; [] where it is ignored."""
    one = golden(name)
    found = translated(one.tool, one.body, one.headers)
    return [] if isinstance(found, Ignored) else list(found)


def outcome(one: Golden) -> dict[str, Any]:
    """Return what a golden delivery becomes, as plain values: its events, or why it is ignored."""
    found = translated(one.tool, one.body, one.headers)
    if isinstance(found, Ignored):
        return {"ignored": found.reason}
    return {"events": [_plain(event) for event in found]}


def _plain(event: FlowEvent) -> dict[str, Any]:
    """Return an event's fields but for the empty ones."""
    said: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in said.items() if value not in (None, {}, (), [])}


def delivery(one: Golden, *, proof: Mapping[str, str] | None = None) -> Delivery:
    """Return the delivery as sent, with the right proof of `SECRET`, or with `proof` in its place."""
    body = renewed(one.tool, one.body, RECEIVED_AT)
    given = signature(one.tool, body) if proof is None else proof
    return Delivery(
        tool=one.tool,
        source=SOURCE,
        headers={**one.headers, **given},
        body=body,
        url=address(one.tool),
        received_at=RECEIVED_AT,
    )


def address(tool: str) -> str:
    """Return where a tool's deliveries are sent to."""
    return f"https://vsm.example.com/webhooks/{tool}/{SOURCE}"


def signature(tool: str, body: bytes, secret: bytes = SECRET, sent_at: int = RECEIVED_AT) -> dict[str, str]:
    """Return the headers that prove a body by a secret, as the tool sends it."""
    return signed(tool, secret, {}, body, url=address(tool), sent_at=sent_at)
