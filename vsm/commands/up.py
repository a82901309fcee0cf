"""`vsm up`: the whole pipeline on one machine."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Annotated, Final

import typer

from schemas.definition_file import BadDefinition, load
from sinks.clickhouse.address import BadAddress, parsed
from vsm.data_dir import DataDir, DataDirBusy
from vsm.one_machine.defaults import write_default_config
from vsm.one_machine.ending import Ending, ended_by_signals
from vsm.one_machine.ports import PortTaken
from vsm.one_machine.stack import Plan, Stack, StackFailed, running
from vsm.options import DEFAULT_DATA, Data, KafkaSettings, Port, fail, out
from vsm.replay.redefining import REDEFINES, Obeys, carry_out

_LOOK_SECONDS: Final = 0.2
"""How long a signal may be with another thread before ours looks: the system may give it to any of them, and only what
ours runs next calls the handler."""


def up(
    config: Annotated[Path | None, typer.Option(help="Value-stream file; without it one stream claims all.")] = None,
    data: Data = DEFAULT_DATA,
    port: Port = 8080,
    kafka: Annotated[str, typer.Option(help="A real Kafka, HOST:PORT, in place of the local log.")] = "",
    kafka_settings: KafkaSettings = "",
    clickhouse: Annotated[str, typer.Option(help="A real ClickHouse, its URL, in place of the embedded one.")] = "",
) -> None:
    """Run the whole pipeline on one machine until Ctrl-C; the same --data continues where it stopped.

    Ctrl-C ends it in order at any time, with status 0; a second one ends it at once.

    Example: `vsm up --config value-streams.yaml --data ./vsm-data`
    """
    folder = DataDir(data)
    try:
        if clickhouse:
            parsed(clickhouse)
        with ended_by_signals() as ending, folder.held():
            folder.make()
            plan = Plan(
                config=prepare(folder, config),
                port=port,
                kafka=kafka,
                kafka_settings=kafka_settings,
                clickhouse=clickhouse,
            )
            _run(folder, plan, ending)
    except KeyboardInterrupt:
        out.print("ended")
    except BadAddress as bad:
        fail(f"--clickhouse is {bad}", status=2)
    except (DataDirBusy, PortTaken, StackFailed, BadDefinition) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or data}: {bad.strerror}")


def _run(folder: DataDir, plan: Plan, ending: Ending) -> None:
    """Run the stack until the end is asked for."""
    orders = hears_orders()
    out.print("starting; Ctrl-C ends it")
    with running(folder, plan, ending) as stack:
        signal.signal(signal.SIGHUP, lambda *_: stack.reload())
        show_addresses(stack.addresses)
        show_rebuilt(stack)
        out.print("running")
        redefine_until_end(folder, stack, orders, ending)


def hears_orders() -> SimpleQueue[None]:
    """Return what fills when an order is given, and has one at first: it may have been given before anybody listened.

    To be called before the stack can be found: the signal would end a process that does not know it. A queue that may
    be filled by whoever interrupts its reader: an event's lock would never be free again.
    """
    orders: SimpleQueue[None] = SimpleQueue()
    orders.put(None)
    signal.signal(REDEFINES, lambda *_: orders.put(None))
    return orders


def redefine_until_end(folder: DataDir, stack: Obeys, orders: SimpleQueue[None], ending: Ending) -> None:
    """Carry out orders to go on under another definition until the end is asked for, which KeyboardInterrupt says."""
    while True:
        ending.heed()
        try:
            orders.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
        carry_out(folder, stack)


def show_rebuilt(stack: Stack) -> None:
    """Wait until what a changed definition or release makes of the log is shown. Raises StackFailed."""
    if stack.is_rebuilding:
        out.print(
            "the definition or the release has changed: every row is derived anew, the old ones are shown meanwhile"
        )
        stack.show_rebuilt()
        out.print("the new rows are shown")


def prepare(folder: DataDir, config: Path | None) -> Path:
    """Return the value-stream file to run with, checked; the default one's new secrets are printed once."""
    if config is None:
        for tool, secret in write_default_config(folder).items():
            out.print(f"secret of {tool} (shown once, kept in {folder.root}/secrets): {secret}", soft_wrap=True)
    chosen = (config or folder.config).absolute()
    load(chosen)
    return chosen


def show_addresses(addresses: Mapping[str, str]) -> None:
    """Print where to look."""
    out.print(f"webhooks  {addresses['ingest']}/webhooks/TOOL/SOURCE", soft_wrap=True)
    out.print(f"metrics   {addresses['metrics']}", soft_wrap=True)
    out.print(f"board     {addresses['board']}/api/v1/map/STREAM  (or: vsm map STREAM)", soft_wrap=True)
    out.print(f"SQL       {addresses['sql']}  (or: vsm query 'SELECT ...')", soft_wrap=True)
