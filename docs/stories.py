"""Makes the page of stories (`docs/stories.md`) from the folders under `tests/stories/`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

STORIES: Final = Path(__file__).parent.parent / "tests" / "stories"
_MONDAY: Final = date(2026, 3, 2)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SHOWN: Final = "YYYY-MM-DD HH:mm:ss"

Row = Mapping[str, Any]


def stories_page() -> str:
    """Return the page: each story, its picture, its deployments and incidents, and why it comes out so."""
    lines = [
        "# Stories",
        "",
        "What becomes of work on its way, told by deliveries as the tools send them. Each is a folder under",
        "[tests/stories](../tests/stories) with the deliveries (`vsm send` plays them) and, written down by hand, the",
        "items, visits, deployments and incidents that follow by the definitions. A test holds them in any order of",
        "arrival, with any duplicates. Red is unaccounted. Times are UTC. Made of these folders by `make docs-write`.",
    ]
    for path in sorted(STORIES.glob("*/expected.yaml")):
        lines += ["", *_story(path)]
    return "\n".join(lines) + "\n"


def _story(path: Path) -> Iterator[str]:
    told: dict[str, Any] = YAML(typ="safe", pure=True).load(path)
    name = path.parent.name
    yield f"## {told['title']}"
    yield ""
    folder = f"../tests/stories/{name}"
    yield f"{told['story']} ([deliveries]({folder}/deliveries.jsonl), [what follows]({folder}/expected.yaml))"
    yield ""
    for stream, rows in told["streams"].items():
        yield from _picture(stream, rows)
        yield from _table(rows)
    yield told["why"]


def _picture(stream: str, rows: Mapping[str, Mapping[str, Row]]) -> Iterator[str]:
    """Yield a timeline: a section an item, a bar a visit's wait and work, open ones to the last time told."""
    visits = [(item, visit) for item, row in rows["items"].items() for visit in row.get("visits", ())]
    last = max(_at(time) for _, visit in visits for time in _times(visit))
    yield from ("```mermaid", "gantt", f"  title Stream {stream}", f"  dateFormat {_SHOWN}", "  axisFormat %a %H:%M")
    for item, row in rows["items"].items():
        yield f"  section {item.removeprefix('ticket:').replace(':', ' ')}"
        for visit in row.get("visits", ()):
            yield from _bars(visit, last)
    yield from ("```", "")


def _bars(visit: Row, last: datetime) -> Iterator[str]:
    step, outcome = visit["step"], f" ({visit['outcome']})" if "outcome" in visit else ""
    queued, started, finished = (
        _at(visit[name]) if name in visit else None for name in ("queued", "started", "finished")
    )
    end = finished or last
    if queued is not None and started is not None and queued < started:
        yield f"  {step} waits :done, {queued}, {started}"
    if started is not None:
        kind = "crit, " if visit.get("unaccounted") else "active, "
        yield f"  {step}{outcome} :{kind}{started}, {end}"
    elif queued is not None:
        yield f"  {step}{outcome} :{'crit, ' if finished else ''}{queued}, {end}"
    else:
        yield f"  {step} ends :milestone, {end}, 0m"


def _table(rows: Mapping[str, Mapping[str, Row]]) -> Iterator[str]:
    named = [*rows.get("deployments", {}).items(), *rows.get("incidents", {}).items()]
    if not named:
        return
    yield from ("| deployment or incident | at | came out | brought, or is laid to |", "|---|---|---|---|")
    for name, row in named:
        at = row.get("finished") or row.get("detected")
        brought = ", ".join(f"`{x}`" for x in row.get("changes", [])) or row.get("deployment", "")
        yield f"| `{name}` | {at} | {'; '.join(_judged(row))} | {brought} |"
    yield ""


def _judged(row: Row) -> Iterator[str]:
    yield row.get("outcome") or row["attribution"]
    if "failed_by" in row:
        yield f"failed by {row['failed_by']} ({row['confidence']:g})"
    if row.get("rework"):
        yield "rework"
    if row.get("first"):
        yield "the first seen"


def _times(visit: Row) -> Sequence[str]:
    return [visit[name] for name in ("queued", "started", "finished") if name in visit]


def _at(written: str) -> datetime:
    day, clock = written.split()
    return datetime.fromisoformat(f"{_MONDAY + timedelta(days=_DAYS.index(day))} {clock}")


if __name__ == "__main__":
    sys.stdout.write(stories_page())
