"""Any order, any copies, any chunks, any restarts: always the rows that the plain batch definition gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.batch import derive, remembered
from processors.engine import StreamSigns
from processors.outputs import identity
from processors.partition import Partition
from schemas.definition import Definition
from schemas.derived import Derived, StepVisit, Update, WorkItem
from schemas.event import FlowEvent
from schemas.forgetting import forget_fact
from schemas.state import EntityRecord
from tests.builders.engine_events import HOUR
from tests.builders.engine_worlds import OFFICE, definition, worlds

PLAIN = definition()
Table = dict[tuple[str, str], Derived]
MODEST = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def bare(row: Derived) -> Derived:
    """A row without when it was known."""
    return replace(row, revision=0, known_at=0)


def key(row: Derived) -> tuple[str, str]:
    """What tells a row from all others."""
    return type(row).__name__, identity(row)


def table(rows: Iterable[Derived]) -> Table:
    """Rows by their identity, each there once."""
    found: Table = {}
    for row in rows:
        assert key(row) not in found
        found[key(row)] = bare(row)
    return found


def apply(known: Table, updates: Iterable[Update]) -> None:
    """Bring a table up to date, checking that each update knew the row as it stood."""
    for update in updates:
        row = update.after or update.before
        assert row is not None
        before = known.get(key(row))
        assert before == (None if update.before is None else bare(update.before))
        if update.after is None or update.after.withdrawn:
            known.pop(key(row))
        else:
            known[key(row)] = bare(update.after)


class Run:
    """A partition with its changelog and the table that its updates make."""

    def __init__(self, definition_: Definition = PLAIN) -> None:
        self.definition = definition_
        self.partition = Partition(definition_, 1)
        self.changelog: dict[str, EntityRecord] = {}
        self.table: Table = {}
        self.progress = 0

    def fold(self, events: Sequence[FlowEvent]) -> None:
        """Fold one chunk and drain."""
        for event in events:
            self.partition.fold(event)
        self.progress += len(events)
        drained = self.partition.drain(self.progress)
        self.changelog |= {record.entity: record for record in drained.records}
        apply(self.table, drained.updates)

    def restart(self) -> Table:
        """Forget all memory and read the changelog back; the rows as rebuilt."""
        self.partition = Partition(self.definition, 1)
        for entity in sorted(self.changelog, reverse=True):
            if self.changelog[entity].facts:  # one without is a tombstone
                self.partition.restore(self.changelog[entity])
        return table(u.after for u in self.partition.rebuild() if u.after is not None)


def _copy(event: FlowEvent, hours_later: int, *, whole: bool) -> FlowEvent:
    """The same fact as another delivery brought it, perhaps with less in it."""
    links = event.links if whole else ()
    delivery = f"{event.delivery_id}-{hours_later}-{whole}"
    return replace(event, received_at=event.received_at + hours_later * HOUR, delivery_id=delivery, links=links)


@st.composite
def copies(draw: st.DrawFn, world: list[FlowEvent]) -> list[FlowEvent]:
    """Some facts of a world again: as they were, or as another delivery brought them, earlier or later."""
    again = draw(st.lists(st.sampled_from(world), max_size=8))
    hours = st.integers(min_value=-2, max_value=2)
    return [e if draw(st.booleans()) else _copy(e, draw(hours), whole=draw(st.booleans())) for e in again]


@st.composite
def forgotten(draw: st.DrawFn) -> list[list[FlowEvent]]:
    """A world's facts, some several times, in chunks, with orders to forget some of them anywhere among them."""
    chunks = draw(deliveries())
    world = list(chain(*chunks))
    for event in draw(st.lists(st.sampled_from(world), min_size=1, max_size=12)):
        chunk = draw(st.sampled_from(chunks))
        chunk.insert(draw(st.integers(min_value=0, max_value=len(chunk))), forget_fact(event, event.received_at))
    return chunks


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[FlowEvent]]:
    """A world's facts in any order, some of them several times, in chunks."""
    world = draw(worlds())
    sent = draw(st.permutations(world + draw(copies(world))))
    cuts = sorted(draw(st.lists(st.integers(min_value=0, max_value=len(sent)), max_size=5)))
    return [sent[a:b] for a, b in pairwise([0, *cuts, len(sent)])]


def _folded(chunks: Iterable[Sequence[FlowEvent]], definition_: Definition = PLAIN) -> Run:
    run = Run(definition_)
    for chunk in chunks:
        run.fold(chunk)
    return run


@given(deliveries())
@settings(MODEST, max_examples=80)
def test_streaming_equals_batch(chunks: list[list[FlowEvent]]) -> None:
    """In any order, with any copies and in any chunks, the updates add up to the batch definition's rows."""
    assert _folded(chunks).table == table(derive(chain(*chunks), PLAIN))


@given(forgotten())
@settings(MODEST, max_examples=80)
def test_streaming_equals_batch_when_facts_are_forgotten(chunks: list[list[FlowEvent]]) -> None:
    """An order to forget holds for what is before it in the log, in whatever chunks, and for nothing after it."""
    run = _folded(chunks)
    assert (run.table, run.restart()) == (table(derive(chain(*chunks), PLAIN)),) * 2


@given(forgotten())
@MODEST
def test_what_was_forgotten_leaves_nothing_in_the_state(chunks: list[list[FlowEvent]]) -> None:
    """The records are those of a log that never had the facts; what is counted and the newest time, too."""
    run, never = _folded(chunks), _folded([remembered(chain(*chunks))])
    kept = {uri: record for uri, record in run.changelog.items() if record.facts}
    assert (kept, _counted(run)) == (never.changelog, _counted(never))


def _counted(run: Run) -> dict[str, StreamSigns]:
    return {name: replace(signs, newest_received_at=None) for name, signs in run.partition.signs().items()}


