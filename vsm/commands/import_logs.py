"""`vsm import xes|ocel`: the event logs of process mining as flow events, on the same path as live ones."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ingest.importers import xes
from ingest.importers.activities import BadLog, LeftOut, Outline, steps_yaml, zone_of
from vsm.commands.imports import Stream
from vsm.data_dir import DataDir
from vsm.event_logs import chunks, ocel_rows
from vsm.importing import ImportRefused, address, post, token
from vsm.ocel_store import OcelStore
from vsm.options import DEFAULT_DATA, Data, To, fail, out
from vsm.progress import bar

Zone = Annotated[str, typer.Option(help="Zone of times that name none.")]
PrintSteps = Annotated[bool, typer.Option("--print-steps", help="Only print a steps: section.")]
Cases = Iterator[list[dict[str, object]]]


def import_xes(
    file: Annotated[Path, typer.Argument(help="An event log in XES, .xes or .xes.gz.")],
    stream: Stream,
    case: Annotated[str, typer.Option(help="Key of the case, in a trace.")] = "concept:name",
    activity: Annotated[str, typer.Option(help="Key of the activity, in an event.")] = "concept:name",
    zone: Zone = "UTC",
    *,
    print_steps: PrintSteps = False,
    to: To = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Import an event log in XES: a trace is a case, an event a start or an end of one of its activities.

    Example: `vsm import xes claims.xes.gz --stream claims`
    """
    keys = xes.Keys(case=case, activity=activity, zone=zone)
    with _told(file):
        outline, left_out, total = Outline(), LeftOut(), 0
        with bar("reading", None) as advance:
            for facts in xes.facts(chunks(file), keys, left_out):
                outline.add(facts)
                total += len(facts)
                advance(len(facts))
        if print_steps:
            sys.stdout.write(steps_yaml(outline.activities(), outline.kinds))
            return
        _send(xes.facts(chunks(file), keys, LeftOut()), total, stream, to, data)
    _say(left_out)


def import_ocel(
    file: Annotated[Path, typer.Argument(help="An event log in OCEL 2.0: JSON, XML or SQLite.")],
    stream: Stream,
    case_type: Annotated[str | None, typer.Option(help="The type of the objects that are the cases.")] = None,
    people: Annotated[list[str] | None, typer.Option(help="A type of objects that are people; repeatable.")] = None,
    zone: Zone = "UTC",
    *,
    print_steps: PrintSteps = False,
    to: To = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Import an event log in OCEL 2.0: an object of the case type is a case, an event a fact of each it is related to.

    Example: `vsm import ocel orders.json --stream orders --case-type order --people salesperson`
    """
    left_out, persons = LeftOut(), tuple(people or ())
    with _told(file), OcelStore(zone_of(zone)) as store:
        with bar("reading", None) as advance:
            for row in ocel_rows(file):
                store.add(row, left_out)
                advance()
        cases = store.case_type(case_type)
        total = store.events(cases, left_out)
        if print_steps:
            outline = Outline()
            for facts in store.cases(cases, persons):
                outline.add(facts)
            sys.stdout.write(steps_yaml(outline.activities(), outline.kinds))
            return
        _send(store.cases(cases, persons), total, stream, to, data)
    _say(left_out)


def _send(cases: Cases, total: int, stream: str, to: str | None, data: Path) -> None:
    folder = DataDir(data)
    with bar("importing", total) as advance:
        facts = itertools.chain.from_iterable(cases)
        taken = post(facts, stream, address(folder, to), token(folder), advance)
    out.print(f"imported {taken} events into {stream}", markup=False)


def _say(left_out: LeftOut) -> None:
    for what, (count, line) in sorted(left_out.found.items()):
        where = f", the first on line {line}" if line else ""
        out.print(f"left out {count} {what}{where}", markup=False, soft_wrap=True)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Tell what is wrong with a file, and end."""
    try:
        yield
    except BadLog as bad:
        fail(f"{file}: {bad}")
    except ImportRefused as bad:
        fail(str(bad))
    except OSError as bad:
        fail(f"{file}: {bad.strerror or bad}")
