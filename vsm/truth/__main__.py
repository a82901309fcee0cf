"""Scores every measurement against simulated organisations' known answers (`make truth`).

Each seed lives every scenario of the lab under a clock pinned at its end. The base organisation's webhooks go over
HTTP through the whole pipeline; the others' through the same adapters, routing, engine and measures in process. The
scores go to docs/truth.md and lab/score.json; exit status 1 if a comparison is off.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from lab.scenarios import SCENARIOS, Scenario
from vsm.truth.page import page
from vsm.truth.runs import Ran, run
from vsm.truth.scores import Scores, scores

_DOCS: Final = Path("docs/truth.md")
_JSON: Final = Path("lab/score.json")


def main(
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, counted from 1.")] = 20,
    workers: Annotated[int, typer.Option(min=1, help="How many runs at once.")] = 2,
    scenario: Annotated[list[str] | None, typer.Option(help="Only these scenarios; nothing is written.")] = None,
    in_process: Annotated[bool, typer.Option(help="The base in process too; nothing is written.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Run the seeds and write the scores."""
    chosen = [each for each in SCENARIOS if not scenario or each.name in scenario]
    ran = runs(chosen, seeds, workers, in_process=in_process)
    found = scores(ran, seeds)
    text = page(found)
    if not scenario and not in_process:
        _DOCS.write_text(text, encoding="utf-8")
        _JSON.write_bytes(json(found))
    print(text)
    sys.exit(int(bool(found.off)))


def runs(scenarios: Sequence[Scenario], seeds: int, workers: int, *, in_process: bool) -> list[Ran]:
    """Return what came out of every scenario with every seed, in their order; a line is printed as each is done."""
    asked = [(each, seed) for seed in range(1, seeds + 1) for each in scenarios]
    found: dict[tuple[str, int], Ran] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        waiting = [pool.submit(run, each, seed, in_process=in_process) for each, seed in asked]
        for done in as_completed(waiting):
            ran = done.result()
            found[ran.scenario, ran.seed] = ran
            met = sum(row.met for row in ran.rows)
            of = f"{met} of {len(ran.rows)} comparisons hold"
            print(
                f"[{len(found)}/{len(asked)}] seed {ran.seed}, {ran.scenario}: {of}  ({ran.seconds:.0f} s)", flush=True
            )
    return [found[each.name, seed] for each, seed in asked]


def json(found: Scores) -> bytes:
    """Return the scores as they are kept."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


if __name__ == "__main__":
    typer.run(main)
