"""`vsm ingest|process|sink|board|migrate` and `vsm topics apply`: a cluster's parts, told by `VSM_*` variables."""

from __future__ import annotations

from typing import Annotated

import typer

from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import LogUnavailable
from vsm.one_machine.processes import run
from vsm.options import Kafka, KafkaSettings, fail, out


def ingest() -> None:
    """Take webhooks and publish flow events, configured by VSM_* variables.

    Example: `VSM_KAFKA=broker:9092 VSM_CONFIG=value-streams.yaml VSM_IDENTITY_KEY=... vsm ingest`
    """
    run("ingest")


def process() -> None:
    """Follow work items and measure their flow, configured by VSM_* variables.

    Example: `VSM_KAFKA=broker:9092 VSM_CONFIG=value-streams.yaml VSM_IDENTITY_KEY=... vsm process`
    """
    run("process")


def sink() -> None:
    """Write tables and expose gauges, configured by VSM_* variables.

    Example: `VSM_KAFKA=broker:9092 VSM_CLICKHOUSE=http://clickhouse:8123 vsm sink`
    """
    run("sink")


def board() -> None:
    """Answer questions about numbers and maps over HTTP, configured by VSM_* variables.

    Example: `VSM_CLICKHOUSE=http://clickhouse:8123 VSM_CONFIG=value-streams.yaml vsm board`
    """
    run("board")


def topics_apply(
    kafka: Kafka,
    partitions: Annotated[int, typer.Option(min=1, help="Partition count, fixed for ever.")] = 12,
    replication: Annotated[int, typer.Option(min=1, help="Replicas of each partition.")] = 3,
    kafka_settings: KafkaSettings = "",
) -> None:
    """Create the Kafka topics, or verify that they are as they must be. Safe to repeat.

    Example: `vsm topics apply --kafka broker:9092 --partitions 12 --replication 3`
    """
    from schemas.topics_kafka import TopicsRefused, apply

    try:
        more = read_kafka_settings(kafka_settings)
        for line in apply(kafka, partitions=partitions, replication=replication, settings=more):
            out.print(line, markup=False)
    except LogUnavailable as away:
        fail(f"{away}: is Kafka running there, and is --kafka its address?")
    except (BadKafkaSettings, TopicsRefused) as wrong:
        fail(str(wrong))


def migrate(
    clickhouse: Annotated[str, typer.Option(envvar="VSM_CLICKHOUSE", help="ClickHouse HTTP address.")],
) -> None:
    """Create the ClickHouse schema or bring it up to date. Safe to repeat.

    Example: `vsm migrate --clickhouse http://clickhouse:8123`
    """
    from sinks.clickhouse.address import BadAddress, parsed
    from sinks.clickhouse.client import BlockRefused, StoreUnavailable, connect
    from sinks.clickhouse.migrate import MigrationChanged, apply

    try:
        for name in apply(connect(clickhouse)):
            out.print(f"applied {name}", markup=False)
    except BadAddress as bad:
        fail(f"--clickhouse is {bad}", status=2)
    except StoreUnavailable as away:
        fail(f"{parsed(clickhouse).shown} cannot be migrated now: is ClickHouse running there? It says: {away}")
    except (BlockRefused, MigrationChanged) as bad:
        fail(str(bad))
    out.print("schema is up to date")
