"""One CDEvent, and the ways in which CloudEvents carry it over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
JSON: Final = "application/json"

_TYPE: Final = "dev.cdevents.change.merged.0.2.0"


class Sent(Struct, frozen=True):
    """A body and the headers that go with it, without a proof."""

    headers: Mapping[str, str]
    body: bytes


def cdevent(seed: str) -> dict[str, Any]:
    """Return a CDEvents 0.4 change.merged; `seed` tells them apart."""
    return {
        "context": {
            "version": "0.4.1", "id": f"id-{seed}", "source": "/ci/main", "type": _TYPE,
            "timestamp": "2026-01-05T10:00:00Z",
        },
        "subject": {
            "id": f"pr-{seed}", "source": "/ci/main", "type": "change",
            "content": {"repository": {"id": "acme/checkout-api", "source": "https://github.com/acme/checkout-api"}},
        },
    }  # fmt: skip


def envelope(seed: str, **changed: object) -> dict[str, Any]:
    """Return a structured CloudEvent of it; None leaves a field out."""
    whole: dict[str, Any] = {
        "specversion": "1.0", "id": f"ce-{seed}", "source": "/ci/main", "type": _TYPE,
        "datacontenttype": JSON, "data": cdevent(seed),
    } | changed  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def base64_of(value: object) -> str:
    """Return a text, or another value's JSON, in base64."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.b64encode(text.encode()).decode()


def modes(seed: str) -> dict[str, Sent]:
    """Return a CDEvent in every mode of CloudEvents and bare, each of its own by mode and seed."""

    def sent(content_type: str, body: object, **headers: str) -> Sent:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return Sent({"content-type": content_type, **told}, json.dumps(body).encode())

    def named(mode: str) -> str:
        return f"{seed}-{mode}"

    packed = {"data": None, "data_base64": base64_of(cdevent(named("base64")))}
    return {
        "bare": sent(JSON, cdevent(named("bare"))),
        "structured": sent(STRUCTURED, envelope(named("structured"))),
        "structured as JSON": sent(JSON, envelope(named("json"))),
        "base64": sent(STRUCTURED, envelope(named("base64"), **packed)),
        "binary": sent(JSON, cdevent(named("binary")), ce_specversion="1.0", ce_id="x", ce_source="/ci", ce_type=_TYPE),
        "batch": sent(BATCH, [envelope(named("batch"))]),
    }
