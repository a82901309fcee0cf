"""Waste and open work over the read API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import msgspec
import pytest

from insights.explain.naming import Unasked
from insights.waste.sums import Report
from schemas.definition import Definition
from tests.builders.stored_rows import stored
from tests.vsm.test_waste import ROWS
from vsm import wasting
from vsm.board.openapi import described
from vsm.board.reader import Reader
from vsm.board.routes import ROUTES
from vsm.store import NoSuchStream, Store, open_store

pytestmark = pytest.mark.timeout(180)
ASKED = {"stream": "checkout", "window": "90d", "until": "2026-06-01", "by": "item"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The tables, open for reading."""
    with open_store(stored(tmp_path_factory.mktemp("board"), ROWS)) as opened:
        yield opened


def answered(store: Store, path: str, said: Mapping[str, str], items: int = 3) -> Any:  # noqa: ANN401 - JSON
    """Return what the board's route says, as a client reads it, held against the route's own schema."""
    route = next(route for route in ROUTES if route.path == path)
    found = msgspec.json.decode(msgspec.json.encode(route.answer(Reader(store, Definition(version=""), items), said)))
    document = described(ROUTES)
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(found, {**schema, "components": document["components"]})
    return found


def test_waste_is_answered_with_the_greatest_groups(store: Store) -> None:
    """As many as are listed; the sums are of all."""
    found = answered(store, "/api/v1/waste", ASKED)
    assert (found["items"], len(found["groups"]), found["flow"]["seconds"] / 3_600) == (7, 3, 51)


def test_waste_is_answered_in_part_once_it_is_late(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a first page, with how many items are missing, in place of no answer."""
    monkeypatch.setattr(wasting, "FIRST_PAGE", 2)
    route = next(route for route in ROUTES if route.path == "/api/v1/waste")
    found = route.answer(Reader(store, Definition(version=""), 3, lambda: True), ASKED)
    assert isinstance(found, Report)
    assert (found.items, found.unread) == (2, 6)


def test_open_work_is_answered(store: Store) -> None:
    """The one item that is not over."""
    found = answered(store, "/api/v1/ageing", {"stream": "checkout"})
    assert [item["item_id"] for item in found["items"]] == ["i"]


@pytest.mark.parametrize("wrong", [{"window": "3d"}, {"by": "colour"}, {"until": "tomorrow"}])
def test_what_cannot_be_asked_is_told(store: Store, wrong: Mapping[str, str]) -> None:
    """With what can."""
    with pytest.raises(Unasked):
        answered(store, "/api/v1/waste", {**ASKED, **wrong})


@pytest.mark.parametrize("path", ["/api/v1/waste", "/api/v1/ageing"])
def test_an_unknown_stream_is_none(store: Store, path: str) -> None:
    """Told with the known ones."""
    with pytest.raises(NoSuchStream, match="known: checkout"):
        answered(store, path, {"stream": "chekout"})
