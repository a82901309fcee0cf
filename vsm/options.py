"""Options that several commands share, and how a command ends badly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

Data = Annotated[Path, typer.Option("--data", help="Data directory of the one-machine stack.")]
Url = Annotated[str | None, typer.Option("--url", help="ClickHouse HTTP address, in place of --data.")]

Port = Annotated[
    int, typer.Option(min=1, max=65_535, help="Port of the ingester and of the stack's /metrics, on the loopback.")
]
Kafka = Annotated[str, typer.Option(envvar="VSM_KAFKA", help="Bootstrap servers of Kafka, HOST:PORT[,...].")]
KafkaSettings = Annotated[
    str,
    typer.Option(envvar="VSM_KAFKA_SETTINGS", help="librdkafka's settings (TLS, SASL): a file, or a JSON object."),
]
Registry = Annotated[str, typer.Option(envvar="VSM_SCHEMA_REGISTRY", help="URL of a schema registry, if there is one.")]

DEFAULT_DATA = Path("vsm-data")

out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)
"""What is printed is printed as it is: `[x]` and `:x:` in data are no markup."""


def fail(message: str, status: int = 1) -> NoReturn:
    """Print a message on stderr and end with status 1 (failed) or 2 (wrong use)."""
    err.print(message, style="red", soft_wrap=True)
    raise typer.Exit(status)
