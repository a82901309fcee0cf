"""A log in OCEL in a database of its own while it is imported: on disk where it is large, gone when it is closed.

A log may tell events before the objects they are related to, and those of one case anywhere; here they come together.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, Self

from ingest.importers.activities import BadLog, Happening, LeftOut, case_facts, time_of
from ingest.importers.ocel import (
    LIFECYCLE,
    PLACE,
    RESOURCE,
    EventRow,
    ObjectRow,
    RelationRow,
    Row,
    case_name,
    first,
    happening,
    known,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLACE_DIGITS: Final = 18
"""What fits the database's integers."""
_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE object (id TEXT PRIMARY KEY, type TEXT) WITHOUT ROWID;
CREATE TABLE event (id TEXT PRIMARY KEY, type TEXT, at INTEGER, place INTEGER, transition TEXT, account TEXT)
    WITHOUT ROWID;
CREATE TABLE relation (event TEXT, object TEXT, PRIMARY KEY (object, event)) WITHOUT ROWID;
"""
_INDEX: Final = "CREATE INDEX IF NOT EXISTS relation_event ON relation (event, object)"
_CASES: Final = """
SELECT o.id, e.type, e.at, e.transition, e.account,
       (SELECT json_group_array(json_array(other.type, other.id))
        FROM relation AS too JOIN object AS other ON other.id = too.object
        WHERE too.event = e.id AND too.object <> o.id)
FROM object AS o JOIN relation AS r ON r.object = o.id JOIN event AS e ON e.id = r.event
WHERE o.type = ? ORDER BY o.id, e.at, e.place, e.id
"""
_NO_CASE: Final = """
SELECT count(*) FROM event AS e WHERE NOT EXISTS
    (SELECT 1 FROM relation AS r JOIN object AS o ON o.id = r.object WHERE r.event = e.id AND o.type = ?)
