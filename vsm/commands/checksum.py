"""`vsm checksum`: did two runs come to the same?"""

from __future__ import annotations

from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.store import BadQuery, StoreMissing, open_store


def checksum(data: Data = DEFAULT_DATA, url: Url = None) -> None:
    """Print rows and a checksum of every `_current` table of derived rows, `revision` and `known_at` left out.

    Equal facts and an equal definition give equal lines, on whatever machine, in whatever order, after whatever
    restarts: so after the tables and all worker state were deleted and rebuilt from the log.

    Example: `vsm checksum --data ./vsm-data`
    """
    from sinks.clickhouse.checksum import checksums

    try:
        with open_store(data, url) as store:
            found = checksums(lambda sql: store.ask(sql).rows)
    except (StoreMissing, BadQuery) as bad:
        fail(str(bad))
    for table, sum_ in found.items():
        out.print(f"{table:<12} {sum_}", markup=False, soft_wrap=True)
