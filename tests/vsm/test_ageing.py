"""Open work read from the tables, and how the command shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import Struct
from typer.testing import CliRunner

from insights.ageing.expectations import Source, Verdict
from insights.ageing.open_work import Ageing
from schemas.definition import Definition, ValueStream
from schemas.derived import BRIDGED, StepVisit, WorkItem, revision
from tests.builders.derived_rows import T0
from tests.builders.stored_rows import stored
from vsm.cli import app
from vsm.promises import open_work
from vsm.store import Store, open_store

pytestmark = pytest.mark.timeout(180)
HOUR = 3_600_000_000
DAYS = 24
KNOWN: dict[str, object] = {"value_stream": "checkout", "revision": revision(1, 1), "known_at": T0}


def at(hours: float) -> int:
    """Return the time so many hours before now."""
    return T0 - round(hours * HOUR)


def item(name: str, begin: float | None, end: float | None = None, **fields: object) -> WorkItem:
    """Return an item begun, and over, so many hours ago."""
    started, over = (None if hours is None else at(hours) for hours in (begin, end))
    return WorkItem(item_id=name, started_at=started, finished_at=over, **{**KNOWN, **fields})  # type: ignore[arg-type]


def stay(name: str, step: str, *hours: float | None, **fields: object) -> StepVisit:
    """Return a visit queued, started and finished so many hours ago."""
    queued, started, over = (None if each is None else at(each) for each in hours)
    given = {**KNOWN, "visit": 1, "subject_id": "change:a/1", **fields}
    return StepVisit(item_id=name, step=step, queued_at=queued, started_at=started, finished_at=over, **given)  # type: ignore[arg-type]


ROWS: Sequence[Struct] = [
    # twenty that took 1 to 20 hours, in Review for half of it
    *(item(f"done{n:02}", 100 + n, 100, kind="feature") for n in range(1, 21)),
    *(
        stay(f"done{n:02}", "Review", 100 + n, 100 + n - n / 4, 100 + n / 2, wait_micros=round(n / 4 * HOUR))
        for n in range(1, 21)
    ),
    # what does not count: too old, of another stream, moved, never begun, of no known end, counted elsewhere
    item("old", 100 * DAYS, 95 * DAYS),
    item("other", 50, 1, value_stream="search"),
    item("moved", 50, 1, moved_to="done01"),
    item("never", None, 1),
    stay("done01", "Build", 90, 90, 80, outcome=BRIDGED),
    stay("done02", "Build", 90, 90, 80, counted=False),
    # open
    item("waiting", 12.5, kind="defect", state="In Review"),
    stay("waiting", "Develop", 12.5, 12.5, 4),
    stay("waiting", "Review", 4, None, None),
    stay("waiting", "Build", None, 3, None, blocked_spans=(at(2), at(1.5), at(1))),
    item("late", 21),
    item("young", 1),
    stay("young", "Review", 1, 0.5, None),
    item("elsewhere", 9, moved_to="late"),
    item("unbegun", None),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the rows."""
    return stored(tmp_path_factory.mktemp("ageing"), ROWS)


@pytest.fixture(scope="module")
def store(data: Path) -> Iterator[Store]:
    """The tables, open for reading."""
    with open_store(data) as opened:
        yield opened


def found(store: Store, targets: dict[str, str] | None = None) -> Ageing:
    """Return checkout's open work now."""
    stream = ValueStream(name="checkout", select=(), steps=(), targets=targets or {})
    return open_work(store, Definition(version="v1", value_streams=(stream,)), "checkout", T0)


def test_open_items_stand_against_what_was_finished(store: Store) -> None:
    """By risk: age, the share that was faster, and the probability with its n; the observed expectation is 17 hours."""
    told = [
        (i.item_id, i.standing.age_seconds / 3_600, i.standing.faster.value, i.standing.verdict)
        for i in found(store).items
    ]
    assert told == [
        ("late", 21, 1.0, Verdict.BROKEN), ("waiting", 12.5, 0.6, Verdict.FINE), ("young", 1, 0.0, Verdict.FINE),
    ]  # fmt: skip


def test_the_expectation_is_observed_or_the_definitions(store: Store) -> None:
    """The 85th percentile of the twenty, or the target."""
    observed, targeted = found(store).expectation, found(store, {"flow_time_p95": "2d"}).expectation
    assert observed is not None
    assert targeted is not None
    assert (observed.seconds, observed.source, targeted.seconds, targeted.source) == (
        17 * 3_600, Source.OBSERVED, 48 * 3_600, Source.TARGET,
    )  # fmt: skip


def test_open_visits_say_what_happens_in_them(store: Store) -> None:
    """Waiting, blocked, and how old they are among the step's own; a step of which nothing is known says so."""
    waiting = next(i for i in found(store, {"Review.lead_p85": "3h"}).items if i.item_id == "waiting")
    told = [
        (s.step, s.doing.value, s.standing.age_seconds / 3_600, s.standing.faster.value, s.standing.verdict)
        for s in waiting.steps
    ]
    assert told == [
        ("Review", "waiting", 4, 0.35, Verdict.BROKEN), ("Build", "blocked", 3, None, Verdict.UNKNOWN),
    ]  # fmt: skip


def test_what_waits_stands_to_the_target_for_its_wait(store: Store) -> None:
    """Against the waits of the step; what is active has waited."""
    items = {i.item_id: i for i in found(store, {"Review.wait_p85": "4.5h"}).items}
    waiting, active = items["waiting"].steps[0].waiting, items["young"].steps[0].waiting
    assert waiting is not None
    assert (waiting.left_seconds, waiting.faster.value, waiting.breaking and waiting.breaking.n, active) == (
        1_800, 0.75, 4, None,
    )  # fmt: skip


@pytest.mark.usefixtures("store")
class TestTheCommand:
    @pytest.fixture(autouse=True)
    def _at_t0(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VSM_CLOCK", "2026-05-28T20:26:40Z")

    def test_json_has_what_stands_behind_each_share(self, data: Path) -> None:
        """With n and bounds."""
        ran = CliRunner().invoke(app, ["ageing", "checkout", "--format", "json", "--data", str(data)])
        told = json.loads(ran.stdout)
        breaking = told["items"][1]["standing"]["breaking"]
        assert (ran.exit_code, told["finished"], told["verdicts"]["broken"], breaking["value"], breaking["n"]) == (
            0, 20, 1, 3 / 8, 8,
        )  # fmt: skip

    def test_text_shows_the_one_at_most_risk_first(self, data: Path) -> None:
        """With its step, and the expectation above."""
        ran = CliRunner().invoke(app, ["ageing", "checkout", "--data", str(data)], env={"COLUMNS": "150"})
        words = ("3 open: 1 broken, 2 fine", "85 % within 17.0 h (observed", "no step", "waiting")
        assert [word in ran.stdout for word in words] == [True] * 4, ran.stdout

    def test_an_unknown_stream_is_told_with_the_known_ones(self, data: Path) -> None:
        """In one line, with status 1."""
        ran = CliRunner().invoke(app, ["ageing", "chekout", "--data", str(data)])
        assert (ran.exit_code, ran.stderr) == (
            1, "value stream 'chekout' has no work items; known: checkout, search\n",
        )  # fmt: skip
