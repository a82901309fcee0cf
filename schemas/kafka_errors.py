"""What librdkafka's error codes mean to the rooms: refused for ever, not possible now, or somebody else's."""

from __future__ import annotations

from typing import Any, Final

from confluent_kafka import KafkaError

from schemas.log import LogTruncated, LogUnavailable, OwnershipLost, RecordRefused

QUIET: Final = 2
"""librdkafka's own log level: what it has to say is heard through its error callback and logged there."""

_REFUSED: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - the library names its local errors so
    }
)
_LOST: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError._FENCED,  # noqa: SLF001
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
        KafkaError._STATE,  # noqa: SLF001 - not in the group (any more)
    }
)
_TRUNCATED: Final = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - we allow no reset, so the offset is gone
        KafkaError._LOG_TRUNCATION,  # noqa: SLF001
        KafkaError.OFFSET_OUT_OF_RANGE,
    }
)
_PASSING: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 - the partitions are revoked next
        KafkaError._PARTITION_EOF,  # noqa: SLF001
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
    }
)


def append_failure(error: Any) -> LogUnavailable | RecordRefused:  # noqa: ANN401 - a KafkaError, untyped
    """Return what an append's error means: the record's fault for ever, or the log's for now."""
    code = error.code()
    if code in _REFUSED:
        return RecordRefused(f"Kafka refuses the record: {error.name()}")
    if code in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):  # noqa: SLF001
        return LogUnavailable("Kafka has no such topic yet: apply the topics first")
    return LogUnavailable(f"Kafka did not acknowledge: {error.name()}")


def read_failure(error: Any) -> LogUnavailable | LogTruncated | None:  # noqa: ANN401
    """Return what an error while reading means; None for what the client rides out by itself."""
    if error.code() in _TRUNCATED:
        return LogTruncated(f"Kafka no longer holds the next record: {error.str()}")
    if error.code() in _PASSING and not error.fatal():
        return None
    return LogUnavailable(f"Kafka gives no records: {error.str()}")


def commit_failure(error: Any) -> LogUnavailable | OwnershipLost:  # noqa: ANN401
    """Return what a refused commit means."""
    if error.code() in _LOST:
        return OwnershipLost(f"the commit was refused: {error.name()}")
    return LogUnavailable(f"the commit was not taken: {error.name()}")


def leader_moves(error: Any) -> bool:  # noqa: ANN401
    """Say whether a question failed only because a partition's leader is not yet known."""
    return error.code() in (
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
    )
