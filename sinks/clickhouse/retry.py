"""Which refusals of ClickHouse pass by themselves, by error code; pure, one literal table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

PASSING: Final[Mapping[int, str]] = MappingProxyType(
    {
        3: "UNEXPECTED_END_OF_FILE",
        32: "ATTEMPT_TO_READ_AFTER_EOF",
        74: "CANNOT_READ_FROM_FILE_DESCRIPTOR",
        75: "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
        76: "CANNOT_OPEN_FILE",
        95: "CANNOT_READ_FROM_SOCKET",
        96: "CANNOT_WRITE_TO_SOCKET",
        159: "TIMEOUT_EXCEEDED",
        160: "TOO_SLOW",
        172: "CANNOT_CREATE_DIRECTORY",
        173: "CANNOT_ALLOCATE_MEMORY",
        198: "DNS_ERROR",
        201: "QUOTA_EXCEEDED",
        202: "TOO_MANY_SIMULTANEOUS_QUERIES",
        203: "NO_FREE_CONNECTION",
        204: "CANNOT_FSYNC",
        209: "SOCKET_TIMEOUT",
        210: "NETWORK_ERROR",
        225: "NO_ZOOKEEPER",
        236: "ABORTED",
        241: "MEMORY_LIMIT_EXCEEDED",
        242: "TABLE_IS_READ_ONLY",
        243: "NOT_ENOUGH_SPACE",
        252: "TOO_MANY_PARTS",
        254: "NO_ACTIVE_REPLICAS",
        279: "ALL_CONNECTION_TRIES_FAILED",
        285: "TOO_FEW_LIVE_REPLICAS",
        286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
        289: "REPLICA_IS_NOT_IN_QUORUM",
        290: "LIMIT_EXCEEDED",
        319: "UNKNOWN_STATUS_OF_INSERT",
        373: "SESSION_IS_LOCKED",
        394: "QUERY_WAS_CANCELLED",
        425: "SYSTEM_ERROR",
        439: "CANNOT_SCHEDULE_TASK",
        473: "DEADLOCK_AVOIDED",
        499: "S3_ERROR",
        516: "AUTHENTICATION_FAILED",
        586: "CANNOT_CREATE_FILE",
        696: "ASYNC_LOAD_CANCELED",
        700: "USER_SESSION_LIMIT_EXCEEDED",
        733: "TABLE_IS_BEING_RESTARTED",
        745: "SERVER_OVERLOADED",
        749: "TCP_CONNECTION_LIMIT_REACHED",
        762: "HTTP_CONNECTION_LIMIT_REACHED",
        776: "RESOURCE_LIMIT_EXCEEDED",
        777: "MEMORY_RESERVATION_KILLED",
        778: "MEMORY_RESERVATION_FAILED",
        999: "KEEPER_EXCEPTION",
        1000: "POCO_EXCEPTION",
        1001: "STD_EXCEPTION",
    }
)
"""Codes of outages: the same block may be taken later. Any other code means a bug or a schema not migrated."""


class Refusal(Enum):
    """What an error means for the block that met it."""

    PASSING = auto()
    FOR_GOOD = auto()


def verdict(code: int | None) -> Refusal:
    """Return whether the same block may be taken later; no code at all is the network, which comes back."""
    return Refusal.PASSING if code is None or code in PASSING else Refusal.FOR_GOOD
