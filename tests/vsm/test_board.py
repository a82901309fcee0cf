"""The read API's description of itself."""

from __future__ import annotations

import pytest

from vsm.board.openapi import described
from vsm.board.routes import ROUTES, Route


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_is_described(route: Route) -> None:
    """Each with all that its query may say; whatever its answer is made of, the process starts."""
    told = described(ROUTES)["paths"][route.path]["get"]
    assert {each["name"] for each in told["parameters"]} >= set(route.query)
