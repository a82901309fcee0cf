"""What a row of each kind adds at which instant, in the engine's words: the points of `metrics.points` for a sum; pure.

Expressions are of the columns of a `_latest` table and of the names `begun` and `ended`, the row's two instants in
microseconds. A property test holds what they come to against the points of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from insights.explain.questions import selected
from insights.explain.reading_of import Reads
from metrics import codes, targets
from metrics.recompute import Asked
from schemas.derived import BRIDGED, Change, Derived, StepVisit, WorkItem

BEGUN: Final = "begun"
ENDED: Final = "ended"
_MEASURES: Final[Mapping[str, tuple[Mapping[str, int], int]]] = {
    targets.FLOW_TIME: (codes.FLOW_TIME_MET, codes.FLOW),
    targets.WAIT: (codes.WAIT_MET, codes.WAIT),
    targets.PROCESS: (codes.PROCESS_MET, codes.PROCESS),
    targets.LEAD: (codes.LEAD_MET, codes.LEAD),
}


class Effect(Struct, frozen=True):
    """What a row adds to a code: `amount` at the instant `at`, where `when` holds (never NULL)."""

    code: int
    at: str
    amount: str = "1"
    when: str = "true"


class Effects(Struct, frozen=True, kw_only=True):
    """A kind of rows: where they are, when they begin and end, and what they add.

    `key` is what the table is ordered by within a stream, `order` what the lists are, which is the same and goes on.
    `own` is the condition of a row that is counted in the series, `held` of one that the window can hold. `spans` are
    the durations by their sketch, all added at the end; NULL or a negative one is not added. `left_out` is the
    condition under which a reason is said of a held row that does not stand behind the number.
    """

    kind: type[Derived]
    table: str
    key: str
    order: str
    begun: str
    ended: str
    own: str
    held: str
    left_out: str
    spans: Mapping[int, str]
    plain: tuple[Effect, ...]


def effects(kind: type[Derived], asked: Asked, reads: Reads) -> Effects | None:
    """Return what the rows of a kind add to a series, None where the engine cannot say it."""
    if kind is StepVisit:
        return _visits(asked, reads)
    if kind is WorkItem:
        return _items(asked, reads)
    return _changes() if kind is Change else None


_START: Final = "{start:Int64}"
_NOW: Final = "{now:Int64}"
_NO_KIND: Final = "{kind:String} = ''"
_OF_KIND: Final = f"({_NO_KIND} OR ifNull(kind, '') = {{kind:String}})"
_HELD: Final = f"(ended IS NULL OR ended >= {_START})"
_BEGIN: Final = "toUnixTimestamp64Micro(coalesce(queued_at, started_at))"
_STARTED: Final = "toUnixTimestamp64Micro(started_at)"
_FINISHED: Final = "toUnixTimestamp64Micro(finished_at)"


def _standing(*more: Effect) -> tuple[Effect, ...]:
    known = "begun IS NOT NULL"
    return (
        Effect(codes.ARRIVED, BEGUN),
        Effect(codes.STANDING, BEGUN),
        Effect(codes.STANDING_MOMENT, BEGUN, BEGUN),
        Effect(codes.STANDING, ENDED, "-1", known),
        Effect(codes.STANDING_MOMENT, ENDED, "-ended", known),
        *more,
    )


def _late(begin: str, asked: Asked, reads: Reads) -> str:
    """Return when a row of the kind of work asked for that does not stand behind the number is left out for its time.

    What ended is held by the window or ends after it. What began is of an earlier window, begins later or is unknown.
    """
    if not reads.standing and codes.ARRIVED not in reads.plain:
        return "true"
    unknown = f"{begin} IS NULL" if asked.window else f"({begin} IS NULL AND ended IS NULL)"
    return f"ifNull({unknown} OR {begin} > {_NOW}, false)"


def _clipped(begin: str) -> str:
    return f"if({_FINISHED} < {begin}, {_FINISHED}, {begin})"


_LEAD: Final = (
    f"if(queued_at IS NULL OR ifNull(outcome, '') = '{BRIDGED}', NULL, ended - toUnixTimestamp64Micro(queued_at))"
)
_WORKING: Final = tuple(selected(f"{part}_working_micros") for part in ("wait", "process", "blocked", "unaccounted"))
_VISIT_SPANS: Final[Mapping[int, str]] = {
    codes.WAIT: selected("wait_micros"),
    codes.PROCESS: selected("process_micros"),
    codes.BLOCKED: selected("blocked_micros"),
    codes.LEAD: _LEAD,
    codes.WAIT_WORKING: _WORKING[0],
    codes.PROCESS_WORKING: _WORKING[1],
    codes.LEAD_WORKING: f"if({_LEAD} IS NULL OR coalesce({', '.join(_WORKING)}) IS NULL, NULL, "
    + " + ".join(f"ifNull({part}, 0)" for part in _WORKING)
    + ")",
}


def _visits(asked: Asked, reads: Reads) -> Effects:
    left_out = f"if({_OF_KIND}, NOT counted OR {_late(_BEGIN, asked, reads)}, kind IS NULL)"
    return Effects(
        kind=StepVisit,
        table="step_visits_latest",
        key="item_id",
        order="item_id, step, visit",
        begun=_clipped(_BEGIN),
        ended=_FINISHED,
        own=f"(counted AND {_OF_KIND})",
        held=_HELD,
        left_out=left_out,
        spans=_VISIT_SPANS,
        plain=_standing(
            Effect(codes.COMPLETED, ENDED),
            Effect(codes.RETURNED, ENDED, when="returned"),
            *_met(asked, _VISIT_SPANS),
        ),
    )


_ITEM_SPANS: Final[Mapping[int, str]] = {
    codes.FLOW: f"ended - {_STARTED}",
    codes.FLOW_WORKING: selected("flow_working_micros"),
    codes.HANDOFFS: "toInt64(handoffs)",
    codes.EFFORT: selected("effort_micros"),
}
_ACTIVE, _WAITED, _BLOCKED, _UNACCOUNTED = (
    f"toInt128({selected(f'{part}_micros')})" for part in ("process", "wait", "blocked", "unaccounted")
)
_CHARGED: Final = f"({_ACTIVE} + {_WAITED} + {_BLOCKED})"
_PARTED: Final = f"isNotNull({_CHARGED} + {_UNACCOUNTED} + {_STARTED})"
_PATH: Final = f"toInt128({selected('path_process_micros')})"
_CREATED: Final = "toUnixTimestamp64Micro(created_at)"
_ORDER: Final = (
    f"toInt128(greatest(0, ended - least(coalesce({_CREATED}, {_STARTED}), coalesce({_STARTED}, {_CREATED}))))"
)
_PATHED: Final = f"isNotNull({_PATH} + {_ORDER})"
_PARTS: Final[Mapping[int, str]] = {
    codes.PARTED: "1",
    codes.PARTED_ACTIVE: _ACTIVE,
    codes.PARTED_CHARGED: _CHARGED,
    codes.PARTED_FLOW: f"{_CHARGED} + {_UNACCOUNTED}",
    codes.PARTED_ACTIVE_SQUARED: f"{_ACTIVE} * {_ACTIVE}",
    codes.PARTED_ACTIVE_CHARGED: f"{_ACTIVE} * {_CHARGED}",
    codes.PARTED_CHARGED_SQUARED: f"{_CHARGED} * {_CHARGED}",
}
_PATHS: Final[Mapping[int, str]] = {
    codes.PATHED: "1",
    codes.PATH: _PATH,
    codes.PATH_ORDER: _ORDER,
    codes.PATH_SQUARED: f"{_PATH} * {_PATH}",
    codes.PATH_BY_ORDER: f"{_PATH} * {_ORDER}",
    codes.PATH_ORDER_SQUARED: f"{_ORDER} * {_ORDER}",
}


def _items(asked: Asked, reads: Reads) -> Effects:
    return Effects(
        kind=WorkItem,
        table="work_items_latest",
        key="item_id",
        order="item_id",
        begun=_clipped(_STARTED),
        ended=_FINISHED,
        own=_OF_KIND,
        held=_HELD,
        left_out=f"(moved_to IS NOT NULL OR if({_OF_KIND}, {_late(_STARTED, asked, reads)}, kind IS NULL))",
        spans=_ITEM_SPANS,
        plain=_standing(
            Effect(codes.STANDING_BEGINS, BEGUN, BEGUN),
            Effect(codes.STANDING_BEGINS, ENDED, "-begun", "begun IS NOT NULL"),
            Effect(codes.DONE, ENDED),
            *(Effect(code, ENDED, when=f"ifNull(kind = '{kind}', false)") for kind, code in codes.DONE_OF_KIND.items()),
            *(Effect(code, ENDED, amount, _PARTED) for code, amount in _PARTS.items()),
            *(Effect(code, ENDED, amount, _PATHED) for code, amount in _PATHS.items()),
            *_met(asked, _ITEM_SPANS),
        ),
    )


def _met(asked: Asked, spans: Mapping[int, str]) -> Iterator[Effect]:
    """Yield what counts the durations within a target, for each target that the stream has."""
    before = f"{asked.step}." if asked.step else ""
    for measure, quantiles in targets.targeted(asked.stream, asked.step).items():
        by_quantile, sketch = _MEASURES[measure]
        for quantile in quantiles if sketch in spans else ():
            most = targets.target_micros(asked.stream.targets[f"{before}{measure}_{quantile}"])
            within = f"ifNull({spans[sketch]} BETWEEN 0 AND {most}, false)"
            yield Effect(by_quantile[quantile], ENDED, when=within)


_FIRST, _OPENED, _REVIEWED, _MERGED = (
    selected(name) for name in ("first_commit_at", "opened_at", "first_reviewed_at", "merged_at")
)
_LEAD_TIME: Final = f"if(ended >= {_FIRST}, ended - {_FIRST}, NULL)"


def _within(begin: str, end: str) -> str:
    """Return how much of a span lies in the lead time; NULL where it is unknown or the wrong way round."""
    kept = f"greatest(0, least({end}, ended) - greatest({begin}, coalesce({_FIRST}, {begin})))"
    return f"if(ifNull({end} >= {begin}, false), {kept}, NULL)"


_CHANGE_PARTS: Final[Mapping[int, str]] = {
    codes.CODING: _within(_FIRST, f"if({_MERGED} < {_OPENED}, {_MERGED}, {_OPENED})"),
    codes.PICKUP: _within(f"if({_MERGED} < {_OPENED}, {_MERGED}, {_OPENED})", _REVIEWED),
    codes.REVIEW: _within(_REVIEWED, _MERGED),
    codes.DEPLOY: _within(_MERGED, ENDED),
}


def _changes() -> Effects:
    of_service = "({service:String} = '' OR service = {service:String})"
    seen = f"toUnixTimestamp64Micro(coalesce(merged_at, opened_at, first_commit_at)) >= {_START}"
    parts = " - ".join(f"ifNull({part}, 0)" for part in _CHANGE_PARTS.values())
    return Effects(
        kind=Change,
        table="changes_latest",
        key="change_id",
        order="change_id, service",
        begun="CAST(NULL, 'Nullable(Int64)')",
        ended="toUnixTimestamp64Micro(deployed_at)",
        own=f"(environment = {{production:String}} AND NOT left_censored AND {of_service})",
        held=f"ifNull(if(ended IS NULL, {seen}, ended >= {_START}), false)",
        left_out=f"(environment IN ('', {{production:String}}) AND {of_service})",
        spans={**_CHANGE_PARTS, codes.CHANGE_LEAD: _LEAD_TIME, codes.UNACCOUNTED: f"{_LEAD_TIME} - {parts}"},
        plain=(Effect(codes.CHANGED, ENDED),),
    )