"""
_NO_OBJECT: Final = "SELECT count(*) FROM relation AS r WHERE NOT EXISTS (SELECT 1 FROM object WHERE id = r.object)"

_Found = tuple[str, str, int, str, str, str]
"""A row of `_CASES`."""


class OcelStore:
    """Use as a context."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._database = sqlite3.connect("")
        self._database.executescript(_TABLES)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close, and with it remove everything."""
        self._database.close()

    def add(self, row: Row, left_out: LeftOut) -> None:
        """Take one row in; an event without a type or of another lifecycle is left out. Raises BadLog."""
        try:
            if isinstance(row, RelationRow):
                self._do("INSERT OR IGNORE INTO relation VALUES (?, ?)", row.event, row.object)
            elif isinstance(row, ObjectRow):
                self._do("INSERT INTO object VALUES (?, ?)", row.id, row.type)
            else:
                self._add_event(row, left_out)
        except sqlite3.IntegrityError:
            what = "event" if isinstance(row, EventRow) else "object"
            name = "" if isinstance(row, RelationRow) else row.id
            raise BadLog(
                f"line {row.line}: there are two {what}s of the id '{name}': an id is unique in a log"
            ) from None

    def _add_event(self, row: EventRow, left_out: LeftOut) -> None:
        transition = first(row.attributes, LIFECYCLE)
        if not row.type.strip() or not row.time.strip():
            left_out.add(f"events without a {'time' if row.type.strip() else 'type'}", row.line)
            return
        if not known(transition, row.line, left_out):
            return
        try:
            at = (time_of(row.time, self._zone) - _EPOCH) // _MICROSECOND
        except ValueError:
            raise _bad(row, f"event '{row.id}': '{row.time[:64]}' is no ISO 8601 time") from None
        values = row.id, row.type.strip(), at, _place(row), transition
        self._do("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", *values, first(row.attributes, RESOURCE))

    def case_type(self, asked: str | None) -> str:
        """Return the type of the cases: the one asked for, or the only one there is. Raises BadLog, naming all."""
        there = self._database.execute("SELECT type, count(*) FROM object GROUP BY type ORDER BY 2 DESC, 1").fetchall()
        types = [name for name, _ in there]
        if asked in types:
            return str(asked)
        if asked is None and len(types) == 1:
            return str(types[0])
        known_types = ", ".join(f"{name} ({count})" for name, count in there) or "none"
        wrong = "which objects are the cases?" if asked is None else f"there are no objects of type '{asked}'."
        raise BadLog(f"{wrong} Say --case-type with one of these: {known_types}")

    def events(self, case_type: str, left_out: LeftOut) -> int:
        """Return how many facts the cases have; what belongs to none is counted as left out. All rows are in."""
        self._do(_INDEX)
        for sql, values, what in (
            (_NO_CASE, (case_type,), f"events without an object of type '{case_type}'"),
            (_NO_OBJECT, (), "relations to objects that the log does not hold"),
        ):
            count = self._one(sql, values)
            if count:
                left_out.found[what] = (count, 0)
        return self._one(f"SELECT count(*) FROM ({_CASES})", (case_type,))  # noqa: S608 - a constant

    def cases(self, case_type: str, people: Sequence[str]) -> Iterator[list[dict[str, object]]]:
        """Yield the import facts of each case."""
        with closing(self._database.execute(_CASES, (case_type,))) as rows:
            for case, events in groupby(rows, key=itemgetter(0)):
                yield case_facts(case_name(case, case_type, people), self._happenings(events, people))

    @staticmethod
    def _happenings(
        events: Iterable[tuple[str, str, int, str, str, str]], people: Sequence[str]
    ) -> Iterator[Happening]:
        for _, activity, at, transition, account, related in events:
            others = [(object_type, name) for object_type, name in json.loads(related)]
            yield happening(activity, _EPOCH + at * _MICROSECOND, (transition, account), others, people)

    def _do(self, sql: str, *values: str | int) -> None:
        self._database.execute(sql, values)

    def _one(self, sql: str, values: Sequence[str]) -> int:
        return int(self._database.execute(sql, values).fetchone()[0])


def _place(row: EventRow) -> int:
    """Return an event's place among those of its time, 0 where it tells none that is a number. Raises BadLog."""
    place = row.attributes.get(PLACE, "")
    if not place.isdecimal():
        return 0
    if len(place) > _PLACE_DIGITS:
        raise _bad(row, f"event '{row.id}': a {PLACE} of more than {_PLACE_DIGITS} digits is not read")
    return int(place)


def _bad(row: Row, why: str) -> BadLog:
    """Return what is wrong with a row, with its line where the log has lines."""
    return BadLog(f"line {row.line}: {why}" if row.line else why)


def sqlite_rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a log in OCEL 2.0 SQLite, opened for reading alone. Raises BadLog."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as log:
            log.execute("PRAGMA trusted_schema = OFF")
            log.row_factory = sqlite3.Row
            yield from _rows(log)
    except sqlite3.Error as bad:
        raise BadLog(f"no log in OCEL 2.0 SQLite can be read: {bad}") from None


def _rows(log: sqlite3.Connection) -> Iterator[Row]:
    tables = {str(row[0]) for row in log.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := sorted({"event", "object", "event_object", "event_map_type"} - tables):
        raise BadLog(f"there is no table {' and no table '.join(missing)}: a log in OCEL 2.0 SQLite has them")
    for name, object_type in log.execute("SELECT ocel_id, ocel_type FROM object"):
        yield ObjectRow(str(name), str(object_type), 0)
    for event_type, mapped in log.execute("SELECT ocel_type, ocel_type_map FROM event_map_type").fetchall():
        table = f"event_{mapped}"
        if table not in tables:
            raise BadLog(f"there is no table {table}, which event_map_type names")
        quoted = '"' + table.replace('"', '""') + '"'
        for row in log.execute(f"SELECT * FROM {quoted}"):  # noqa: S608 - the name of a table, quoted
            said = {name: str(row[name]) for name in row.keys() if row[name] is not None}  # noqa: SIM118 - no mapping
            yield EventRow(said.get("ocel_id", ""), str(event_type), said.get("ocel_time", ""), 0, said)
    for event, name in log.execute("SELECT ocel_event_id, ocel_object_id FROM event_object"):
        yield RelationRow(str(event), str(name), 0)
