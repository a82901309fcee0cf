"""One run of one scenario with one seed: lived, measured, and compared with what the organisation knows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from lab.announced import Announcement, announcements
from lab.completeness import Arrivals, Fact, Kept, kept, score_completeness
from lab.coverage import Coverage, Kind, coverage
from lab.long_run import long_run
from lab.organisation import definition
from lab.scenarios import SCENARIOS, Scenario, arriving, happened
from lab.score import Measured, ScoreRow, score
from lab.score_evidence import score_evidence
from lab.score_links import Found, score_links
from lab.score_measurements import Errors, comparisons, errors, measured_rows, score_measurements
from lab.score_services import score_services
from lab.sending import SentDelivery
from lab.simulate import write
from lab.truth import Truth
from schemas.event import FlowEvent
from vsm.data_dir import DataDir
from vsm.one_machine.organisation import prepare, send
from vsm.one_machine.ports import free_ports
from vsm.one_machine.settling import wait_until_settled
from vsm.one_machine.stack import Plan, running
from vsm.store import open_store
from vsm.truth.events import taken
from vsm.truth.measured import Pure

END_MICROS: Final = 1_767_225_600_000_000
CLOCK: Final = "2026-01-01T00:00:00+00:00"


class Ran(Struct, frozen=True, kw_only=True):
    """What came out of one run.

    `rows` are its comparisons, `links` what each method of linking found, `errors` how far each metric is off,
    `coverage` how many intervals hold the long run's value; the last three of the base alone.
    """

    scenario: str
    seed: int
    seconds: float
    rows: list[ScoreRow]
    announcements: list[Announcement]
    links: Mapping[str, Found] = {}
    errors: Mapping[str, Errors] = {}
    coverage: Mapping[Kind, Coverage] = {}
    kept: list[Kept] = []


def run(scenario: Scenario, seed: int, *, in_process: bool = False) -> Ran:
    """Live a scenario and score it; `in_process`: whatever way it says."""
    begun = time.monotonic()
    hooks = list(happened(scenario, seed, END_MICROS))
    arrived = list(arriving(scenario.loss, hooks, seed, END_MICROS))
    with tempfile.TemporaryDirectory(prefix="vsm-truth-") as room:
        truth = write(seed, scenario.items, Path(room) / "simulated", END_MICROS, streams=scenario.streams)
        with _measured(scenario, arrived, Path(room), in_process=in_process) as measured:
            ran = _scored(scenario, seed, truth, measured)
            rows = measured_rows(measured)
    if scenario.loss is not None:
        spared = arriving(replace(scenario.loss, outage_lasts=0), hooks, seed, END_MICROS)
        every, but_for_outage, here = (_facts(scenario, each) for each in (hooks, spared, arrived))
        arrivals = Arrivals(every=every, but_for_outage=but_for_outage, arrived=here)
        several = kept(scenario, arrivals, rows, END_MICROS)
        ran = replace(ran, kept=several, rows=list(score_completeness(several)))
    return replace(ran, seconds=time.monotonic() - begun)


@contextmanager
def _measured(scenario: Scenario, hooks: list[SentDelivery], room: Path, *, in_process: bool) -> Iterator[Measured]:
    streams = definition(scenario.streams)
    if in_process or scenario.way == "in process":
        yield Pure(streams, taken(hooks, streams).events, END_MICROS)
        return
    folder = DataDir(room / "data")
    plan = Plan(config=prepare(folder), port=free_ports(1)[0], clock=CLOCK)
    with folder.held(), running(folder, plan) as stack:
        send(stack, hooks)
        wait_until_settled(stack.addresses)
        with open_store(folder.root) as store:
            yield store


def _scored(scenario: Scenario, seed: int, truth: Truth, measured: Measured) -> Ran:
    rows = measured_rows(measured)
    said = announcements(scenario.streams, rows)
    if scenario.loss is not None:
        return Ran(scenario=scenario.name, seed=seed, seconds=0.0, rows=[], announcements=said)
    services = list(score_services(truth, measured))
    if any(stream.repository for stream in scenario.streams):
        return Ran(scenario=scenario.name, seed=seed, seconds=0.0, rows=services, announcements=said)
    compared = comparisons(truth, rows)
    all_rows = [*score(truth, measured), *services, *score_evidence(truth, measured), *score_measurements(compared)]
    base = scenario.name == SCENARIOS[0].name
    return Ran(
        scenario=scenario.name, seed=seed, seconds=0.0, rows=all_rows, announcements=said,
        links=score_links(truth, measured)[1] if base else {},
        errors=errors(compared),
        coverage=coverage(compared, long_run()) if base else {},
    )  # fmt: skip


def _facts(scenario: Scenario, hooks: Iterable[SentDelivery]) -> frozenset[Fact]:
    events: list[FlowEvent] = taken(hooks, definition(scenario.streams)).events
    return frozenset((event.value_stream, event.event_id, event.occurred_at) for event in events)
