"""Which version of the definition rows, measurements and the state say they are of."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from processors.app import derivation_of
from processors.settings import Settings
from tests.builders.engine_events import fact
from tests.builders.engine_rows import derived, one_stream
from tests.builders.measured import DEFINITION, NOW, SOME_FACTS, fed

JUDGED = "aaa+bbb"
"""A version whose end is of targets."""
TEXT = "version: 1\nvalue_streams: [{name: checkout, select: ['*'], targets: {flow_time_p85: 3d}}]\n"


def test_every_measurement_says_under_which_targets_it_was_made() -> None:
    """The whole version."""
    told = fed([], definition=replace(DEFINITION, version=JUDGED)).measure_all(NOW, SOME_FACTS)
    assert {measurement.definition_version for measurement in told} == {JUDGED}


def test_no_row_says_under_which_targets_it_was_derived() -> None:
    """It depends on none, so it is the same under others."""
    told = derived(fact("ticket.created", "ticket:CHK-1", 0), definition=replace(one_stream(), version=JUDGED))
    assert {row.definition_version for row in told.rows} == {"aaa"}


def test_other_targets_leave_the_state_as_it_is(tmp_path: Path) -> None:
    """A processor that is started with the same generation under other targets goes on with what it has."""
    config = tmp_path / "value-streams.yaml"
    found = []
    for target in ("3d", "4d"):
        config.write_text(TEXT.replace("3d", target), encoding="utf-8")
        settings = Settings(_env_file=None, config=config, data=tmp_path)  # type: ignore[call-arg]
        found.append(derivation_of(settings).version)
    assert found[0] == found[1]
