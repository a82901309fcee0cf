"""`vsm demo`: the whole pipeline under a simulated organisation."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from insights import map_text
from lab.organisation import STREAMS
from lab.simulate import deliveries
from vsm.commands.ask import read_map
from vsm.commands.up import on_end_signals, show_addresses
from vsm.data_dir import DataDir, DataDirBusy
from vsm.options import Data, fail, out
from vsm.organisation import prepare, send
from vsm.progress import bar
from vsm.sender import Unreachable
from vsm.settling import NotSettled, wait_until_settled
from vsm.stack import Plan, Stack, StackFailed, running
from vsm.store import BadQuery, StoreMissing, open_store

DEMO_DATA: Final = Path("vsm-demo")
MARK: Final = "demo"
WINDOW: Final = "90d"


def demo(
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation.")] = 1,
    items: Annotated[int, typer.Option(min=1, help="How many work items.")] = 120,
    data: Data = DEMO_DATA,
    port: Annotated[int, typer.Option(help="Port of the ingester and of the stack's /metrics.")] = 8080,
    *,
    once: Annotated[bool, typer.Option("--once", help="Exit after the maps are shown.")] = False,
) -> None:
    """Run the pipeline, let a simulated organisation send it webhooks, and show its value stream maps.

    Example: `vsm demo --seed 7 --items 300`
    """
    folder = DataDir(data)
    ending = on_end_signals()
    try:
        plan = Plan(config=_prepare(folder), port=port)
        out.print("starting the pipeline")
        with running(folder, plan) as stack:
            _send(stack, seed, items)
            _show_maps(stack, folder)
            if not once:
                out.print(f"it stays up: try 'vsm query --data {data} \"SELECT ...\"'; Ctrl-C ends it", markup=False)
                ending.wait()
                out.print("ending")
    except (DataDirBusy, StackFailed, Unreachable, NotSettled, StoreMissing, BadQuery) as bad:
        fail(str(bad))


def _prepare(folder: DataDir) -> Path:
    """Return the organisation's definition in an empty directory; an earlier demo's data is removed."""
    mark = folder.root / MARK
    if folder.root.exists() and any(folder.root.iterdir()) and not mark.exists():
        fail(f"{folder.root} holds no demo: give the demo a directory of its own with --data")
    if folder.running() is not None:
        raise DataDirBusy(f"a demo runs on {folder.root}: end it, or give this one its own --data and --port")
    shutil.rmtree(folder.root, ignore_errors=True)
    config = prepare(folder)
    mark.touch()
    return config


def _send(stack: Stack, seed: int, items: int) -> None:
    hooks = list(deliveries(seed, items, time.time_ns() // 1_000))
    with bar("webhooks", len(hooks)) as advance:
        played = send(stack, hooks, advance)
    told = ", ".join(f"{count} {answer}" for answer, count in sorted(played.answers.items()))
    out.print(f"{len(hooks)} signed webhooks of {items} work items: {told}", markup=False, soft_wrap=True)
    if played.refused:
        fail("\n".join(played.refused))
    wait_until_settled(stack.addresses)


def _show_maps(stack: Stack, folder: DataDir) -> None:
    with open_store(folder.root) as store:
        for stream in STREAMS:
            map_text.show(out, read_map(store, folder, stream.name, WINDOW))
    out.print("")
    show_addresses(stack.addresses)
