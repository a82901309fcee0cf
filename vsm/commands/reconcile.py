"""`vsm reconcile`: what a tool's API says happened against what the log holds, and the gap filled."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer

from ingest.adapters import ADAPTERS
from ingest.history.history import Told
from schemas.event import FlowEvent
from vsm.commands.backfill import Sending
from vsm.commands.send import report
from vsm.data_dir import DataDir
from vsm.history import past
from vsm.history.asking import Unanswered
from vsm.history.checkpoints import Progress
from vsm.history.past import Past
from vsm.history.reconciled import Reconciled, note
from vsm.history.reconciling import Reconciliation, Row, Tally, ratio
from vsm.history.walking import UnforeseenAnswer, batches
from vsm.importing import address
from vsm.options import DEFAULT_DATA, Data, To, Url, fail, out
from vsm.printing import show_table
from vsm.progress import bar
from vsm.sender import Unreachable
from vsm.store import BadQuery, Store, StoreMissing, open_store

_ROWS_SQL: Final = """
SELECT DISTINCT event_id, type, subject_id, toUnixTimestamp64Micro(occurred_at) AS at, state, attributes
FROM vsm.flow_events
WHERE tool = {tool:String} AND subject_id IN ({subjects:Array(String)})
"""
_SUBJECTS: Final = 200
"""How many subjects one query names."""

_SHOWN: Final = 20
"""How many missing subjects of a kind the text names."""


class Format(StrEnum):
    """How the comparison is printed."""

    TEXT = "text"
    JSON = "json"


def reconcile(  # noqa: PLR0913 - each is an option
    tool: past.ToolOption,
    places: past.Places,
    since: past.Since,
    until: past.Until = "",
    source: past.SourceName = "default",
    api: past.Api = "",
    token_file: past.TokenFile = None,
    *,
    fill: Annotated[bool, typer.Option("--fill", help="Send what is missing, as the tool would have.")] = False,
    fmt: Annotated[Format, typer.Option("--format", help="Text for people, JSON with every missing id.")] = Format.TEXT,
    to: To = None,
    config: past.Config = None,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """Compare what a tool's API says happened with the log: expected, found, missing, and a completeness ratio.

    Example: `VSM_GITHUB_TOKEN=... vsm reconcile github --repository acme/app --since 2026-01-01 --until 2026-02-01`

    Example: `vsm reconcile jira --api https://acme.atlassian.net --project CHK --since 2026-01-01 --fill`
    """
    folder = DataDir(data)
    told = past.Told(
        tool=tool, places=places, since=since, until=until, source=source, api=api, token_file=token_file, config=config
    )
    with past.opened(told, folder) as wanted:
        reconciliation = Reconciliation(next(a for a in ADAPTERS if a.tool == tool), wanted.source)
        sending = Sending(wanted, address(folder, to)) if fill else None
        try:
            with open_store(data, url) as store:
                whole = _compare(wanted, store, reconciliation, sending)
        except (Unanswered, UnforeseenAnswer, Unreachable, StoreMissing, BadQuery) as bad:
            fail(str(bad))
        found = _result(wanted, reconciliation)
        if whole:
            note(folder, found)
    _show(found, fmt)
    if sending is not None:
        report(sending.played)


def _compare(wanted: Past, store: Store, reconciliation: Reconciliation, sending: Sending | None) -> bool:
    """Return whether all was compared: the first refusal of what is sent ends it."""
    progress = Progress(pending=list(wanted.history.begin(wanted.scope)))
    with bar(f"asking {wanted.history.tool}", None) as advance:
        for batch in batches(wanted.history, wanted.scope, progress, wanted.ask):
            facts = [(told, reconciliation.facts(told)) for told in batch]
            missing = reconciliation.compare(facts, _rows(store, wanted.source.tool, facts))
            if sending is None:
                advance(len(batch))
            elif sending.send(missing, advance).refused:
                return False
    return True


def _rows(store: Store, tool: str, facts: Sequence[tuple[Told, Sequence[FlowEvent]]]) -> Iterator[Row]:
    """Yield the log's facts of the same subjects."""
    subjects = sorted({event.subject_id for _, events in facts for event in events})
    for at in range(0, len(subjects), _SUBJECTS):
        for row in store.query(_ROWS_SQL, {"tool": tool, "subjects": subjects[at : at + _SUBJECTS]}):
            yield msgspec.convert(row, Row)


def _result(wanted: Past, reconciliation: Reconciliation) -> Reconciled:
    return Reconciled(
        tool=wanted.source.tool,
        source=wanted.source.name,
        places=wanted.scope.places,
        since=past.written(wanted.scope.since),
        until=past.written(wanted.scope.until),
        completeness_ratio=ratio(reconciliation.tallies.values()),
        kinds=dict(sorted(reconciliation.tallies.items())),
        unreadable=reconciliation.unreadable,
    )


def _show(found: Reconciled, fmt: Format) -> None:
    if fmt is Format.JSON:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        return
    show_table(
        ("entity", "expected", "found", "at another second", "missing", "completeness"),
        [_line(kind, tally) for kind, tally in found.kinds.items()],
    )
    for kind, tally in found.kinds.items():
        subjects = list(tally.missing)
        for subject in subjects[:_SHOWN]:
            out.print(f"missing: {subject}", soft_wrap=True)
        if len(subjects) > _SHOWN:
            out.print(f"missing: {len(subjects) - _SHOWN} more of {kind} (--format json names them)", soft_wrap=True)
    if found.unreadable:
        out.print(f"{found.unreadable} deliveries could not be translated and are not counted", soft_wrap=True)
    held = "of nothing" if found.completeness_ratio is None else f"{found.completeness_ratio:.3f}"
    out.print(f"completeness {held}: {found.tool}/{found.source} from {found.since} to {found.until}", soft_wrap=True)


def _line(kind: str, tally: Tally) -> tuple[str, ...]:
    held = ratio([tally])
    counts = (tally.expected, tally.found, tally.near, tally.missing_facts)
    return (kind, *map(str, counts), "" if held is None else f"{held:.3f}")
