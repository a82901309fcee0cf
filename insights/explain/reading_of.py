"""Which codes a metric reads, found by letting it read; and so which rows stand behind it; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from metrics import codes
from metrics.codes import WIDTH, Held
from metrics.reading import Scope
from metrics.recompute import NOW_SCOPES, Asked, Tally
from metrics.windows import INSTANTS
from schemas.derived import Derived

_OF: Final = frozenset({codes.COMPLETED, codes.DONE, codes.CHANGED, codes.DEPLOYED})
"""What should stand behind a number; what does is told by the other codes it reads, where there are any."""

_FLAGS: Final = frozenset(
    {codes.RETURNED, codes.FAILED, codes.FAILED_CERTAINLY, codes.REWORKED}.union(
        *(by.values() for by in (codes.FLOW_TIME_MET, codes.WAIT_MET, codes.PROCESS_MET, codes.LEAD_MET))
    )
)
"""What tells some of those behind a number from the others."""

_MANY: Final = 5
"""What a metric is told of every code, so that it reads on."""

_STANDING: Final = "littles_law_"


class Reads(Struct, frozen=True):
    """The plain codes and the sketches that a metric reads; `standing`: also what was open on the way."""

    plain: frozenset[int]
    sketches: frozenset[int]
    standing: bool = False

    def primary(self) -> frozenset[int]:
        """Return the plain codes one of which every row behind the number has; none where a sketch tells."""
        own = self.plain - _OF - _FLAGS
        return own or self.plain - _FLAGS


class _Cell(dict[int, int]):
    def __init__(self) -> None:
        super().__init__()
        self.read: set[int] = set()

    def get(self, key: int, _default: object = None, /) -> int:
        self.read.add(key)
        return _MANY

    def __contains__(self, key: object) -> Literal[True]:
        self.read.add(int(str(key)))
        return True


class _Held(Held):
    __slots__ = ("read",)

    def __init__(self) -> None:
        super().__init__({})
        self.read: set[int] = set()

    def steps(self, sketch: int) -> tuple[list[int], list[int]]:
        self.read.add(sketch)
        return [], []

    def count(self, sketch: int) -> int:
        self.read.add(sketch)
        return 0


def reads(asked: Asked) -> Reads:
    """Return what the metric reads of its series."""
    metric = asked.metric
    if metric.name.startswith(_STANDING) or metric.scope in NOW_SCOPES or metric.name.startswith("constraint_"):
        return Reads(frozenset(), frozenset(), standing=True)
    if metric.scope == Scope.MAP:
        return Reads(frozenset({codes.COMPLETED, codes.RETURNED}), frozenset())
    cell, held = _Cell(), _Held()
    metric.compute(replace(Tally().basis(asked), cell=cell, held=held))
    return Reads(frozenset(cell.read), frozenset(held.read))


Amount = Mapping[int, int]
"""What a row adds to a number, by code; empty where it does not stand behind it."""


def amount(row: Derived, asked: Asked, read: Reads) -> Amount:
    """Return what a row adds to what the metric reads; nothing where it does not stand behind the number."""
    placed = asked.placed(row)
    if read.standing:
        found: Counter[int] = Counter()
        is_open = sum(point.opens for point in placed) > 0
        if is_open or (asked.window and any(point.at >= asked.start for point in placed)):
            for point in placed:
                found.update({code: each for code, each in point.amounts if code < WIDTH})
            found[INSTANTS] = max(1, found[INSTANTS])
        return found
    start, adds = asked.start, dict[int, int]()
    for point in placed:
        if point.at >= start:
            for code, each in point.amounts:
                if (code in read.plain) if code < WIDTH else (code // WIDTH in read.sketches):
                    adds[code] = adds.get(code, 0) + each
    stands = any(code >= WIDTH for code in adds) if read.sketches else not read.primary().isdisjoint(adds)
    return adds if stands else {}
