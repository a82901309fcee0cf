"""The processors' durable record of one entity: the set of its facts, packed, and nothing derived."""

from __future__ import annotations

from msgspec import Struct


class EntityRecord(Struct, frozen=True, kw_only=True, gc=False):
    """What `vsm.state.v1` holds for one entity of one stream.

    `facts` is the processors' own packing, told by `encoding`.
    """

    value_stream: str
    entity: str
    encoding: int
    facts: bytes
