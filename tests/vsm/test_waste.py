"""The waste ledger read from the tables: every question finds its rows, page by page, and the command says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import Struct
from typer.testing import CliRunner

from insights.waste.ledger import ledger
from insights.waste.questions import Asked
from insights.waste.rules import Category
from insights.waste.sums import By
from metrics.windows import window_starts
from schemas.definition import Step, ValueStream
from schemas.derived import Change, Deployment, StepVisit, WorkItem, revision
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.measurement import WINDOWS
from tests.builders.derived_rows import fact
from tests.builders.stored_rows import stored
from tests.builders.waste_cases import HOUR, STEPS, at
from vsm import wasting
from vsm.cli import app
from vsm.store import Store, open_store
from vsm.wasting import asked_of, cases, report

pytestmark = pytest.mark.timeout(180)
KNOWN: dict[str, object] = {"value_stream": "checkout", "revision": revision(1, 1), "known_at": at(0)}
STREAM = ValueStream(
    name="checkout", select=(), cost_per_hour=100.0, currency="EUR",
    steps=tuple(Step(name=s.name, value_adding=s.value_adding, wip_limit=1 if s.name == "Review" else None)
                for s in STEPS.values()),
)  # fmt: skip
WINDOW = Asked(stream="checkout", since=at(0), until=at(100), page=2)


def item(name: str, begin: float, end: float | None, *links: str, **fields: object) -> WorkItem:
    """Return an item from and to so many hours."""
    over = None if end is None else at(end)
    return WorkItem(item_id=name, started_at=at(begin), finished_at=over, links=links, **KNOWN, **fields)  # type: ignore[arg-type]


def stay(name: str, step: str, begin: float, end: float, **fields: object) -> StepVisit:
    """Return a visit that was started as it was queued."""
    given: dict[str, object] = {"visit": 1, "subject_id": f"change:a/{name}", "queued_at": at(begin)}
    given |= {"started_at": at(begin), "finished_at": at(end), **fields}
    return StepVisit(item_id=name, step=step, **KNOWN, **given)  # type: ignore[arg-type]


def told(name: str, hours: float, actor: str, subject: str, actor_class: ActorClass = ActorClass.HUMAN) -> FlowEvent:
    """Return a fact of an account on a subject."""
    return fact(
        name, occurred_at=at(hours), received_at=at(hours), subject_id=subject, actor=actor, actor_class=actor_class
    )


def ran(name: str, hours: float, run: str) -> FlowEvent:
    """Return the end of a run of the pipeline main on one commit."""
    links = (Link(uri="commit:ab", kind=LinkKind.PART_OF, method=LinkMethod.COMMIT),)
    return fact(
        name, type="pipelinerun.finished", occurred_at=at(hours), received_at=at(hours), subject_id=run, links=links,
        attributes={"pipeline": "main"},
    )  # fmt: skip


ROWS: Sequence[Struct] = [
    # in review one after the other and, from 2 to 4, side by side
    item("a", 0, 4, "change:a/a"),
    stay("a", "Review", 0, 4),
    item("b", 2, 7, "change:a/b"),
    stay("b", "Review", 2, 7, started_at=at(6)),
    # a failed deployment of c, which mended after two hours
    item("c", 10, 16, "change:a/c"),
    stay("c", "Review", 10, 16),
    Change(change_id="change:a/c", repository="r", merged_at=at(11), deployed_at=at(15), service="s",
           item_ids=("c",), **KNOWN),  # type: ignore[arg-type]
    Deployment(deployment_id="d", service="s", environment="production", outcome=Outcome.FAILURE, finished_at=at(12),
               recovered_at=at(14), change_ids=("change:a/c",), **KNOWN),  # type: ignore[arg-type]
    Deployment(deployment_id="e", service="s", environment="staging", outcome=Outcome.FAILURE, finished_at=at(15),
               change_ids=("change:a/c",), **KNOWN),  # type: ignore[arg-type]
    # merged before the release that passed it over
    item("d", 20, 22, "change:r/d"),
    stay("d", "Develop", 20, 21),
    Change(change_id="change:r/d", repository="r", merged_at=at(12), item_ids=("d",), **KNOWN),  # type: ignore[arg-type]
    # a run again
    item("e", 30, 34, "run:ci/x/1/1", "run:ci/x/2/1"),
    stay("e", "Build", 30, 31, subject_id="run:ci/x/1/1"),
    stay("e", "Build", 31, 34, visit=2, subject_id="run:ci/x/2/1"),
    ran("e1", 31, "run:ci/x/1/1"),
    ran("e2", 34, "run:ci/x/2/1"),
    # whoever works on f is at g from 41 to 44
    item("f", 40, 50, "change:a/f"),
    stay("f", "Develop", 40, 50, blocked_spans=(at(46), at(47))),
    item("g", 40, 60, "change:a/g"),
    stay("g", "Develop", 40, 60),
    told("f1", 41, "one", "change:a/f"),
    told("g1", 42, "one", "change:a/g"),
    told("g2", 44, "one", "change:a/g"),
    told("f2", 45, "one", "change:a/f"),
    # that somebody else works on g meanwhile is no matter, and a machine is nowhere
    told("g3", 41.5, "two", "change:a/g"),
    told("f3", 46, "bot", "change:a/f", ActorClass.BOT),
    told("g4", 47, "bot", "change:a/g", ActorClass.BOT),
    told("f4", 48, "bot", "change:a/f", ActorClass.BOT),
    # not in the window, not over, moved, and never begun
    item("h", 0, 200),
    item("i", 0, None),
    item("j", 0, 5, moved_to="a"),
    WorkItem(item_id="k", finished_at=at(5), **KNOWN),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the rows."""
    return stored(tmp_path_factory.mktemp("waste"), ROWS)


