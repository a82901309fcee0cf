"""`vsm up`: the whole pipeline on one machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from schemas.definition_file import BadDefinition, load
from vsm.data_dir import DataDir, DataDirBusy
from vsm.defaults import write_default_config
from vsm.options import DEFAULT_DATA, Data, KafkaSettings, fail, out
from vsm.stack import Plan, StackFailed, running


def up(
    config: Annotated[Path | None, typer.Option(help="Value-stream file; without it one stream claims all.")] = None,
    data: Data = DEFAULT_DATA,
    port: Annotated[int, typer.Option(help="Port of the ingester and of the stack's /metrics.")] = 8080,
    kafka: Annotated[str, typer.Option(help="A real Kafka, HOST:PORT, in place of the local log.")] = "",
    kafka_settings: KafkaSettings = "",
    clickhouse: Annotated[str, typer.Option(help="A real ClickHouse, its URL, in place of the embedded one.")] = "",
) -> None:
    """Run the whole pipeline on one machine until Ctrl-C; the same --data continues where it stopped.

    Example: `vsm up --config value-streams.yaml --data ./vsm-data`
    """
    folder = DataDir(data)
    ending = on_end_signals()
    try:
        folder.make()
        chosen = prepare(folder, config)
        plan = Plan(config=chosen, port=port, kafka=kafka, kafka_settings=kafka_settings, clickhouse=clickhouse)
        with running(folder, plan) as stack:
            signal.signal(signal.SIGHUP, lambda *_: stack.reload())
            show_addresses(stack.addresses)
            out.print("running; Ctrl-C ends it")
            ending.wait()
            out.print("ending")
    except (DataDirBusy, StackFailed, BadDefinition) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or data}: {bad.strerror}")


def prepare(folder: DataDir, config: Path | None) -> Path:
    """Return the value-stream file to run with, checked; the default one's new secrets are printed once."""
    if config is None:
        for tool, secret in write_default_config(folder).items():
            out.print(f"secret of {tool} (shown once, kept in {folder.root}/secrets): {secret}", markup=False)
    chosen = (config or folder.config).resolve()
    load(chosen)
    return chosen


def show_addresses(addresses: Mapping[str, str]) -> None:
    """Print where to look."""
    out.print(f"webhooks  {addresses['ingest']}/webhooks/TOOL/SOURCE", markup=False)
    out.print(f"metrics   {addresses['metrics']}", markup=False)
    out.print(f"SQL       {addresses['sql']}  (or: vsm query 'SELECT ...')", markup=False)


def on_end_signals() -> threading.Event:
    """Return an event that Ctrl-C or SIGTERM sets."""
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    return ending
