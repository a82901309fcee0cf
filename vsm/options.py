"""Options that several commands share, and how a command ends badly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+(/[^\s?#]*)?")


def is_address(text: str) -> bool:
    """Tell whether a text is the address of a server, without user or password, query or fragment."""
    return _ADDRESS.fullmatch(text) is not None


def _is_address(to: str | None) -> str | None:
    """Let an ingester's address pass, and no address."""
    if to is not None and not is_address(to):
        raise typer.BadParameter("an ingester's address looks like http://127.0.0.1:8080")
    return to


To = Annotated[
    str | None,
    typer.Option("--to", callback=_is_address, help="The ingester; left out: the stack of --data, else port 8080."),
]
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
