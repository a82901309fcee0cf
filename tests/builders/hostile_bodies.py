"""Bodies that are made to cost: what they are, what is answered, and how many megabytes they may cost the process."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from tests.builders.ingester import SECRET, TOKEN, push_body, signed

LARGEST: Final = 25_000_000
GITHUB: Final = "/webhooks/github/acme"
_BATCH: Final = {"authorization": f"Bearer {SECRET}", "content-type": "application/cloudevents-batch+json"}
_IMPORT: Final = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
_LINES: Final = {**_IMPORT, "content-type": "application/x-ndjson"}


class Hostile(Struct, frozen=True, kw_only=True):
    """One row: the body, where it goes and with which headers, the statuses that are right, and the memory."""

    body: Callable[[], bytes]
    statuses: frozenset[int]
    most_megabytes: int
    path: str = GITHUB
    headers: Callable[[bytes], Mapping[str, str]] = signed
    outcomes: frozenset[str] = frozenset({"rejected"})


def _packed(encoding: str) -> Callable[[bytes], Mapping[str, str]]:
    return lambda body: {**signed(body), "content-encoding": encoding}


def _dead(body: Callable[[], bytes], megabytes: int = 100) -> Hostile:
    return Hostile(
        body=body,
        statuses=frozenset({202}),
        most_megabytes=megabytes,
        outcomes=frozenset({"dead-lettered", "accepted"}),
    )


def _refused(
    body: Callable[[], bytes],
    status: int,
    path: str = GITHUB,
    headers: Callable[[bytes], Mapping[str, str]] = signed,
    megabytes: int = 50,
) -> Hostile:
    return Hostile(body=body, statuses=frozenset({status}), most_megabytes=megabytes, path=path, headers=headers)


def _filled(start: bytes, piece: bytes, end: bytes) -> bytes:
    return start + piece * ((LARGEST - len(start) - len(end)) // len(piece)) + end


HOSTILE: Final[Mapping[str, Hostile]] = {
    "25 MB push of 5,000 commits and files": _dead(lambda: push_body(5_000, seed="files", padding=4_400)),
    "25 MB and a byte": _refused(lambda: b" " * (LARGEST + 1), 413),
    "1 GiB gzip bomb": _refused(lambda: _bomb(gzip.compress), 413, headers=_packed("gzip")),
    "1 GiB deflate bomb": _refused(lambda: _bomb(zlib.compress), 413, headers=_packed("deflate")),
    "gzip bomb in gzip": _refused(lambda: gzip.compress(_bomb(gzip.compress)), 400, headers=_packed("gzip")),
    "br": _refused(lambda: b"\x8b\x7f\x80{}", 415, headers=_packed("br")),
    "gzip that ends early": _refused(lambda: gzip.compress(b"{}" * 9_000)[:-9], 400, headers=_packed("gzip")),
    "12 million levels": _refused(lambda: b"[" * 12_000_000, 400),
    "8 million empty lists": _dead(lambda: _filled(b"[", b"[],", b"[]]")),
    "8 million empty commits": _dead(lambda: _filled(b'{"ref":"refs/heads/main","commits":[', b"{},", b"{}]}")),
    "2 million duplicate keys": _dead(lambda: _filled(b"{", b'"ref":"a",', b'"ref":"b"}')),
    "25 million digits": _dead(lambda: _filled(b'{"after":', b"9", b"}")),
    "1e999": _dead(lambda: b'{"ref":"refs/heads/main","before":1e999,"after":-1e999}', 10),
    "NaN": _refused(lambda: b'{"ref":NaN}', 400),
    "a lone surrogate": _refused(lambda: b'{"ref":"\\ud800"}', 400),
    "bytes that are no UTF-8": _refused(lambda: b'{"ref":"\xff\xfe"}', 400),
    "a batch of 12 million": _refused(lambda: _filled(b"[", b"1,", b"1]"), 413, "/events", lambda _: _BATCH),
    "a batch of 20,000": _refused(lambda: b"[" + b"1," * 20_000 + b"1]", 413, "/events", lambda _: _BATCH),
    "12 million lines to import": _refused(lambda: b"1\n" * 12_499_000, 413, "/imports/checkout", lambda _: _LINES),
    "12 million facts in an array": _refused(
        lambda: _filled(b"[", b"1,", b"1]"), 413, "/imports/checkout", lambda _: _IMPORT
    ),
    "12 million corrections": _refused(lambda: _filled(b"[", b"1,", b"1]"), 400, "/links", lambda _: _IMPORT),
}  # fmt: skip
"""Every row by its name."""


def _bomb(pack: Callable[[bytes], bytes]) -> bytes:
    """Return a GiB packed to a megabyte."""
    if pack is gzip.compress:
        piece = gzip.compress(bytes(2**24))
        return piece * 63
    machine = zlib.compressobj(9)
    return b"".join([machine.compress(bytes(2**24)) for _ in range(64)]) + machine.flush()
