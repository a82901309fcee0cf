"""`vsm reroute`: gives the events of the log to the streams that a definition's selectors name, as if they came now."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from schemas.definition_file import BadDefinition, load
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import LogTruncated, LogUnavailable, RecordRefused
from schemas.log_open import open_log
from schemas.registry import RegistryRefused, open_codec
from vsm.data_dir import DataDir
from vsm.generation import config_in_use
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, Registry, fail, out
from vsm.replay.claiming import Claiming


def reroute(
    config: Annotated[Path | None, typer.Option(help="The value-stream file that routes; else the one in use.")] = None,
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    kafka_settings: KafkaSettings = "",
    registry: Registry = "",
) -> None:
    """Route the log's events anew: streams get the copies that they claim now, and leave the others. Safe to repeat.

    On one machine `vsm replay --swap` does it; on a cluster it is a step of the swap.

    Example: `vsm reroute --config value-streams.yaml --kafka broker:9092`
    """
    folder = DataDir(data)
    if not kafka and not folder.log.exists():
        fail(f"{data} holds no log: give the --data of a stack, or --kafka")
    try:
        definition = load(config_in_use(folder, config))
        codec = open_codec(registry or None)
        with closing(open_log(kafka or None, data, settings=read_kafka_settings(kafka_settings))) as log:
            routed = Claiming(log, codec, definition, time.time_ns() // 1_000).route()
    except (BadDefinition, BadKafkaSettings, LogTruncated, LogUnavailable, RecordRefused, RegistryRefused) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or data}: {bad.strerror}")
    out.print(f"{routed.gained} copies appended, {routed.left} facts left by a stream")
