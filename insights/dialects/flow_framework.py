"""The Flow Framework's five, of a stream's items; pure."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import Final

from insights.dialects.answer import Answer, Asking, Dialect, LeftOut, Part, Question, Unit, seconds, span
from insights.dialects.history import History, ItemHistory
from schemas.event import WorkKind


def velocity(history: History) -> Answer:
    """Items completed in the window."""
    done = _completed(history)
    items = tuple(Part(item_id=each.item_id, value=1.0) for each in done)
    return Answer(value=float(len(done)), unit=Unit.ITEMS, n=len(done), statistic="count", items=items)


def time(history: History) -> Answer:
    """First active or waiting to done, nights and waits included; the mean of the items completed."""
    parts, left = [], []
    for each in _completed(history):
        took = seconds(span(each.started_at, each.finished_at))
        if took is None:
            left.append(LeftOut(item_id=each.item_id, reason="its start is unknown"))
        else:
            parts.append(Part(item_id=each.item_id, value=took))
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=fmean(values) if values else None, unit=Unit.SECONDS, n=len(values), statistic="mean",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def efficiency(history: History) -> Answer:
    """Active over active and waiting time (blocked waits), the sums of the items completed."""
    parts, left, active, whole = [], [], 0, 0
    for each in _completed(history):
        if each.process_micros is None or each.wait_micros is None or each.blocked_micros is None:
            left.append(LeftOut(item_id=each.item_id, reason="how long it was active or waited is unknown"))
            continue
        waited = each.wait_micros + each.blocked_micros
        active, whole = active + each.process_micros, whole + each.process_micros + waited
        told = {"active_seconds": seconds(each.process_micros), "waiting_seconds": seconds(waited)}
        parts.append(Part(item_id=each.item_id, parts=told))
    value = active / whole if whole else None
    return Answer(
        value=value, unit=Unit.RATIO, n=len(parts), statistic="ratio", items=tuple(parts), left_out=tuple(left)
    )


def load(history: History) -> Answer:
    """Items active or waiting at the window's end."""
    open_items = [
        each
        for each in history.items
        if each.started_at is not None
        and each.started_at <= history.until
        and (each.finished_at is None or each.finished_at > history.until)
    ]
    items = tuple(Part(item_id=each.item_id, value=1.0) for each in open_items)
    return Answer(value=float(len(items)), unit=Unit.ITEMS, n=len(items), statistic="now", items=items)


def distribution(history: History) -> Answer:
    """Share of each kind among the items completed whose kind is known; the value is that of features."""
    kinds = Counter(each.kind for each in _completed(history) if each.kind is not None)
    n = kinds.total()
    shares = {kind.value: kinds[kind] / n if n else None for kind in WorkKind}
    left = tuple(
        LeftOut(item_id=x.item_id, reason="its kind is unknown") for x in _completed(history) if x.kind is None
    )
    return Answer(
        value=shares[WorkKind.FEATURE.value], unit=Unit.RATIO, n=n, statistic="ratio", beside=shares, left_out=left
    )


def _completed(history: History) -> list[ItemHistory]:
    return [each for each in history.items if history.holds(each.finished_at)]


FLOW_FRAMEWORK: Final = Dialect(
    name="flow-framework",
    version="2018",
    summary="Flow Framework: five measures of items, none of deployments",
    source="https://flowframework.org/",
    askings=(
        Asking(Question.FLOW_VELOCITY, velocity, "items completed"),
        Asking(Question.FLOW_TIME, time, "first active or waiting to done, elapsed; mean"),
        Asking(Question.FLOW_EFFICIENCY, efficiency, "active over active and waiting, sums"),
        Asking(Question.FLOW_LOAD, load, "items active or waiting at the end"),
        Asking(Question.FLOW_DISTRIBUTION, distribution, "share of features among the completed"),
    ),
)
