"""Scores every measurement against the simulated organisation's known answers (`make truth`).

Each seed runs the whole pipeline for real, under a clock pinned at the organisation's end: webhooks over HTTP in,
tables out. The table of scores goes to docs/truth.md and lab/score.json; exit status 1 if a comparison is off.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from lab.score import ScoreRow, markdown, score, summary
from lab.score_links import Found, MethodScore, method_scores, score_links
from lab.sending import SentDelivery
from lab.simulate import write
from vsm.data_dir import DataDir
from vsm.organisation import prepare, send
from vsm.ports import free_ports
from vsm.progress import bar
from vsm.settling import wait_until_settled
from vsm.stack import Plan, running
from vsm.store import open_store

END_MICROS: Final = 1_767_225_600_000_000
CLOCK: Final = "2026-01-01T00:00:00+00:00"
_DOCS: Final = Path("docs/truth.md")
_JSON: Final = Path("lab/score.json")


def main(
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, counted from 1.")] = 5,
    items: Annotated[int, typer.Option(min=30, help="Work items a seed.")] = 300,
) -> None:
    """Run the seeds and write the scores."""
    rows: dict[int, list[ScoreRow]] = {}
    links: list[Mapping[str, Found]] = []
    for seed in range(1, seeds + 1):
        begun = time.monotonic()
        rows[seed], found = run(seed, items)
        links.append(found)
        met = sum(row.met for row in rows[seed])
        print(f"seed {seed}: {met} of {len(rows[seed])} comparisons hold  ({time.monotonic() - begun:.0f} s)")
    methods = method_scores(links)
    _DOCS.write_text(page(rows, methods, items), encoding="utf-8")
    _JSON.write_bytes(msgspec.json.format(msgspec.json.encode(_scores(rows, methods)), indent=2) + b"\n")
    print("\n".join([*table(rows), "", *links_table(methods)]))
    off = [row for each in rows.values() for row in each if not row.met]
    print(markdown(off) if off else "every comparison holds")
    sys.exit(int(bool(off)))


def run(seed: int, items: int) -> tuple[list[ScoreRow], Mapping[str, Found]]:
    """Return the score of one seed, and what each method of linking found."""
    with tempfile.TemporaryDirectory(prefix="vsm-truth-") as room:
        truth = write(seed, items, Path(room) / "simulated", END_MICROS)
        hooks = (Path(room) / "simulated" / "deliveries.jsonl").read_bytes().splitlines()
        folder = DataDir(Path(room) / "data")
        plan = Plan(config=prepare(folder), port=free_ports(1)[0], clock=CLOCK)
        decode = msgspec.json.Decoder(SentDelivery).decode
        with folder.held(), running(folder, plan) as stack:
            with bar(f"seed {seed}", len(hooks)) as advance:
                send(stack, map(decode, hooks), advance)
            wait_until_settled(stack.addresses)
            with open_store(folder.root) as store:
                return score(truth, store), score_links(truth, store)[1]


def page(rows: dict[int, list[ScoreRow]], methods: Mapping[str, MethodScore], items: int) -> str:
    """Return the scores as a page: a line a group over all seeds, then whatever is off."""
    everything = [row for each in rows.values() for row in each]
    off = [row for row in everything if not row.met]
    lines = [
        "# Truth",
        "",
        f"Written by `make truth`: {len(rows)} seeds of {items} work items each, sent as signed webhooks through the",
        "whole pipeline, every derived row and every measurement compared with what the organisation knows it did.",
        "Visits, items, changes, deployments and incidents must match exactly; times within the sketch's stated error.",
        "",
        *table(rows),
        "",
        "## Links",
        "",
        "How things hang together is found by what tools say and people write. Some of that is planted to be wrong:",
        "branches and titles that name a ticket which the change was not made for, landing messages that list tickets,",
        "incidents that only happen to follow a deployment; and words that look like keys (`UTF-8`), which must mean",
        "nothing. Each is taken as the definitions have it, and counts here against its method. Recall is what a",
        "method reaches alone; of several that name one ticket the first stands: branch, title, message. The causes of",
        "incidents have two methods. Together they reach everything: that is what the group `links` compares.",
        "",
        *links_table(methods),
        "",
        "## What is off",
        "",
    ]
    return "\n".join(lines) + "\n" + (markdown(off) if off else "Nothing.\n")


def table(rows: dict[int, list[ScoreRow]]) -> list[str]:
    """Return the lines of a table: for each group of comparisons how many hold, of how many, over all seeds."""
    everything = [row for each in rows.values() for row in each]
    lines = [f"| {group} | {met} | {total} |" for group, (met, total) in summary(everything).items()]
    return ["| group | hold | of |", "|---|---:|---:|", *lines]


def links_table(methods: Mapping[str, MethodScore]) -> list[str]:
    """Return the lines of a table: for each method of linking how much it says, how often rightly, what it misses."""
    lines = [
        f"| `{name}` | {one.said} | {_share(one.precision)} | {_share(one.confidence)} | {one.true} "
        f"| {_share(one.recall)} |"
        for name, one in methods.items()
    ]
    head = ["| method | links | precision | stated confidence | true | recall |", "|---|---:|---:|---:|---:|---:|"]
    return [*head, *lines]


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.3f}"


def _scores(rows: dict[int, list[ScoreRow]], methods: Mapping[str, MethodScore]) -> dict[str, object]:
    everything = [row for each in rows.values() for row in each]
    groups = {group: {"met": met, "of": total} for group, (met, total) in summary(everything).items()}
    return {"seeds": len(rows), "groups": groups, "links": methods, "off": [row for row in everything if not row.met]}


if __name__ == "__main__":
    typer.run(main)
