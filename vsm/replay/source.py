"""The log that a replay reads: of a data directory without taking part in it, or of a Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from msgspec import Struct

from schemas import local_reader
from schemas.codec import Codec
from schemas.kafka_settings import read_kafka_settings
from schemas.log import Record
from schemas.log_open import open_log
from schemas.registry import open_codec
from schemas.topics import FLOW_EVENTS
from vsm.data_dir import DataDir
from vsm.scanning import scanned

_TOPIC = FLOW_EVENTS.name


class Source(Struct, frozen=True):
    """Where each partition of the events begins and ends, what reads it from given offsets on, and what decodes it.

    `log` tells it from others: the brokers, or the folder.

    Raises LogUnavailable while it is read.
    """

    log: str
    starts: Mapping[int, int]
    ends: Mapping[int, int]
    read: Callable[[Mapping[int, int]], Iterator[Record]]
    codec: Codec

    def left(self, done: Mapping[int, int]) -> int:
        """Return how many records are still to be read, about."""
        return sum(end - done.get(partition, self.starts.get(partition, 0)) for partition, end in self.ends.items())


@contextmanager
def opened(folder: DataDir, kafka: str, settings: str, registry: str) -> Iterator[Source]:
    """Yield a Kafka's events, or without one a data directory's, up to where they end now.

    A Kafka's are read from the beginning whatever was read before, and what was is passed over. Raises LogUnavailable,
    BadKafkaSettings, RegistryRefused.
    """
    codec = open_codec(registry or None)
    if not kafka:
        log_folder = folder.log
        until = local_reader.ends(log_folder, _TOPIC)
        starts = local_reader.starts(log_folder, _TOPIC)
        yield Source(
            str(log_folder), starts, until, lambda done: local_reader.read(log_folder, _TOPIC, until, done), codec
        )
        return
    with closing(open_log(kafka, folder.root, settings=read_kafka_settings(settings))) as log:
        first = dict(enumerate(log.start_offsets(_TOPIC)))
        last = dict(enumerate(log.end_offsets(_TOPIC)))
        yield Source(
            kafka,
            first,
            last,
            lambda done: (r for r in scanned(log, _TOPIC) if r.offset >= done.get(r.partition, 0)),
            codec,
        )
