"""What the read API says to what cannot be asked, and while it cannot answer."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from insights.explain.naming import Unasked
from vsm.board.routes import MOST_ITEMS, limit_of
from vsm.board.server import Board
from vsm.board.settings import Settings
from vsm.data_dir import DataDir, Run, start_time
from vsm.explaining import micros_of
from vsm.one_machine.ports import free_ports

_ASKED = {"stream": "shop", "metric": "flow_velocity"}


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "100001", "0000000000019999999999", "000000000001" + "9" * 5_000])
def test_a_limit_out_of_bounds_is_refused(text: str) -> None:
    """However many digits it is written with."""
    with pytest.raises(Unasked, match="is no limit"):
        limit_of({"limit": text}, 1_000)


def test_the_greatest_limit_is_taken() -> None:
    """The bound itself is within it."""
    assert limit_of({"limit": str(MOST_ITEMS)}, 1_000) == MOST_ITEMS


@pytest.mark.parametrize("text", ["0001-01-01T00:00+12:00", "9999-12-31T23:59-12:00", "1900-01-01", "2300-01-01"])
def test_a_time_that_no_table_has_is_refused(text: str) -> None:
    """What lies outside of the tables' times is said to be so before anything is asked."""
    with pytest.raises(Unasked, match="is not a time from 1971 to 2199"):
        micros_of(text)


async def test_a_store_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    """Not as a fault of the question's."""
    away = f"http://127.0.0.1:{free_ports(1)[0]}"
    async with TestClient(TestServer(Board(_settings(tmp_path, away)).application())) as client:
        answer = await client.get("/api/v1/explain", params=_ASKED)
        assert (answer.status, "cannot be read now" in (await answer.json())["error"]) == (503, True)


async def test_a_fault_of_the_board_is_json_too(tmp_path: Path) -> None:
    """What nobody foresaw, such as an address file with broken letters, is told as every other answer is."""
    folder = DataDir(tmp_path)
    run = Run(pid=os.getpid(), start_time=start_time(os.getpid()) or 0, config="", addresses={})
    folder.run_file.write_bytes(msgspec.json.encode(run))
    folder.store_address.write_bytes(b"\xff")
    async with TestClient(TestServer(Board(_settings(tmp_path)).application())) as client:
        answer = await client.get("/api/v1/explain", params=_ASKED)
        assert (answer.status, "fault of the board" in (await answer.json())["error"]) == (500, True)


def _settings(data: Path, clickhouse: str = "") -> Settings:
    return Settings.model_validate({"data": data, "clickhouse": clickhouse})
