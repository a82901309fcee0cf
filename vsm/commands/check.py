"""`vsm check`: is this value-stream file right, and what would it make of a log?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from schemas.codec import BadRecord, Codec
from schemas.definition import Definition, Rule, ValueStream
from schemas.definition_file import BadDefinition, load
from schemas.definition_schema import SHIPPED
from schemas.event import FlowEvent
from schemas.local_reader import ends, read
from schemas.log import LogUnavailable
from schemas.topics import FLOW_EVENTS
from vsm.data_dir import DataDir
from vsm.matching import Counts, rules_of
from vsm.notes import notes
from vsm.options import fail, out
from vsm.progress import bar

_LOOK_AGAIN: Final = "  none: is that meant?"


def check(
    file: Annotated[Path, typer.Argument(help="The value-stream file.")] = Path("value-streams.yaml"),
    against: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Count what each selector and rule matches in DIR's log.")
    ] = None,
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema for editors, and end.")] = False,
) -> None:
    """Validate a value-stream file: each error with its line, column and a suggestion.

    Examples: `vsm check value-streams.yaml`, `vsm check new.yaml --against ./vsm-data`,
    `vsm check --schema > value-streams.schema.json`
    """
    if schema:
        sys.stdout.write(SHIPPED.read_text(encoding="utf-8"))
        return
    try:
        definition = load(file)
        lines = list(_streams(definition) if against is None else _matches(definition, _counted(definition, against)))
    except OSError as missing:
        fail(f"{file}: {missing.strerror}")
    except (BadDefinition, LogUnavailable) as bad:
        fail(str(bad))
    for line in (*lines, *(f"note: {note}" for note in notes(definition))):
        out.print(line, markup=False, soft_wrap=True)
    mapped = f"{len(definition.mappings)} mappings, " if definition.mappings else ""
    out.print(
        f"{file}: {len(definition.value_streams)} value streams, {len(definition.sources)} sources, {mapped}"
        f"definition {definition.version}: all right",
        markup=False,
        soft_wrap=True,
    )


def _streams(definition: Definition) -> Iterator[str]:
    for stream in definition.value_streams:
        yield f"{stream.name}: {' > '.join(step.name for step in stream.steps)}"


def _counted(definition: Definition, data: Path) -> Counts:
    """Return the counts over the log of a data directory; nothing in it changes. Raises LogUnavailable."""
    log = DataDir(data).log
    counts, codec = Counts(definition), Codec()
    until = ends(log, FLOW_EVENTS.name)
    with bar("reading", sum(until.values())) as advance:
        for record in read(log, FLOW_EVENTS.name, until):
            try:
                counts.take(codec.decode(record.value or b"", FlowEvent))
            except BadRecord:
                counts.unreadable += 1
            advance()
    return counts


def _matches(definition: Definition, counts: Counts) -> Iterator[str]:
    for stream in definition.value_streams:
        yield from _of_stream(stream, counts)
    yield f"claimed by no stream: {counts.unclaimed} of {counts.events} events"
    if counts.unreadable:
        yield f"not readable: {counts.unreadable} records"


def _of_stream(stream: ValueStream, counts: Counts) -> Iterator[str]:
    name = stream.name
    yield f"{name}: {counts.claimed[name]} of {counts.events} events"
    for number, selector in enumerate(stream.select):
        yield _line(f"select {_pairs(selector)}", counts.selected[name, number])
    if counts.imported[name]:
        yield _line("imported", counts.imported[name])
    for step in stream.steps:
        yield f"  {step.name}"
        for rule_name, rule in rules_of(step):
            yield _line(f"  {rule_name}: {_told(rule)}", counts.matched[name, step.name, rule_name])


def _line(what: str, count: int) -> str:
    return f"{count:>10}  {what}{'' if count else _LOOK_AGAIN}"


def _told(rule: Rule) -> str:
    where = (
        f" where {_pairs({field: ' | '.join(values) for field, values in rule.where.items()})}" if rule.where else ""
    )
    by = f" by {' | '.join(rule.by)}" if rule.by else ""
    first = ", the first of an item" if rule.first else ""
    return f"{' | '.join(rule.on)}{where}{by}{first}"


def _pairs(fields: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in fields.items())}}}"
