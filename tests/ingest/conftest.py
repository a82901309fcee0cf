"""One real ingester for the tests that only ask it things."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.builders.ingester import Ingester


@pytest.fixture(scope="session")
def ingester(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingester]:
    """A running ingester, shared."""
    running = Ingester(tmp_path_factory.mktemp("ingester")).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def client(ingester: Ingester) -> Iterator[httpx.Client]:
    """A client of the shared ingester."""
    with httpx.Client(base_url=ingester.url, timeout=20) as connected:
        yield connected
