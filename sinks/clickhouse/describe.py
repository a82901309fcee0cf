"""The tables and views as a page of documentation, made from the migrated schema itself."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from sinks.clickhouse.checksum import Ask
from sinks.clickhouse.client import open_embedded
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import DATABASE

_HEAD: Final = f"""# Tables

Database `{DATABASE}` in ClickHouse. Made from the migrated schema by `make docs-write`.

People and boards read the `_current` views: the newest revision of each row of the active generation, what was
withdrawn left out. The entity tables keep every revision; `TABLE_as_of(at = '2026-01-31 00:00:00')` shows what `TABLE`
was at a time: what was known then, by the generation that was active then. `_latest` tables have the columns of their
table, one row (read with FINAL) for each of its things. Unknown is NULL, never 0. Times are UTC, spans are seconds.
"""


def tables_page() -> str:
    """Return the page for this release's schema, by the engine in this process on an empty directory."""
    with tempfile.TemporaryDirectory() as directory:
        store = open_embedded(Path(directory))
        try:
            apply(store)
            return described(store.rows)
        finally:
            store.close()


def described(ask: Ask) -> str:
    """Return the page for the schema of a migrated store."""
    tables = ask(
        "SELECT name, comment, engine, sorting_key FROM system.tables "  # noqa: S608 - our own constant
        f"WHERE database = '{DATABASE}' AND engine != 'MaterializedView' ORDER BY name"
    )
    columns = ask(
        "SELECT table, name, type, comment, default_kind = 'MATERIALIZED' FROM system.columns "  # noqa: S608 - our own constant
        f"WHERE database = '{DATABASE}' ORDER BY table, position"
    )
    comments = {(str(table), str(name)): str(comment) for table, name, _, comment, _ in columns if comment}
    lines = [_HEAD]
    for name, comment, engine, key in tables:
        lines += [f"## {name}", "", _sentence(str(comment), str(engine), str(key)), ""]
        rows = [(str(c), str(kind), bool(made)) for table, c, kind, _, made in columns if table == name]
        if not rows or str(name).endswith("_latest"):
            continue
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{c}` | `{kind}` | {_meaning(comments, str(name), c, made=made)} |" for c, kind, made in rows]
        lines.append("")
    return "\n".join(lines)


def _sentence(comment: str, engine: str, key: str) -> str:
    what = f"{comment[:1].upper()}{comment[1:]}."
    if engine == "View":
        return f"View. {what}"
    return f"{what} `{engine}`" + (f", ordered by `{key}`." if key else ".")


def _meaning(comments: dict[tuple[str, str], str], table: str, column: str, *, made: bool) -> str:
    base = table.removesuffix("_current").removesuffix("_latest").removesuffix("_as_of")
    text = comments.get((table, column)) or comments.get((base, column), "")
    return (f"{text} (computed)" if made else text).replace("|", "\\|")