@given(deliveries())
@MODEST
def test_a_restart_between_any_two_chunks_changes_nothing(chunks: list[list[FlowEvent]]) -> None:
    """What is rebuilt from the changelog is what stood before, and what follows goes on from it."""
    run = Run()
    for chunk in chunks:
        run.fold(chunk)
        assert run.restart() == run.table


@given(deliveries())
@MODEST
def test_a_crash_before_the_changelog_is_healed_by_sending_the_chunk_again(chunks: list[list[FlowEvent]]) -> None:
    """A chunk whose state was lost, folded again after a restart, gives the rows as if nothing had happened."""
    run = Run()
    for chunk in chunks:
        for event in chunk:
            run.partition.fold(event)
        run.partition.drain(1)
        run.restart()
        run.fold(chunk)
    assert run.table == table(derive(chain(*chunks), PLAIN))


@given(deliveries(), st.integers(min_value=1, max_value=30), st.integers(min_value=0, max_value=30))
@settings(MODEST, max_examples=60)
def test_what_a_lost_chunk_wrote_is_taken_back_if_its_place_is_gone_through_record_by_record(
    chunks: list[list[FlowEvent]], lost: int, more: int
) -> None:
    """Rows were written, their state was not, and the next chunks are cut otherwise: nothing stays behind."""
    events = list(chain(*chunks))
    run = Run()
    run.fold(events[:-lost])
    for event in events[-lost : len(events) - more]:
        run.partition.fold(event)
    written = dict(run.table)
    apply(written, run.partition.drain(1).updates)
    run.restart()
    for event in events[-lost:]:
        run.partition.fold(event)
        run.progress += 1
        for row in (u.after for u in run.partition.drain(run.progress).updates if u.after is not None):
            written.pop(key(row), None)
            if not row.withdrawn:
                written[key(row)] = bare(row)
    assert written == table(derive(events, PLAIN))


@given(worlds(), st.data())
@MODEST
def test_two_halves_of_the_entities_make_the_whole(world: list[FlowEvent], data: st.DataObject) -> None:
    """The records of two partitions that each saw some of the entities, restored together, give all rows."""
    mine = data.draw(st.sets(st.sampled_from(sorted({e.subject_id for e in world}))))
    halves = [_folded([[e for e in world if (e.subject_id in mine) is here]]) for here in (True, False)]
    whole = Run()
    whole.changelog = halves[0].changelog | halves[1].changelog
    assert whole.restart() == table(derive(world, PLAIN))


@given(worlds(), st.integers(min_value=-1_000, max_value=100_000))
@MODEST
def test_rows_move_with_the_time_of_all_facts(world: list[FlowEvent], hours: int) -> None:
    """Everything an hour later gives the same rows an hour later."""
    later = [replace(e, occurred_at=e.occurred_at + hours * HOUR) for e in world]
    assert _folded([later]).table == {k: _shifted(row, hours) for k, row in _folded([world]).table.items()}


def _shifted(row: Derived, hours: int) -> Derived:
    times = {f: at for f in row.__struct_fields__ if f.endswith("_at") and f != "known_at" and (at := getattr(row, f))}
    later = replace(row, **{name: at + hours * HOUR for name, at in times.items()})
    if isinstance(later, StepVisit):
        return replace(later, blocked_spans=tuple(at + hours * HOUR for at in later.blocked_spans))
    return later


@given(worlds())
@MODEST
def test_the_parts_of_a_finished_item_sum_to_its_flow_time(world: list[FlowEvent]) -> None:
    """Process, blocked, wait and unaccounted are the flow time to the microsecond; unknown until it is finished."""
    items = [row for row in derive(world, PLAIN) if isinstance(row, WorkItem)]
    assert [_parts(row) for row in items] == [_flow_time(row) for row in items]


def _parts(row: WorkItem) -> int | None:
    parts = (row.process_micros, row.blocked_micros, row.wait_micros, row.unaccounted_micros)
    known = [part for part in parts if part is not None]
    assert all(part >= 0 for part in known)
    return sum(known) if len(known) == len(parts) else None


def _flow_time(row: WorkItem) -> int | None:
    return None if row.finished_at is None or row.started_at is None else row.finished_at - row.started_at


@given(worlds())
@MODEST
def test_the_parts_of_a_visit_sum_to_its_lead_time(world: list[FlowEvent]) -> None:
    """Wait, process, blocked and unaccounted of a finished visit are its lead, on both clocks, none below zero."""
    office = definition(OFFICE)
    visits = [row for row in derive(world, office) if isinstance(row, StepVisit)]
    assert [_lead(row) for row in visits] == [_sum_of_parts(row) for row in visits]


def _lead(row: StepVisit) -> int | None:
    return None if row.finished_at is None or row.queued_at is None else row.finished_at - row.queued_at


def _sum_of_parts(row: StepVisit) -> int | None:
    if row.unaccounted_micros is None:
        return None
    parts = (row.wait_micros, row.process_micros, row.blocked_micros, row.unaccounted_micros)
    assert all(part is None or part >= 0 for part in (*parts, row.gap_micros, row.unaccounted_working_micros))
    return sum(part for part in parts if part is not None)


@given(worlds())
@MODEST
def test_a_change_of_two_tickets_is_counted_once(world: list[FlowEvent]) -> None:
    """Of the visits that one fact opened in a step of several items, one at most is counted."""
    rows = [r for r in derive(world, PLAIN) if isinstance(r, StepVisit) and r.counted]
    seen = [(r.subject_id, r.item_id) for r in rows if not r.subject_id.startswith("deployment:")]
    owners: dict[str, set[str]] = {}
    for subject, item in seen:
        owners.setdefault(subject, set()).add(item)
    assert all(len(items) == 1 for items in owners.values())
