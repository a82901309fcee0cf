"""The table of refusals that pass by themselves."""

from __future__ import annotations

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.retry import PASSING, Refusal, verdict


def test_the_engine_knows_the_codes_by_these_names(engine: ClickHouse) -> None:
    """Every code of the table is the one ClickHouse gives that name."""
    found = {code: engine.rows(f"SELECT errorCodeToName({code})")[0][0] for code in PASSING}
    assert found == dict(PASSING)


def test_no_code_is_the_network() -> None:
    """An error without a code is a server that cannot be reached: the block is tried again."""
    assert verdict(None) is Refusal.PASSING


def test_a_type_mismatch_never_passes() -> None:
    """Code 53 says that the block is wrong: it is never tried again."""
    assert verdict(53) is Refusal.FOR_GOOD
