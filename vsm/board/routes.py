"""What can be asked of the board: one line a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from insights.ageing.open_work import Ageing
from insights.dialects.comparison import Comparison
from insights.dialects.explained import DialectExplanation
from insights.explain.answer import Explanation
from insights.explain.naming import Unasked, Wanted
from insights.value_stream_map import StreamMap
from insights.waste.sums import Report
from schemas.measurement import WINDOWS
from vsm.board import dialect_questions, flow_questions
from vsm.board.reader import Reader
from vsm.commands.ask import read_map
from vsm.explaining import explain, micros_of

LIMIT: Final = "limit"
MOST_ITEMS: Final = 100_000
_DIGITS: Final = len(str(MOST_ITEMS))


Parameters = Mapping[str, str]
"""What a request says, in its path and its query; a name that it does not say is not in it."""


class Route(Struct, frozen=True, kw_only=True):
    """One question: its path, what it answers with, and the names and meanings of what its query may say.

    `answer` raises Unasked for what cannot be asked, NoSuchStream, BadQuery.
    """

    path: str
    says: str
    answer: Callable[[Reader, Parameters], Struct]
    kind: type[Any]
    query: Mapping[str, str]
    required: tuple[str, ...] = ()


def _explain(reader: Reader, said: Parameters) -> Explanation:
    named = {name: said[name] for name in Wanted.__struct_fields__ if name in said}
    then = micros_of(said["as_of"]) if "as_of" in said else None
    return explain(reader.store, reader.definition, Wanted(**named), as_of=then, limit=limit_of(said, reader.items))


def _map(reader: Reader, said: Parameters) -> StreamMap:
    window = said.get("window", "30d")
    if window not in WINDOWS:
        raise Unasked(f"there is no window '{window}'; known: {', '.join(WINDOWS)}")
    return read_map(reader.store, reader.definition, said["stream"], window)


def limit_of(said: Parameters, unasked: int) -> int:
    """Return how many items are listed, `unasked` if a request does not say. Raises Unasked for no such number."""
    if LIMIT not in said:
        return unasked
    text = said[LIMIT]
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS or not 1 <= int(text) <= MOST_ITEMS:
        raise Unasked(f"'{text[:20]}' is no limit: give a whole number from 1 to {MOST_ITEMS}")
    return int(text)


_WINDOW: Final = {"window": f"The rolling window: {', '.join(WINDOWS)}; left out: 30d."}

ROUTES: Final = (
    Route(
        path="/api/v1/explain",
        says="The items behind a number, those left out and why, its definition and what it comes to again.",
        answer=_explain,
        kind=Explanation,
        required=("stream", "metric"),
        query={
            "stream": "The value stream.",
            "metric": "The metric, with or without vsm_ and its unit.",
            "step": "The step, of a step's metric.",
            **_WINDOW,
            "kind": "One kind of work.",
            "service": "One service, of a delivery metric.",
            "environment": "The environment, of a delivery metric; left out: production.",
            "statistic": "p50, p85, p95, mean; left out: the median or the only one.",
            "as_of": "A past time (ISO 8601): why the number has changed since.",
            LIMIT: "Most items that are listed; all are counted.",
        },
    ),
    Route(
        path="/api/v1/map/{stream}",
        says="The current-state value stream map of a stream.",
        answer=_map,
        kind=StreamMap,
        query=_WINDOW,
    ),
    Route(
        path="/api/v1/dialects/{stream}",
        says="What others' definitions of the same metrics say of a stream, side by side, and where they stand.",
        answer=dialect_questions.comparison,
        kind=Comparison,
        query=_WINDOW,
    ),
    Route(
        path="/api/v1/dialects/{stream}/explain",
        says="A number by another's definition: the items behind it, those left out and why.",
        answer=dialect_questions.explanation,
        kind=DialectExplanation,
        required=("dialect", "metric"),
        query={
            "dialect": "The dialect by its name.",
            "metric": "The metric, with or without vsm_ and its unit.",
            **_WINDOW,
        },
    ),
    Route(
        path="/api/v1/waste",
        says="The flow time of a window's finished and abandoned items: value, one of eight wastes, unaccounted.",
        answer=flow_questions.waste,
        kind=Report,
        required=("stream",),
        query={
            "stream": "The value stream.",
            **_WINDOW,
            "by": flow_questions.BY,
            "until": flow_questions.UNTIL,
        },
    ),
    Route(
        path="/api/v1/ageing",
        says="Open items by the risk that they break their service level expectation.",
        answer=flow_questions.ageing,
        kind=Ageing,
        required=("stream",),
        query={"stream": "The value stream."},
    ),
)
"""Every question. A new one is a line here."""
