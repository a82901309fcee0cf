"""`vsm demo`: the whole pipeline under a simulated organisation."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from insights import map_text
from lab.organisation import STREAMS
from lab.simulate import deliveries
from vsm.commands.ask import read_map
from vsm.commands.up import hears_orders, redefine_until_end, show_addresses
from vsm.data_dir import DataDir, DataDirBusy
from vsm.generation import definition_in_use
from vsm.one_machine.ending import ended_by_signals
from vsm.one_machine.organisation import prepare, send
from vsm.one_machine.ports import PortTaken
from vsm.one_machine.settling import NotSettled, wait_until_settled
from vsm.one_machine.stack import Plan, Stack, StackFailed, running
from vsm.options import Data, Port, fail, out
from vsm.progress import bar
from vsm.sender import Unreachable
from vsm.store import BadQuery, StoreMissing, open_store

DEMO_DATA: Final = Path("vsm-demo")
MARK: Final = "demo"
WINDOW: Final = "90d"


def demo(
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation.")] = 1,
    items: Annotated[int, typer.Option(min=1, help="How many work items.")] = 120,
    data: Data = DEMO_DATA,
    port: Port = 8080,
    *,
    once: Annotated[bool, typer.Option("--once", help="Exit after the maps are shown.")] = False,
) -> None:
    """Run the pipeline, let a simulated organisation send it webhooks, and show its value stream maps.

    Ctrl-C ends it in order at any time, with status 0 once the maps were shown, else 1; a second one ends it at once.

    Example: `vsm demo --seed 7 --items 300`
    """
    folder = DataDir(data)
    shown = threading.Event()
    try:
        _refuse_other_data(folder)
        with ended_by_signals() as ending, folder.held():
            plan = Plan(config=_prepare(folder), port=port)
            orders = hears_orders()
            out.print("starting the pipeline; Ctrl-C ends it")
            with running(folder, plan, ending) as stack:
                _send(stack, seed, items)
                _show_maps(stack, folder)
                shown.set()
                if not once:
                    out.print(
                        f"it stays up: try 'vsm query --data {data} \"SELECT ...\"'; Ctrl-C ends it", soft_wrap=True
                    )
                    redefine_until_end(folder, stack, orders, ending)
    except KeyboardInterrupt:
        if not shown.is_set():
            fail("ended before the maps were shown")
        out.print("ended")
    except (DataDirBusy, PortTaken, StackFailed, Unreachable, NotSettled, StoreMissing, BadQuery) as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{bad.filename or data}: {bad.strerror}")


def _refuse_other_data(folder: DataDir) -> None:
    """End the command when the directory holds something that no demo has put there."""
    there = {path.name for path in folder.root.iterdir()} if folder.root.exists() else set()
    if there - {folder.lock.name} and MARK not in there:
        fail(f"{folder.root} holds no demo: give the demo a directory of its own with --data")


def _prepare(folder: DataDir) -> Path:
    """Return the organisation's definition in an empty directory that we hold; an earlier demo's data is removed."""
    for path in folder.root.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != folder.lock:
            path.unlink()
    (folder.root / MARK).touch()
    return prepare(folder)


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
            map_text.show(out, read_map(store, definition_in_use(folder), stream.name, WINDOW))
    out.print("")
    show_addresses(stack.addresses)