@pytest.fixture(scope="module")
def store(data: Path) -> Iterator[Store]:
    """The tables, open for reading."""
    with open_store(data) as opened:
        yield opened


def hours(store: Store, name: str) -> list[tuple[float, str, str]]:
    """Return the hours, step and evidence of an item's ledger."""
    found = next(case for case in cases(store, STREAM, WINDOW) if case.item.item_id == name)
    return [(piece.micros / HOUR, piece.step, piece.rule) for piece in ledger(found)]


EXPECTED = {
    "a": [(4, "Review", "value")],
    "b": [(2, "Review", "crowded"), (2, "Review", "queued"), (1, "Review", "value")],
    "c": [(2, "Review", "value"), (2, "Review", "failed_deployment"), (2, "Review", "value")],
    "d": [(1, "Develop", "unreleased"), (1, "", "unreleased")],
    "e": [(1, "Build", "value"), (3, "Build", "rerun")],
    "f": [(1, "Develop", "value"), (3, "Develop", "elsewhere"), (2, "Develop", "value"), (1, "Develop", "blocked"),
          (3, "Develop", "value")],
    "g": [(20, "Develop", "value")],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_an_item_is_read_with_all_that_judges_its_time(store: Store, name: str) -> None:
    """Limits of all visits, failed deployments, releases, runs, and facts on other items."""
    assert hours(store, name) == EXPECTED[name]


@pytest.mark.parametrize(("first", "page"), [(250, 1), (250, 2), (250, 7), (250, 100), (1, 100), (2, 3)])
def test_pages_change_no_sum(store: Store, monkeypatch: pytest.MonkeyPatch, first: int, page: int) -> None:
    """However many items are held at once, first and later: those over in the window, each once, and their sums."""
    monkeypatch.setattr(wasting, "FIRST_PAGE", first)
    asked = Asked(stream="checkout", since=at(0), until=at(100), page=page)
    found = report(store, STREAM, asked, By.STEP, "v1")
    micros = {c: round(amount.seconds * 1_000_000) / HOUR for c, amount in found.categories.items() if amount.seconds}
    assert (found.items, found.unstarted, micros, found.waste.cost) == (
        7, 1,
        {Category.VALUE_ADDING: 36, Category.DEFECTS: 2, Category.OVERPRODUCTION: 2, Category.WAITING: 3,
         Category.INVENTORY: 2, Category.MOTION: 3, Category.EXTRA_PROCESSING: 3},
        1_500.0,
    )  # fmt: skip


@pytest.mark.parametrize("page", [1, 3])
def test_what_time_does_not_suffice_for_is_told(store: Store, page: int) -> None:
    """The items that are read are the first, and how many are missing stands beside their sums."""
    asked = Asked(stream="checkout", since=at(0), until=at(100), page=page)
    read: list[None] = []
    found = report(
        store,
        STREAM,
        asked,
        By.STEP,
        "v1",
        advance=lambda: read.append(None),
        late=lambda: len(read) > 2,
    )
    assert (found.items, found.unread, found.flow.seconds) == (3, 5, 15 * 3_600)


def run(data: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process, over the engine that is open in it."""
    ended = CliRunner().invoke(app, ["waste", *arguments, "--data", str(data)])
    return ended.exit_code, ended.stdout, ended.stderr


@pytest.mark.usefixtures("store")
class TestTheCommand:
    UNTIL = ("--until", "2026-06-01", "--window", "90d")

    def test_json_sums_to_the_flow_time(self, data: Path) -> None:
        """Every category is there, and they come to the whole."""
        status, said, _ = run(data, "checkout", "--format", "json", *self.UNTIL)
        found = json.loads(said)
        total = sum(amount["seconds"] for amount in found["categories"].values())
        assert (status, len(found["categories"]), total) == (0, 10, found["flow"]["seconds"])

    @pytest.mark.parametrize("by", list(By))
    def test_text_shows_the_picture_and_the_evidence(self, data: Path, by: By) -> None:
        """Whatever the sums are told apart by."""
        status, said, _ = run(data, "checkout", "--by", by.value, *self.UNTIL)
        words = ("flow time", "█", "extra processing", "rerun")
        assert (status, [word in said for word in words]) == (0, [True] * 4), said

    def test_one_items_ledger_is_shown_piece_by_piece(self, data: Path) -> None:
        """With what the evidence says."""
        status, said, _ = run(data, "checkout", "--item", "e", "--format", "json")
        assert (status, [(p["seconds"], p["rule"]) for p in json.loads(said)]) == (
            0,
            [(3600, "value"), (10800, "rerun")],
        )

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("chekout",), "value stream 'chekout' has no work items; known: checkout"),
            (("checkout", "--item", "i"), "value stream 'checkout' has no item 'i' that is over"),
        ],
    )
    def test_what_is_not_there_is_told(self, data: Path, arguments: tuple[str, ...], why: str) -> None:
        """In one line, with status 1."""
        status, _, said = run(data, *arguments)
        assert (status, said) == (1, why + "\n")


@pytest.mark.parametrize("window", WINDOWS)
def test_the_window_begins_where_the_measured_one_does(window: str) -> None:
    """So the items of the ledger are those that velocity counts, down to the first bucket."""
    asked = asked_of("checkout", window, at(33.3))
    assert (asked.since, asked.until) == (window_starts(at(33.3))[list(WINDOWS).index(window)], at(33.3))
