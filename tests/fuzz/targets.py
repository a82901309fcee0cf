"""What is fuzzed: readers of what strangers send, each with its seeds; an error that is not named is a finding.

The first line of most inputs is a JSON object of headers (or one word), the rest is the body.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Delivery, Ignored, Untranslatable
from ingest.adapters import ADAPTERS
from ingest.cloudevents import decide_all
from ingest.connections import connect
from ingest.corrections import corrections
from ingest.imports import Refusal, imported
from ingest.mapping.compile import adapters_of
from ingest.mapping.proofs import NAMED
from ingest.outcomes import Accepted, DeadLettered, Rejected
from ingest.receive import Connection, receive
from ingest.routing import Router
from ingest.server.inflate import inflated
from ingest.server.routes import Route, find
from ingest.signatures import Outgoing, Scheme
from schemas.codec import Codec
from schemas.definition import Definition, Source
from schemas.definition_file import BadDefinition, parse
from schemas.event import FlowEvent
from schemas.mapping import Proof
from schemas.mapping_paths import BadPath, read_path
from tests.builders.deliveries import RECEIVED_AT, SECRET, context, goldens
from tests.builders.mappings import OF_PAGERDUTY, a_rule
from tests.builders.value_stream_files import EVERY_KEY

FINDINGS: Final = Path(__file__).parent / "findings"
"""What broke something once, `<target>/<name>`: kept as seeds."""

NAMED_ERRORS: Final = (Untranslatable, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""How a reader says that it cannot read a body."""

_CODEC: Final = Codec()
_MOST_BYTES: Final = 100_000
_STREAMS: Final = parse('version: 1\nvalue_streams: [{name: all, select: ["*"]}]\n')
_MAPPED: Final = tuple(adapter for text in (EVERY_KEY, OF_PAGERDUTY) for adapter in adapters_of(parse(text)))
_SCHEMES: Final[Mapping[str, Scheme]] = {
    **{adapter.tool: adapter.verify for adapter in ADAPTERS},
    **{f"mapped {name}": make(Proof(scheme=name, header="x-proof")) for name, make in NAMED.items()},
}
_SECRETS: Final = (b"", SECRET, b"whsec_c2VjcmV0", b"whpk_" + b"A" * 43 + b"=", b"whsec_*", b"whpk_", b"\xff\0")


