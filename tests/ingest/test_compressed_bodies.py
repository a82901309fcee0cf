"""Compressed bodies: who has proven nothing has nothing inflated, and large ones keep nobody else waiting."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable

import httpx
import pytest

from ingest.server.inflate import BROKEN, MOST_MEMBERS, TOO_LARGE, TOO_MANY_MEMBERS, UNKNOWN_ENCODING
from tests.builders.ingester import Ingester, push_body, signed
from tests.builders.processor_time import loop_seconds, process_seconds

ACME = "/webhooks/github/acme"
EMPTY_MEMBERS = gzip.compress(b"") * 50_000
BOMBS = {
    "gzip": gzip.compress(b"a" * 24_000_000, 9),
    "many members": EMPTY_MEMBERS,
    "deflate": zlib.compress(b"a" * 24_000_000, 9),
}


def headers(encoding: str, **more: str) -> dict[str, str]:
    """The headers of a compressed push without a signature, but for what `more` adds."""
    told = {name.replace("_", "-"): value for name, value in more.items()}
    return {"content-type": "application/json", "content-encoding": encoding, "x-github-event": "push", **told}


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("GZIP", gzip.compress)],
)
def test_compressed_is_taken(client: httpx.Client, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A compressed body is taken, signed over what it stands for."""
    body = push_body(seed="compressed")

    answer = client.post(ACME, content=pack(body), headers={**signed(body), "content-encoding": encoding})

    assert answer.json()["outcome"] == "accepted"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_signature_over_the_compressed_bytes_is_taken(
    client: httpx.Client, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    """A sender that signs what is on the wire is taken too."""
    packed = pack(push_body(seed="wire"))

    answer = client.post(ACME, content=packed, headers={**signed(packed), "content-encoding": encoding})

    assert answer.json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("packed", "encoding", "status", "reason"),
    [
        (gzip.compress(b"\0" * 200_000_000, 9), "gzip", 413, TOO_LARGE),
        (zlib.compress(b"\0" * 200_000_000, 9), "deflate", 413, TOO_LARGE),
        (gzip.compress(gzip.compress(b"\0" * 200_000_000)), "gzip", 400, "body is not JSON"),
        (b"\x1f\x8bgarbage", "gzip", 400, BROKEN),
        (b"garbage", "deflate", 400, BROKEN),
        (gzip.compress(b"{}")[:-4], "gzip", 400, BROKEN),
        (zlib.compress(b"{}")[:-4], "deflate", 400, BROKEN),
        (gzip.compress(b"{}") + b"tail", "gzip", 400, BROKEN),
        (gzip.compress(b"") * (MOST_MEMBERS + 1), "gzip", 400, TOO_MANY_MEMBERS),
        (EMPTY_MEMBERS, "gzip", 400, TOO_MANY_MEMBERS),
        (zlib.compress(b"{}") * 2, "deflate", 400, TOO_MANY_MEMBERS),
        (b"{}", "br", 415, UNKNOWN_ENCODING),
        (gzip.compress(b"{}"), "gzip, gzip", 415, UNKNOWN_ENCODING),
        (b"", "gzip", 400, BROKEN),
        (b"", "deflate", 400, BROKEN),
    ],
    ids=[
        "bomb", "deflated bomb", "nested bomb", "garbage", "deflated garbage", "cut", "deflate cut", "tail",
        "a member too many", "fifty thousand members", "two deflates", "unknown", "twice", "empty", "empty deflate",
    ],
)  # fmt: skip
def test_hostile_compression_ends_early(
    client: httpx.Client, packed: bytes, encoding: str, status: int, reason: str
) -> None:
    """Bombs, broken and unknown encodings are refused by name, also of one who has the secret."""
    answer = client.post(ACME, content=packed, headers={**signed(packed), "content-encoding": encoding})

    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize(
    ("path", "told", "status"),
    [
        (ACME, {}, 401),
        (ACME, {"x_hub_signature_256": "sha256=short"}, 401),
        (ACME, {"content_type": "text/plain"}, 415),
        ("/events", {"authorization": "Bearer wrong"}, 401),
        ("/imports/checkout", {"authorization": "Bearer wrong"}, 401),
        ("/webhooks/github/nobody", {}, 404),
        ("/nowhere", {}, 404),
    ],
    ids=["unsigned", "malformed", "content type", "wrong token", "import", "unknown source", "unknown path"],
)  # fmt: skip
def test_nothing_is_inflated_of_who_has_proven_nothing(
    client: httpx.Client, ingester: Ingester, bomb: str, path: str, told: dict[str, str], status: int
) -> None:
    """Ten bombs of a sender without a proof cost less than one of them takes to inflate."""
    encoding = "deflate" if bomb == "deflate" else "gzip"
    body = BOMBS[bomb][:90_000] if status == 404 else BOMBS[bomb]
    before = process_seconds(ingester.pid)

    statuses = {client.post(path, content=body, headers=headers(encoding, **told)).status_code for _ in range(10)}

    assert (statuses, process_seconds(ingester.pid) - before < 0.3) == ({status}, True)


def test_members_cost_what_they_hold(client: httpx.Client, ingester: Ingester) -> None:
    """Fifty thousand members under a well-formed signature cost no more than the few that are looked at."""
    wrong = headers("gzip", x_hub_signature_256="sha256=" + "0" * 64)
    before = process_seconds(ingester.pid)

    statuses = {client.post(ACME, content=EMPTY_MEMBERS, headers=wrong).status_code for _ in range(10)}

    assert (statuses, process_seconds(ingester.pid) - before < 1.0) == ({400}, True)


@pytest.mark.parametrize("large", ["inflated", "sealed"])
def test_large_bodies_are_worked_on_beside_the_loop(client: httpx.Client, ingester: Ingester, large: str) -> None:
    """Inflating and sealing tens of megabytes takes the loop less than half of the time that the process works."""
    noise = os.urandom(4_000_000).hex()
    body = f'{{"ref": 5, "noise": "{noise}"}}'.encode() if large == "sealed" else b'{"ref": 5}' + b" " * 24_000_000
    sent = gzip.compress(body) if large == "inflated" else body
    encoding = {"content-encoding": "gzip"} if large == "inflated" else {}
    loop, process = loop_seconds(ingester.pid), process_seconds(ingester.pid)

    answers = {client.post(ACME, content=sent, headers={**signed(body), **encoding}).status_code for _ in range(4)}

    loop, process = loop_seconds(ingester.pid) - loop, process_seconds(ingester.pid) - process
    assert (answers, loop < process / 2) == ({202}, True)
