"""Spans of time joined, and what of many of them lies within another one; pure, half-open, microseconds UTC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from insights.waste.case import Span

_UNTIL = attrgetter("until")


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the time that any of these spans covers, as spans that ascend and neither overlap nor touch."""
    found: list[Span] = []
    for span in sorted(s for s in spans if s.begin < s.until):
        if found and span.begin <= found[-1].until:
            found[-1] = Span(found[-1].begin, max(found[-1].until, span.until))
        else:
            found.append(span)
    return found


def within(span: Span, others: Sequence[Span]) -> Iterator[Span]:
    """Yield what each of some spans, which ascend and do not overlap, has of this one, whatever lies outside unseen."""
    for place in range(bisect_right(others, span.begin, key=_UNTIL), len(others)):
        begin, until = max(span.begin, others[place].begin), min(span.until, others[place].until)
        if begin >= until:
            return
        yield Span(begin, until)