class Target(Struct, frozen=True):
    """A reader: `run` gives it an input and lets only findings out, `seeds` are inputs that it knows."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def headers_and_body(data: bytes) -> tuple[dict[str, str], bytes]:
    """Return the headers of the first line, {} where it holds none, and the rest."""
    head, _, body = data.partition(b"\n")
    with suppress(*NAMED_ERRORS):
        return {name.lower(): value for name, value in msgspec.json.decode(head, type=dict[str, str]).items()}, body
    return {}, body


def _joined(headers: Mapping[str, str], body: bytes) -> bytes:
    return json.dumps(dict(headers)).encode() + b"\n" + body


def _translate(adapter: Adapter, data: bytes) -> None:
    headers, body = headers_and_body(data)
    with suppress(*NAMED_ERRORS):
        delivery_id = adapter.delivery_id(headers, body)
        translate = adapter.translate.get(adapter.event_type(headers, body))
        found = translate(body, context(adapter.tool, headers, delivery_id)) if translate is not None else ()
        _sound([] if isinstance(found, Ignored) else list(found))


def _sound(events: list[FlowEvent]) -> None:
    """Raise AssertionError for events that the log could not keep, or not tell apart."""
    assert [_CODEC.decode(_CODEC.encode(event), FlowEvent) for event in events] == events, "lost in the codec"
    assert not any("\0" in event.subject_id for event in events), "a NUL in a subject"


def _golden_deliveries(tool: str) -> list[bytes]:
    return [_joined(one.headers, one.body) for one in goldens(tool)]


def _connection(adapter: Adapter) -> Connection:
    definition = Definition(version="", sources=(Source(tool=adapter.tool, name="acme", insecure=True),))
    return connect(definition, [adapter], bytes(32), str.encode)[adapter.tool, "acme"]


_ROUTER: Final = Router(_STREAMS)
_CONNECTIONS: Final = {adapter.tool: _connection(adapter) for adapter in ADAPTERS}


def _decide(data: bytes) -> None:
    """The whole decision on a delivery of any tool, named by the header `x-tool`: never an error."""
    headers, body = headers_and_body(data)
    connection = _CONNECTIONS.get(headers.pop("x-tool", ""), _CONNECTIONS["cdevents"])
    delivery = Delivery(
        tool=connection.adapter.tool, source="acme", headers=headers, body=body, url="", received_at=RECEIVED_AT
    )
    decide = decide_all if connection.adapter.tool == "cdevents" else receive
    assert isinstance(decide(delivery, connection, _ROUTER), Accepted | Ignored | Rejected | DeadLettered)


def _deliveries() -> list[bytes]:
    content = {"content-type": "application/json"}
    told = [(tool, one) for tool in _CONNECTIONS for one in goldens(tool)[:2]]
    events = [one.body for one in goldens("cdevents")[:6]]
    structured = [b'{"specversion":"1.0","id":"1","source":"/x","type":"dev.cdevents.x","data":%s}' % e for e in events]
    batch = {"content-type": "application/cloudevents-batch+json"}
    return [
        *[_joined({"x-tool": tool, **content, **one.headers}, one.body) for tool, one in told],
        *[_joined({"content-type": "application/cloudevents+json"}, one) for one in structured],
        _joined(batch, b"[" + b",".join(structured) + b"]"),
        _joined({**content, "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "a"}, events[0]),
    ]


def _verify(data: bytes) -> None:
    """Every scheme, with secrets of all kinds: a reason or a pass, and no pass without the secret."""
    headers, body = headers_and_body(data)
    delivery = Delivery(tool="t", source="s", headers=headers, body=body, url="https://x/", received_at=RECEIVED_AT)
    for scheme in _SCHEMES.values():
        for secret in _SECRETS:
            assert isinstance(scheme(delivery, (secret,)), str | None)
        assert scheme(delivery, (b"a secret that nobody has told",)), "let in without the secret"


def _proofs() -> list[bytes]:
    sent = Outgoing(body=b"{}", url="https://x/", message_id="m", sent_at=RECEIVED_AT)
    return [_joined(scheme.sign(SECRET, sent), b"{}") for scheme in _SCHEMES.values()]


def _inflate(data: bytes) -> None:
    """A body is what zlib says it is, within the bound, or refused."""
    encoding, _, body = data.partition(b"\n")
    name = encoding.decode("latin-1")
    found = inflated(body, name, _MOST_BYTES)
    if isinstance(found, bytes) and name.strip().lower() in {"gzip", "deflate"}:
        assert len(found) <= _MOST_BYTES, "over the bound"
        assert found == (gzip if name.strip().lower() == "gzip" else zlib).decompress(body), "inflated to another body"


def _packed() -> list[bytes]:
    text = b'{"a":"' + b"x" * 300 + b'"}'
    return [
        b"gzip\n" + gzip.compress(text), b"gzip\n" + gzip.compress(b"a") * 3, b"deflate\n" + zlib.compress(text, 9),
        b"gzip\n" + gzip.compress(b"a" * (_MOST_BYTES + 1)), b"br\n{}", b"identity\n{}", b"gzip\n", b" GZIP \nx",
    ]  # fmt: skip


def _import(data: bytes) -> None:
    found = imported("all", data, RECEIVED_AT, lambda tool, account: f"{tool}{len(account)}", 50)
    if not isinstance(found, Refusal):
        _sound(list(found))


def _facts() -> list[bytes]:
    fact = (
        b'{"type":"activity.started","occurred_at":"2010-05-01T08:00:00","subject_id":"case:7","order":2,"tool":"csv",'
        b'"links":[{"uri":"ticket:*/A-1","kind":"part_of"}],"quantities":{"n":1.5},"attributes":{"activity":"x"},'
        b'"actor_account":"planted-person","outcome":"success","work_kind":"defect","environment":"production"}'
    )
    return [fact, fact + b"\n" + fact, b"[" + fact + b"]", b"[]", b"\n"]


def _correct(data: bytes) -> None:
    found = corrections(data, ("all",), RECEIVED_AT, lambda tool, account: f"{tool}{len(account)}")
    if isinstance(found, tuple):
        _sound(list(found))


def _corrections() -> list[bytes]:
    one = (
        b'{"value_stream":"all","subject":"commit:%s","kind":"part_of","target":"change:github.com/acme/app/7",'
        b'"verdict":"denied","at":"2026-02-03T10:15:30+01:00","actor_account":"planted-person"}' % (b"a" * 40)
    )
    return [one, b"[" + one + b"," + one.replace(b"denied", b"asserted") + b"]"]


def _map(data: bytes) -> None:
    """A value-stream file is read or told why not; what is read translates bodies or names why not."""
    with suppress(BadDefinition, UnicodeDecodeError):
        for adapter in adapters_of(parse(data.decode()))[:3]:
            for body in (b'{"id":"1","at":1770113730,"list":[{"a":[1]}]}', b"{}", b"[[1]]", b"7"):
                _translate(adapter, b"{}\n" + body)


def _mappings() -> list[bytes]:
    rule = "version: 1\nmappings:\n  - tool: acmeci\n    proof: {{scheme: slack}}\n    events:\n      - {0}\n"
    made = [
        rule.format(a_rule(more))
        for more in ("", "when: {$.a: [b, c]}, each: '$.list[*]', state: {path: $.a, map: {a: b}}")
    ]
    return [text.encode() for text in (EVERY_KEY, OF_PAGERDUTY, *made)]


def _translate_mapped(data: bytes) -> None:
    for adapter in _MAPPED:
        _translate(adapter, data)


def _mapped_bodies() -> list[bytes]:
    build = {"id": 7, "pipeline": "p", "finished_at": "2026-02-03T10:15:30Z", "status": "passed", "sha": "a" * 40}
    body = {"id": "1", "kind": "x", "builds": [build, {**build, "attempt": "2"}], "repository": "acme/app"}
    own = [_joined({"x-acme-event": kind}, json.dumps(body).encode()) for kind in ("build.finished", "build.broken")]
    return [*own, *_golden_deliveries("pagerduty")]


def _path(data: bytes) -> None:
    with suppress(BadPath):
        text = data.decode("utf-8", "replace")
        assert read_path(text).text == text, "a path that does not say itself"


def _route(data: bytes) -> None:
    assert isinstance(find(data.decode("utf-8", "surrogateescape")), Route | None)


TARGETS: Final[Mapping[str, Target]] = {
    **{a.tool: Target(partial(_translate, a), partial(_golden_deliveries, a.tool)) for a in ADAPTERS},
    "deliveries": Target(_decide, _deliveries),
    "signatures": Target(_verify, _proofs),
    "inflate": Target(_inflate, _packed),
    "imports": Target(_import, _facts),
    "links": Target(_correct, _corrections),
    "mappings": Target(_map, _mappings),
    "mapped": Target(_translate_mapped, _mapped_bodies),
    "mapping_paths": Target(_path, lambda: [b"$.a[*].b['x y'][0]", b"$each", b"$", b"$each.a"]),
    "routes": Target(_route, lambda: [b"/webhooks/github/acme", b"/events", b"/imports/x", b"//", b"/webhooks/\xff"]),
}
"""Every target by name; those of tools are called as the tools are."""


def seeds_of(name: str) -> Iterator[bytes]:
    """Yield the seeds of a target, and what it broke at before."""
    yield from TARGETS[name].seeds()
    yield from [path.read_bytes() for path in sorted((FINDINGS / name).glob("*"))]
