"""`vsm map-test`: what a mapping makes of one delivery, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ingest.adapter import Context, Delivery, Ignored
from ingest.connections import connect
from ingest.mapping.explain import Tried, explained
from ingest.outcomes import Accepted, DeadLettered, Received
from ingest.receive import Connection, translated
from ingest.routing import Router
from schemas.definition import Definition, Source
from schemas.definition_file import BadDefinition, load
from schemas.event import ActorClass, FlowEvent
from schemas.mapping import ToolMapping
from vsm.options import fail
from vsm.printing import show_line

_KEY: Final = bytes(32)
"""Accounts are hashed by no key of anybody's here: the hashes differ from those of a running ingester."""

_SOURCE: Final = "default"


def map_test(
    file: Annotated[Path, typer.Argument(help="The value-stream file with the mapping.")],
    body: Annotated[Path, typer.Argument(help="A file with the body of one delivery, as the tool sends it.")],
    tool: Annotated[str | None, typer.Option(help="Which mapping, where the file has several.")] = None,
    header: Annotated[list[str] | None, typer.Option(help="A header, 'Name: value'; several times.")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print nothing but the events, one a line.")] = False,
) -> None:
    """Show what a mapping makes of a delivery: rules, what each path finds, events and the streams that claim them.

    The signature is not looked at, and nothing is sent. Ends with 0 where the ingester would accept or ignore it, else
    with 1.

    Example: `vsm map-test value-streams.yaml build.json --header 'X-Acme-Event: build.finished'`
    """
    try:
        definition, raw = load(file), body.read_bytes()
    except OSError as missing:
        fail(f"{missing.filename}: {missing.strerror}")
    except BadDefinition as bad:
        fail(str(bad))
    mapping = _chosen(definition, file, tool)
    connection = _connection(definition, mapping)
    delivery = Delivery(
        tool=mapping.tool,
        source=connection.source,
        headers=_headers(header or []),
        body=raw,
        url="",
        received_at=time.time_ns() // 1_000,
    )
    outcome = translated(delivery, connection, Router(definition))
    for line in [] if json else _explanation(mapping, connection, delivery):
        show_line(line)
    for line in _told(outcome, only_events=json):
        show_line(line)
    if not isinstance(outcome, Accepted | Ignored):
        if json:
            fail(outcome.reason)
        raise typer.Exit(1)


def _chosen(definition: Definition, file: Path, tool: str | None) -> ToolMapping:
    mappings = {mapping.tool: mapping for mapping in definition.mappings}
    names = ", ".join(mappings) or "no tool"
    if tool is None and len(mappings) == 1:
        return definition.mappings[0]
    if tool is None:
        fail(f"{file} maps {names}: choose one with --tool" if mappings else f"{file} maps no tool", status=2)
    if tool not in mappings:
        fail(f"{file} maps {names}, and not {tool}", status=2)
    return mappings[tool]


def _headers(told: Sequence[str]) -> dict[str, str]:
    headers = {}
    for header in told:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            fail(f"'{header}' is no header: write 'Name: value'", status=2)
        headers[name.strip().lower()] = value.strip()
    return headers


def _connection(definition: Definition, mapping: ToolMapping) -> Connection:
    """Return the connection of the tool's first source, or of one named `default` where there is none."""
    sources = [source for source in definition.sources if source.tool == mapping.tool]
    source = sources[0] if sources else Source(tool=mapping.tool, name=_SOURCE)
    alone = msgspec.structs.replace(source, secrets=(), insecure=True, client_certificate=False)
    found = connect(msgspec.structs.replace(definition, sources=(alone,)), (), _KEY, lambda _reference: b"")
    return found[mapping.tool, source.name]


def _explanation(mapping: ToolMapping, connection: Connection, delivery: Delivery) -> Iterator[str]:
    """Yield what was looked at; nothing of a body that cannot be decoded, whose outcome says so."""
    adapter, headers, body = connection.adapter, delivery.headers, delivery.body
    try:
        event_type, delivery_id = adapter.event_type(headers, body), adapter.delivery_id(headers, body)
        context = Context(
            tool=mapping.tool,
            source=connection.source,
            delivery_id=delivery_id,
            received_at=delivery.received_at,
            headers=headers,
            pseudonym=connection.pseudonym,
            environment=connection.environment,
        )
        tried = () if event_type in mapping.ignores else explained(mapping, event_type, body, context)
    except (ValueError, RecursionError):
        return
    yield f"{mapping.tool}: event type {event_type!r}, delivery {delivery_id}"
    for rule in tried:
        yield from _rule(rule)


def _rule(rule: Tried) -> Iterator[str]:
    made = f"{rule.events} event{'' if rule.events == 1 else 's'}" if rule.events else rule.why
    yield f"events[{rule.number}] {rule.type}: {made}"
    for looked in rule.looked:
        yield f"    {looked.path}  {' | '.join(looked.found) or 'nothing'}"


def _told(outcome: Received, *, only_events: bool) -> Iterator[str]:
    if isinstance(outcome, Accepted):
        if only_events:
            yield from (msgspec.json.encode(event).decode() for event in outcome.events)
            return
        for event_id in dict.fromkeys(event.event_id for event in outcome.events):
            copies = [event for event in outcome.events if event.event_id == event_id]
            yield from _event(copies[0], [copy.value_stream for copy in copies])
    elif not only_events:
        kept = "dead letter" if isinstance(outcome, DeadLettered) else "refused"
        yield f"{'ignored' if isinstance(outcome, Ignored) else kept}: {outcome.reason}"


def _event(event: FlowEvent, streams: Sequence[str]) -> Iterator[str]:
    """Yield an event in words: what, of what, when and for whom, then all that it says."""
    at = datetime.fromtimestamp(event.occurred_at / 1_000_000, UTC).isoformat(timespec="microseconds")
    yield f"{event.type} of {event.subject_id} at {at.replace('+00:00', 'Z')}, for {', '.join(streams)}"
    if event.actor_class != ActorClass.UNKNOWN or event.actor:
        yield f"    by  {event.actor_class}{f' {event.actor}' if event.actor else ''}"
    for name in ("state", "outcome", "environment", "work_kind", "order", "subject_url"):
        value = getattr(event, name)
        if value is not None:
            yield f"    {name}  {value}"
    for link in event.links:
        yield f"    {link.kind}  {link.uri} ({link.method}, {link.confidence:g})"
    for name, number in event.quantities.items():
        yield f"    quantities.{name}  {number:g}"
    for name, text in event.attributes.items():
        yield f"    attributes.{name}  {text}"
