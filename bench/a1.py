"""A1: what an adapter costs, without the proof, against decoding the same body untyped with the fastest decoder.

That is: event type, delivery id, decoding and translation of a tool's typical body, against orjson. The body is the
tool's full-sized golden delivery (`...__typical`, for GitHub the pull request of the other benchmarks), in so many
variants: commits and ticket numbers differ, so that what is remembered of short texts helps as much as it does in life.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache, partial
from statistics import median

import orjson
from msgspec import Struct
from msgspec.structs import asdict

from bench import github_bodies
from bench.result import Result
from ingest.adapter import Adapter, Context, Headers, Ignored
from ingest.adapters import ADAPTERS
from ingest.vocabulary.environments import normalise
from schemas.identity import pseudonym
from tests.builders.deliveries import RECEIVED_AT, Golden, goldens, translated

BAR = 1.0
ROUNDS = 7
VARIANTS = 64
CALLS = 4 * VARIANTS
KEY = b"a key of the benchmark"

_SHA = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_TICKET = re.compile(rb"\b(CHK|SHOP|ENG|PAY)-[0-9]+")


class Case(Struct, frozen=True, kw_only=True):
    """One tool's figures, microseconds a delivery."""

    case: str
    body_bytes: int
    events: int
    ours_us: float
    orjson_us: float
    ratio: float


def run() -> Result:
    """Return the greatest ratio of the tools."""
    cases = [_case(adapter) for adapter in ADAPTERS]
    ratios = [case.ratio for case in cases]
    return Result(
        id="A1",
        ratio=max(ratios),
        bar=BAR,
        met=max(ratios) <= BAR,
        spread=(min(ratios), max(ratios)),
        yardstick="orjson.loads of the same body, per tool",
        cases=[asdict(case) for case in sorted(cases, key=lambda case: case.ratio)],
    )


def _case(adapter: Adapter) -> Case:
    name, headers, body = _typical(adapter)
    bodies = [_variant(body, number) for number in range(VARIANTS)]
    context = Context(
        tool=adapter.tool,
        source="acme",
        delivery_id="delivery",
        received_at=RECEIVED_AT,
        headers=headers,
        pseudonym=lru_cache(maxsize=16_384)(partial(pseudonym, KEY, adapter.tool)),
        environment=normalise,
        tells_paths=False,
    )
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_ours(adapter, headers, bodies, context))
        theirs.append(_theirs(bodies))
    found = translated(adapter.tool, body, headers)
    return Case(
        case=name,
        body_bytes=len(body),
        events=0 if isinstance(found, Ignored) else len(found),
        ours_us=round(median(ours), 2),
        orjson_us=round(median(theirs), 2),
        ratio=round(median(mine / their for mine, their in zip(ours, theirs, strict=True)), 2),
    )


def _typical(adapter: Adapter) -> tuple[str, Headers, bytes]:
    """Return a tool's typical delivery: its name, headers and body."""
    if adapter.tool == "github":
        headers = {"x-github-event": "pull_request", "x-github-delivery": "4f1c0a2e-9b1d-11f0-8c57-0242ac120002"}
        return "github/pull_request of 21 KB", headers, github_bodies.pull_request(1)
    told = [one for one in goldens(adapter.tool) if one.event in adapter.translate]
    one: Golden = max(told, key=lambda one: ("typical" in one.path.stem, len(one.body)))
    return one.name, one.headers, one.body


def _variant(body: bytes, number: int) -> bytes:
    changed = _SHA.sub(lambda found: f"{number:08x}".encode() + found[0][8:], body)
    return _TICKET.sub(lambda found: b"%s-%d" % (found[1], 1 + number), changed)


def _ours(adapter: Adapter, headers: Headers, bodies: list[bytes], context: Context) -> float:
    """Return microseconds a delivery."""
    begun = time.process_time()
    for number in range(CALLS):
        body = bodies[number % VARIANTS]
        translate = adapter.translate[adapter.event_type(headers, body)]
        adapter.delivery_id(headers, body)
        translate(body, context)
    return (time.process_time() - begun) / CALLS * 1e6


def _theirs(bodies: list[bytes]) -> float:
    """Return microseconds a body."""
    begun = time.process_time()
    for number in range(CALLS):
        orjson.loads(bodies[number % VARIANTS])
    return (time.process_time() - begun) / CALLS * 1e6
