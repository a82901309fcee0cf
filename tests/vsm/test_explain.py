"""Explanations read from the tables: what is left out and why, and what has changed since a past time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from insights.explain.naming import Unasked, Wanted
from metrics import METRICS
from metrics.reading import Metric, Scope
from metrics.recompute import NOT_FROM_ROWS, NotFromRows
from tests.builders.explained_rows import DEFINITION, FIRST, SECOND, STREAM, THEN, found
from tests.builders.stored_rows import stored
from vsm.cli import app
from vsm.explaining import explain
from vsm.store import NoSuchStream, Store, open_store

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which more became known after a past time."""
    root = tmp_path_factory.mktemp("explained")
    return stored(root, [*FIRST, *SECOND])


@pytest.fixture(scope="module")
def store(data: Path) -> Iterator[Store]:
    """The tables, open for reading."""
    with open_store(data) as opened:
        yield opened


def test_what_is_left_out_says_why(store: Store) -> None:
    """Counted elsewhere, of unknown start: each in plain words."""
    told = {str(row["item_id"]): row["reason"] for row in found(store, "step_wait").left_out}
    assert told == {"blind": "start unknown", "twin": "not counted here: change:mid0 is counted with mid0"}


def test_a_bridged_end_gives_no_lead_time(store: Store) -> None:
    """Nobody told the end, so the lead time leaves the visit out with that reason."""
    told = {str(row["item_id"]): str(row["reason"]) for row in found(store, "step_lead").left_out}
    assert "bridged" in told["bridge"]


def test_the_items_come_to_the_number_that_was_measured(store: Store) -> None:
    """Ten stand behind it and it is ten."""
    told = found(store)
    assert (told.value, told.items_total, told.recomputed.equal, told.definition_version) == (10.0, 10, True, "v1")


def test_what_is_listed_is_cut_and_what_is_counted_is_not(store: Store) -> None:
    """Two are listed of ten."""
    told = explain(store, DEFINITION, Wanted(stream="checkout", metric="vsm_step_completions", step="review"), limit=2)
    assert (len(told.items), told.items_total, told.recomputed.n) == (2, 10, 10)


def test_a_past_number_is_what_was_shown(store: Store) -> None:
    """Nine, from the rows as they were known."""
    past = found(store, as_of=THEN).as_of
    assert past is not None
    assert (past["value"], past["recomputed"], past["difference"]) == (9.0, True, 1.0)


def test_every_change_has_a_reason_and_they_add_up(store: Store) -> None:
    """New, late, aged out, withdrawn: four came and three went, which is the difference of one."""
    past = found(store, as_of=THEN).as_of
    assert past is not None
    told = {change["item_id"]: (change["change"], change["why"].split(":")[0]) for change in past["changes"]}
    assert told == {
        "open": ("came", "new in the window"),
        "bridge": ("came", "new in the window"),
        "late": ("came", "arrived late"),
        "late2": ("came", "arrived late"),
        "old0": ("went", "aged out of the window"),
        "old1": ("went", "aged out of the window"),
        "gone": ("went", "withdrawn"),
    }
    assert past["came"] - past["went"] == past["difference"]


@pytest.mark.parametrize(
    ("metric", "more", "word"),
    [
        ("step_wiat_seconds", {"step": "Review"}, "did you mean"),
        ("step_wait", {"step": "Rewiev"}, "did you mean Review"),
        ("step_wait", {}, "--step"),
        ("flow_load", {"step": "Review"}, "not of a step"),
        ("step_completions", {"step": "Review", "statistic": "p85"}, "known: count"),
        ("flow_load", {"service": "web"}, "--service"),
        ("change_lead_time", {"environment": "qa"}, "known: staging, production"),
        ("change_lead_time", {"environment": "staging"}, "production"),
        ("flow_time_working_seconds", {}, "not measured"),
        ("flow_time", {"window": "3d"}, "known: 1h"),
    ],
)
def test_what_cannot_be_asked_says_what_can(store: Store, metric: str, more: dict[str, str], word: str) -> None:
    """Names that are nearly right, and options that a metric does not have."""
    with pytest.raises(Unasked, match=word):
        explain(store, DEFINITION, Wanted(stream="checkout", metric=metric, **more))


def test_an_unknown_stream_is_told_with_the_known(store: Store) -> None:
    """By name."""
    with pytest.raises(NoSuchStream, match="known: checkout"):
        explain(store, DEFINITION, Wanted(stream="chekout", metric="flow_load"))


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric.applies(STREAM)], ids=lambda each: each.name)
def test_every_metric_is_explained_or_says_why_not(store: Store, metric: Metric) -> None:
    """Also where nothing is measured yet; its definition is one sentence, and its page exists."""
    step = "Review" if metric.scope in {Scope.STEP, Scope.STEP_NOW} else ""
    wanted = Wanted(stream="checkout", metric=metric.name, step=step)
    if metric.scope in NOT_FROM_ROWS:
        with pytest.raises(NotFromRows):
            explain(store, DEFINITION, wanted)
        return
    told = explain(store, DEFINITION, wanted).definition
    assert (told.text.endswith("."), told.name) == (True, metric.name)


def test_the_command_prints_items_and_reasons(data: Path) -> None:
    """The number, that it comes to the same again, the items and what is left out."""
    (data / "value-streams.yaml").write_text(
        "version: 1\nvalue_streams:\n  - {name: checkout, select: [{repository: '*'}]}\n", encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["explain", "checkout", "step_completions", "--step", "Review", "--data", str(data)])
    told = [word in done.output for word in ("the same", "10 items", "1 are left out", "twin", "late2")]
    assert (done.exit_code, told) == (0, [True] * 5), done.output


@pytest.mark.parametrize(("more", "expected"), [([], 2), (["--all"], 10)], ids=["cut", "all"])
def test_the_command_lists_all_where_it_is_told_to(data: Path, more: list[str], expected: int) -> None:
    """Whatever the limit is, as JSON."""
    (data / "value-streams.yaml").write_text(
        "version: 1\nvalue_streams:\n  - {name: checkout, select: [{repository: '*'}]}\n", encoding="utf-8"
    )
    asked = ["explain", "checkout", "step_completions", "--step", "Review", "--limit", "2", "--format", "json"]
    done = CliRunner().invoke(app, [*asked, *more, "--data", str(data)])
    assert len(json.loads(done.stdout)["items"]) == expected
