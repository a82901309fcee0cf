"""Which metrics are said of which series of a stream; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from metrics import of_scope
from metrics.point import SeriesName
from metrics.reading import Metric, Scope
from schemas.definition import ValueStream

IN_WINDOW: Final[Mapping[str, Scope]] = {
    "step": Scope.STEP,
    "flow": Scope.FLOW,
    "service": Scope.SERVICE,
    "environment": Scope.SERVICE,
}
NOW_SCOPE: Final[Mapping[str, Scope]] = {"step": Scope.STEP_NOW, "flow": Scope.FLOW_NOW}


class Labels(Struct, frozen=True, gc=False):
    """What all measurements of a series say of themselves; '' is all."""

    step: str = ""
    kind: str = ""
    environment: str = ""
    service: str = ""


class Selected(Struct, frozen=True):
    """The metrics of a series: `steady` ones move with its rows, `ticking` ones with the clock too."""

    steady: tuple[Metric, ...]
    ticking: tuple[Metric, ...]


class Selection:
    """The metrics of one stream."""

    def __init__(self, stream: ValueStream) -> None:
        self._production = stream.production
        self._by_scope = {
            (scope, part): _selected([m for m in of_scope(scope) if m.applies(stream) and _has(m, part)], stream)
            for scope in Scope
            for part in ("", "kind", "environment")
        }

    def of(self, scope: Scope, name: SeriesName | None = None) -> Selected:
        """Return the metrics of a scope that a series has; without a name those of the stream as a whole."""
        if name is None:
            return self._by_scope[scope, ""]
        return self._by_scope[scope, "environment" if name.family == "environment" else "kind" if name.kind else ""]

    def labels(self, name: SeriesName) -> Labels:
        """Return the labels of a series."""
        match name.family:
            case "step":
                return Labels(step=name.label, kind=name.kind)
            case "service":
                return Labels(environment=self._production, service=name.label)
            case "environment":
                return Labels(environment=name.label)
            case _:
                return Labels(kind=name.kind)


def _has(metric: Metric, part: str) -> bool:
    return not (part == "kind" and not metric.by_kind) and not (part == "environment" and metric.production)


def _selected(metrics: list[Metric], stream: ValueStream) -> Selected:
    return Selected(
        steady=tuple(m for m in metrics if not m.ticks(stream)), ticking=tuple(m for m in metrics if m.ticks(stream))
    )
