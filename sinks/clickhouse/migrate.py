"""Brings a ClickHouse database to the schema this release reads and writes; safe to repeat."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import Final

import structlog
from msgspec import Struct

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.rows import DATABASE

_logger = structlog.get_logger(__name__)

_NUMBERED: Final = re.compile(r"(\d{3})_[a-z_]+\.sql")
_BOOTSTRAP: Final = (
    f"CREATE DATABASE IF NOT EXISTS {DATABASE}",
    f"""CREATE TABLE IF NOT EXISTS {DATABASE}.schema_migrations
    (
        number UInt32 COMMENT 'number of the migration',
        name String COMMENT 'its file',
        checksum String COMMENT 'SHA-256 of its text, hex',
        applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'when it was applied, UTC'
    )
    ENGINE = ReplacingMergeTree
    ORDER BY number
    COMMENT 'migrations that were applied'""",
)


class MigrationChanged(Exception):  # noqa: N818 - names what is wrong with the release or the database
    """An applied migration differs from the file of that number, or the database is of a newer release."""


class Migration(Struct, frozen=True, kw_only=True):
    """One numbered file of SQL statements."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The statements in order; a statement ends with a semicolon at a line's end."""
        return [part.strip() for part in re.split(r";\s*(?:\n|\Z)", self.text) if part.strip()]


def migrations() -> list[Migration]:
    """Return the migrations of this release by number."""
    folder = resources.files("sinks.clickhouse") / "migrations"
    found = [
        Migration(number=int(named[1]), name=file.name, text=file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if (named := _NUMBERED.fullmatch(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def apply(client: ClickHouse, wanted: list[Migration] | None = None) -> list[str]:
    """Apply what is missing, in order; return the names applied, [] when there was nothing to do.

    `wanted` None: this release's. A migration that was interrupted is run again: its statements say IF NOT EXISTS.
    Raises MigrationChanged when an applied migration was changed or is unknown here, StoreUnavailable, BlockRefused.
    """
    wanted = migrations() if wanted is None else wanted
    for statement in _BOOTSTRAP:
        client.command(statement)
    applied = {
        int(number): (str(name), str(checksum))
        for number, name, checksum in client.rows(
            f"SELECT number, name, checksum FROM {DATABASE}.schema_migrations FINAL ORDER BY number"  # noqa: S608 - our own constant
        )
    }
    _compare(applied, wanted)
    missing = [migration for migration in wanted if migration.number not in applied]
    for migration in missing:
        for statement in migration.statements:
            client.command(statement)
        client.command(
            f"INSERT INTO {DATABASE}.schema_migrations (number, name, checksum) "  # noqa: S608 - names and hashes of our own files
            f"VALUES ({migration.number}, '{migration.name}', '{migration.checksum}')"
        )
        _logger.info("migration applied", migration=migration.name)
    return [migration.name for migration in missing]


def _compare(applied: dict[int, tuple[str, str]], wanted: list[Migration]) -> None:
    known = {migration.number: migration for migration in wanted}
    for number, (name, checksum) in applied.items():
        ours = known.get(number)
        if ours is None:
            raise MigrationChanged(f"{name} was applied by a newer release; use that release or a copy of the data")
        if ours.checksum != checksum:
            raise MigrationChanged(f"{name} was changed after it was applied; put the change into a new migration")
