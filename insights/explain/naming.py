"""What people call a series, and the metric, step and statistic that they mean; pure."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from metrics import METRICS
from metrics.reading import Metric, Scope
from metrics.recompute import NOW_SCOPES, Asked
from schemas.definition import ValueStream
from schemas.measurement import WINDOWS

_PREFIX: Final = "vsm_"
_UNITS: Final = ("", "_seconds", "_ratio", "_per_day")
_BY_NAME: Final = {metric.name: metric for metric in METRICS}
_OF_STEPS: Final = (Scope.STEP, Scope.STEP_NOW)
_STEPWISE: Final = ("constraint_score", "constraint_ratio", "constraint_age_seconds")


class Unasked(ValueError):  # noqa: N818 - shown to the user as it is
    """There is no such series; says what there is."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A series as people name it; '' in `statistic` and `environment` means the usual one, in the others all."""

    stream: str
    metric: str
    step: str = ""
    window: str = "30d"
    kind: str = ""
    service: str = ""
    environment: str = ""
    statistic: str = ""


class Meaning(Struct, frozen=True):
    """What a metric is: its name, one sentence, and where its page is."""

    name: str
    text: str
    page: str


def metric_named(name: str) -> Metric:
    """Return the metric of a name, with or without `vsm_` and its unit. Raises Unasked."""
    bare = name.strip().lower().replace("-", "_").removeprefix(_PREFIX)
    for unit in _UNITS:
        if (found := _BY_NAME.get(bare + unit)) is not None:
            return found
    raise Unasked(f"there is no metric '{name}'{_near(bare, _BY_NAME)}")


def asked(wanted: Wanted, stream: ValueStream, now: int) -> Asked:
    """Return the question in the definition's terms, at a clock. Raises Unasked, naming what is known."""
    metric = metric_named(wanted.metric)
    steps = [step.name for step in stream.steps]
    if wanted.window not in WINDOWS:
        raise Unasked(f"there is no window '{wanted.window}'; known: {', '.join(WINDOWS)}")
    if metric.scope in _OF_STEPS and not wanted.step:
        raise Unasked(f"{metric.name} is measured of a step: give one with --step; known: {', '.join(steps)}")
    step = _step(wanted.step, steps) if wanted.step else ""
    if step and metric.scope not in _OF_STEPS and metric.name not in _STEPWISE:
        raise Unasked(f"{metric.name} is measured of the whole stream, not of a step: leave --step out")
    if wanted.kind and not (metric.by_kind or metric.name == "flow_distribution_ratio"):
        raise Unasked(f"{metric.name} is not measured by kind of work: leave --kind out")
    if not metric.applies(stream):
        raise Unasked(f"{metric.name} is not measured in {stream.name}: its definition does not ask for it")
    of_service = metric.scope == Scope.SERVICE
    if (wanted.service or wanted.environment) and not of_service:
        raise Unasked(f"{metric.name} is measured of the whole stream: leave --service and --environment out")
    environment = wanted.environment or stream.production
    if of_service and environment not in stream.environments:
        raise Unasked(f"there is no environment '{environment}'; known: {', '.join(stream.environments)}")
    if of_service and environment != stream.production and (wanted.service or metric.production):
        raise Unasked(f"{metric.name} is measured of production, and before it of all services together alone")
    return Asked(
        stream=stream,
        metric=metric,
        now=now,
        window="" if metric.scope in NOW_SCOPES else wanted.window,
        step=step,
        kind=wanted.kind,
        environment=environment if of_service else "",
        service=wanted.service,
    )


def meaning(metric: Metric) -> Meaning:
    """Return what a metric is, as its own function says."""
    text = " ".join((inspect.getdoc(metric.compute) or "").split("\n\n", maxsplit=1)[0].split())
    return Meaning(metric.name, text, f"docs/metrics/{metric.name}.md")


def statistic_of(wanted: str, known: Sequence[str], metric: str) -> str:
    """Return the statistic asked for, the median or else the only one where none is. Raises Unasked."""
    if not wanted:
        return next((each for each in ("p50",) if each in known), known[0] if known else "")
    if known and wanted not in known:
        raise Unasked(f"{metric} has no statistic '{wanted}'; known: {', '.join(dict.fromkeys(known))}")
    return wanted


def _step(name: str, steps: Sequence[str]) -> str:
    found = next((step for step in steps if step.casefold() == name.casefold()), None)
    if found is None:
        raise Unasked(f"there is no step '{name}'{_near(name, steps)}")
    return found


def known_streams(streams: Iterable[str]) -> str:
    """Return the end of a sentence that names the streams there are."""
    known = sorted(set(streams))
    return f"; known: {', '.join(known)}" if known else "; none is known yet"


def _near(name: str, names: Iterable[str]) -> str:
    known = list(names)
    close = get_close_matches(name, known, n=3, cutoff=0.5) or [each for each in known if name and name in each][:3]
    return f": did you mean {', '.join(close)}?" if close else f"; known: {', '.join(known)}"
