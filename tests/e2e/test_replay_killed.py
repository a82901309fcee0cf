"""A replay that is killed goes on where it was, and comes to what it would have come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from lab.simulate import deliveries
from schemas import topics
from schemas.codec import Codec
from schemas.local_reader import ends
from schemas.log import Outgoing
from schemas.log_local import LocalLog
from tests.builders.command import ended, running, wait_for
from tests.builders.one_machine import CLOCK, END_MICROS
from vsm.data_dir import DataDir
from vsm.one_machine.organisation import prepare
from vsm.replay.progress import Part
from vsm.truth.events import taken

pytestmark = pytest.mark.timeout(300)

EVENTS = topics.FLOW_EVENTS.name


def organised(root: Path) -> Path:
    """Write a log of the organisation; return a definition with a step less and a wider selector."""
    folder = DataDir(root)
    config = prepare(folder)
    codec, log = Codec(), LocalLog(folder.log)
    partitions = log.partitions(EVENTS)
    log.append_and_wait(
        [
            Outgoing(
                EVENTS,
                topics.partition_of(event.value_stream, partitions),
                event.value_stream.encode(),
                codec.encode(event),
            )
            for event in taken(deliveries(5, 150, END_MICROS)).events
        ]
    )
    log.close()
    new = root / "new.yaml"
    told = config.read_text(encoding="utf-8").replace("[development, staging,", "[staging,")
    new.write_text(told.replace('{project: "jira/SRC"}', '{project: "jira/*"}'), encoding="utf-8")
    return new


def arguments(root: Path, new: Path, name: str) -> list[str | Path]:
    """Return the command: what was read is kept all the time."""
    return ["replay", "--data", root, "--config", new, "--as", name, "--keep-every", "0", "--json"]


def parts(root: Path) -> list[Path]:
    """Return what the replay to be killed has kept so far."""
    return sorted((root / "replays" / "killed.progress").glob("*.part"))


def killed_when(root: Path, new: Path, holds: Callable[[], bool]) -> None:
    """Run the replay and kill it as soon as something holds."""
    with running(root / "killed.log", *arguments(root, new, "killed"), VSM_CLOCK=CLOCK) as command:
        wait_for(holds, command.said, seconds=100)
        command.kill()


def is_all_read(root: Path) -> bool:
    """Tell whether what was kept reaches the log's end: rows are being derived."""
    found = parts(root)
    if not found:
        return False
    part = msgspec.msgpack.decode(found[-1].read_bytes(), type=Part)
    return part.offsets == ends(DataDir(root).log, EVENTS)


def test_kills_cost_nothing_but_time(tmp_path: Path) -> None:
    """Killed at its first word, twice as it reads, and as it derives, a replay says what one says that was let be."""
    new = organised(tmp_path)
    whole = ended(arguments(tmp_path, new, "whole"), {"VSM_CLOCK": CLOCK}, seconds=200)
    killed_when(tmp_path, new, (tmp_path / "replays" / "killed.progress").exists)
    killed_when(tmp_path, new, lambda: len(parts(tmp_path)) >= 2)
    killed_when(tmp_path, new, lambda: len(parts(tmp_path)) >= 5)
    killed_when(tmp_path, new, lambda: is_all_read(tmp_path))
    last = ended(arguments(tmp_path, new, "killed"), {"VSM_CLOCK": CLOCK}, seconds=200)
    found = last.stdout.replace('"killed"', '"whole"')
    assert (found, "goes on where it was broken off" in last.stderr, parts(tmp_path)) == (whole.stdout, True, []), (
        whole.stderr + last.stderr
    )


def test_another_definition_takes_nothing_over(tmp_path: Path) -> None:
    """What was kept of a replay of one file is no use to that of another."""
    new = organised(tmp_path)
    killed_when(tmp_path, new, lambda: len(parts(tmp_path)) >= 1)
    new.write_text(new.read_text(encoding="utf-8").replace("[staging,", "[development, staging,"), encoding="utf-8")
    last = ended(arguments(tmp_path, new, "killed"), {"VSM_CLOCK": CLOCK}, seconds=200)
    assert (last.returncode, "goes on" in last.stderr) == (0, False), last.stderr
