"""The topics, as data: names, clean-up, and the partition of a value stream."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_MASK32: Final = 0xFFFFFFFF
_MULTIPLIER: Final = 0x5BD1E995
_SEED: Final = 0x9747B28C


class Topic(Struct, frozen=True, kw_only=True):
    """One topic; `config` is asked of the broker beyond the defaults, `compacted` keeps the newest of a key."""

    name: str
    compacted: bool
    config: dict[str, str]


FLOW_EVENTS: Final = Topic(
    name="vsm.flow-events.v1", compacted=False, config={"cleanup.policy": "delete", "retention.ms": "-1"}
)
STEP_VISITS: Final = Topic(name="vsm.step-visits.v1", compacted=True, config={"cleanup.policy": "compact"})
WORK_ITEMS: Final = Topic(name="vsm.work-items.v1", compacted=True, config={"cleanup.policy": "compact"})
CHANGES: Final = Topic(name="vsm.changes.v1", compacted=True, config={"cleanup.policy": "compact"})
DEPLOYMENTS: Final = Topic(name="vsm.deployments.v1", compacted=True, config={"cleanup.policy": "compact"})
INCIDENTS: Final = Topic(name="vsm.incidents.v1", compacted=True, config={"cleanup.policy": "compact"})
MEASUREMENTS: Final = Topic(
    name="vsm.measurements.v1", compacted=True, config={"cleanup.policy": "compact,delete", "retention.ms": "604800000"}
)
STATE: Final = Topic(name="vsm.state.v1", compacted=True, config={"cleanup.policy": "compact"})
DEAD_LETTERS: Final = Topic(
    name="vsm.dead-letters.v1", compacted=False, config={"cleanup.policy": "delete", "retention.ms": "-1"}
)
LETTER_KEYS: Final = Topic(name="vsm.keys.v1", compacted=True, config={"cleanup.policy": "compact"})

TOPICS: Final = (
    FLOW_EVENTS, STEP_VISITS, WORK_ITEMS, CHANGES, DEPLOYMENTS, INCIDENTS, MEASUREMENTS, STATE, DEAD_LETTERS,
    LETTER_KEYS,
)  # fmt: skip
"""Every topic of the product."""


def key(value_stream: str, identity: str) -> bytes:
    """Return the record key of an entity: value stream NUL identity."""
    return f"{value_stream}\0{identity}".encode()


def partition_of(value_stream: str, partitions: int) -> int:
    """Return the partition that owns a value stream: murmur2 of its name, as Kafka's Java client computes it."""
    return (murmur2(value_stream.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return Kafka's 32-bit murmur2 of `data` as an unsigned number."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _MULTIPLIER & _MASK32
        k ^= k >> 24
        h = (h * _MULTIPLIER & _MASK32) ^ (k * _MULTIPLIER & _MASK32)
    if rest := length & 3:
        h ^= int.from_bytes(data[whole : whole + rest], "little")
        h = h * _MULTIPLIER & _MASK32
    h ^= h >> 13
    h = h * _MULTIPLIER & _MASK32
    return h ^ (h >> 15)
