"""`vsm simulate`: a simulated organisation with its known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schemas.clock import clock_from
from vsm.options import fail, out
from vsm.progress import bar

DEFAULT_END = "2026-01-01T00:00:00+00:00"


def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="Where deliveries.jsonl and truth.json go.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation.")] = 1,
    items: Annotated[int, typer.Option(min=1, help="How many work items.")] = 300,
    end: Annotated[str, typer.Option(help="When the last event is, ISO 8601.")] = DEFAULT_END,
) -> None:
    """Write the deliveries of a simulated organisation, and the true answers.

    Example: `vsm simulate --seed 7 --items 1000 --out ./simulated`
    """
    from lab.simulate import write

    try:
        last = clock_from(end)()
        with bar("simulating", items) as advance:
            done = 0

            def progress(now: int, _of: int) -> None:
                nonlocal done
                advance(now - done)
                done = now

            write(seed, items, out_dir, last, progress=progress)
    except ValueError as bad:
        fail(f"--end: {bad}", status=2)
    except OSError as bad:
        fail(f"{bad.filename}: {bad.strerror}")
    out.print(f"wrote {out_dir}/deliveries.jsonl and {out_dir}/truth.json", markup=False, soft_wrap=True)
