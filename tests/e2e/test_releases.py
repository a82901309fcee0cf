"""An old data directory under a new release or a new definition: it opens, it is built anew beside, its past stays."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from lab.simulate import deliveries
from schemas.avro_schemas import KINDS
from schemas.dead_letter import DeadLetter, LetterKey
from tests.builders.older_log import write_anew_in_first_versions
from tests.builders.one_machine import END_MICROS, TABLES, gauges, organisation, settle, tables
from tests.builders.release import copied
from vsm.data_dir import DataDir
from vsm.one_machine.organisation import send
from vsm.one_machine.ports import free_ports
from vsm.store import open_store

pytestmark = pytest.mark.timeout(300)

SEED = 5
ITEMS = 20
NEXT_DAY = "2026-01-02T00:00:00+00:00"
YESTERDAY = "2026-01-01 12:00:00"
TWO_STEPS = """\
    environments: [development, staging, production]
    steps:
      - {name: Review, queue: {on: change.created}, start: {on: change.reviewed}, finish: {on: change.merged}}
      - {name: Build, start: {on: pipelinerun.started}, finish: {on: pipelinerun.finished}}
  - name: search
"""
TARGETS = re.compile(r"    environments: .*\n    targets: .*\n  - name: search\n")
OLD_TABLES = """\
import sys
from pathlib import Path
from sinks.clickhouse.client import open_embedded
from sinks.clickhouse.migrate import apply, migrations
store = open_embedded(Path(sys.argv[1]))
apply(store, migrations()[:-1])
store.close()
"""


@pytest.fixture(scope="module", autouse=True)
def _one_release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every process of this module run from one copy of the code, whatever is edited meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copied(tmp_path_factory.mktemp("release")))
        yield


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory after a run, at rest."""
    root = tmp_path_factory.mktemp("used")
    with organisation(root) as stack:
        send(stack, deliveries(SEED, ITEMS, END_MICROS))
        settle(stack)
    return root


@pytest.fixture
def copy(used: Path, tmp_path: Path) -> Path:
    """Return a copy of the used directory to do something to."""
    return Path(shutil.copytree(used, tmp_path / "copy", symlinks=True))


Rows = Mapping[str, list[tuple[object, ...]]]


def past(root: Path, at: str) -> Rows:
    """Return the rows of every table as they were shown at a time, `revision` and `known_at` left out, sorted."""
    found = {}
    with open_store(root) as store:
        for table in TABLES:
            view = f"vsm.{table}_as_of(at = '{at}')"
            answer = store.ask(f"SELECT * EXCEPT (revision, known_at) FROM {view} ORDER BY ALL")  # noqa: S608 - literal names
            found[table] = [tuple(row) for row in answer.rows]
    return found


def column(root: Path, sql: str) -> list[object]:
    """Return the cells of a query of one column."""
    with open_store(root) as store:
        return [row[0] for row in store.ask(sql).rows]


@contextmanager
def released(release: Path, root: Path) -> Iterator[None]:
    """Run another release's `vsm up` on a directory, until it shows what it computes, and to the block's end."""
    command: Sequence[str] = (
        sys.executable, "-m", "vsm", "up", "--data", str(root), "--config", str(root / "value-streams.yaml"),
        "--port", str(free_ports(1)[0]),
    )  # fmt: skip
    said = root / "up.log"
    environment = {**os.environ, "VSM_CLOCK": NEXT_DAY}
    with said.open("wb") as log, subprocess.Popen(command, cwd=release, env=environment, stdout=log) as process:
        try:
            deadline = time.monotonic() + 120
            while "running" not in said.read_text().splitlines():
                assert (process.poll(), time.monotonic() < deadline) == (None, True), said.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def as_of_an_earlier_release(generation: Path) -> None:
    """Say that an earlier release's code derived the rows."""
    known = msgspec.json.decode(generation.read_bytes())
    known["derived_by"] = "1/" + known["derived_by"].partition("/")[2]
    generation.write_bytes(msgspec.json.encode(known))


def test_an_old_directory_opens(used: Path, copy: Path) -> None:
    """Records in the first versions of their schemas, tables with a migration less, older code: the same rows come."""
    shutil.rmtree(copy / "clickhouse")
    (copy / "log" / "groups.sqlite").unlink()
    subprocess.run([sys.executable, "-c", OLD_TABLES, str(copy / "clickhouse")], check=True)
    kinds = write_anew_in_first_versions(copy / "log")
    as_of_an_earlier_release(DataDir(copy).generation)
    with organisation(copy) as stack:
        settle(stack)
        found, measured = tables(copy), gauges(stack)
    assert (set(KINDS) - kinds <= {DeadLetter, LetterKey}, found, measured != []) == (True, tables(used), True)


def test_a_new_derivation_is_built_beside_the_old_one_and_shown(used: Path, copy: Path, tmp_path: Path) -> None:
    """A release that derives otherwise writes every row as a second generation, swaps, and leaves the past alone."""
    raised = {"processors/derivation.py": lambda text: text.replace("Final = ", "Final = 1_000 + ")}
    release = copied(tmp_path / "new", raised)
    with released(release, copy):
        kept = column(copy, "SELECT DISTINCT generation FROM vsm.step_visits_latest ORDER BY 1")
        found, yesterday = tables(copy), past(copy, YESTERDAY)
    before = tables(used)
    assert (kept, found, yesterday) == ([1, 2], before, before)


def with_two_steps(text: str) -> str:
    """Return the organisation's definition with two steps of its own for checkout."""
    edited, times = TARGETS.subn(TWO_STEPS, text)
    assert times == 1
    return edited


def test_a_new_definition_takes_dropped_steps_away_and_leaves_the_past(used: Path, copy: Path) -> None:
    """Measurements and gauges are of the two steps that are left; yesterday's tables read as they did yesterday."""
    of_checkout = "value_stream = 'checkout' AND step != ''"
    steps_sql = f"SELECT DISTINCT step FROM vsm.measurements_current WHERE {of_checkout} ORDER BY 1"  # noqa: S608 - literal
    with organisation(copy, NEXT_DAY, with_two_steps) as stack:
        settle(stack)
        steps, yesterday = column(copy, steps_sql), past(copy, YESTERDAY)
        page = [line for line in gauges(stack) if 'value_stream="checkout",step="' in line]
    on_page = {line.split('step="')[1].split('"')[0] for line in page}
    assert (steps, on_page, yesterday) == (["Build", "Review"], {"Build", "Review"}, tables(used))
