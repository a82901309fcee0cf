"""The generated parts of `safety.md`: how each tool proves itself, and what hostile inputs were measured to cost."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from bench.result import Result
from docs.parts import with_parts
from ingest.adapters import ADAPTERS

PAGE: Final = Path(__file__).parent / "safety.md"
RESULTS: Final = Path(__file__).parent.parent / "bench" / "results.json"
MEASURED: Final = "H1"


def safety_page() -> str:
    """Return the page with its generated parts written anew. Raises ValueError where a part has no place."""
    return with_parts(PAGE.read_text(encoding="utf-8"), {"proofs": proofs(), "figures": figures()})


def proofs() -> str:
    """Return the table of every tool's ways to prove itself."""
    rows = ["| tool | any one of |", "|---|---|"]
    for adapter in sorted(ADAPTERS, key=lambda one: one.tool):
        ways = [part.says for part in adapter.verify.either or (adapter.verify,)]
        rows.append(f"| [{adapter.tool}](tools/{adapter.tool}.md) | {'; '.join(ways)} |")
    return "\n".join(rows)


def figures() -> str:
    """Return the table of the hostile inputs as `make bench` measured them last."""
    results = msgspec.json.decode(RESULTS.read_bytes(), type=dict[str, Result])
    head = ["| what comes | what happens | seconds | MB more at most |", "|---|---|---:|---:|"]
    rows = [
        f"| {case['case']} | {case['answer']} | {case['seconds']} | {case.get('grown_mb', '')} |"
        for case in results[MEASURED].cases
    ]
    return "\n".join([*head, *rows])
