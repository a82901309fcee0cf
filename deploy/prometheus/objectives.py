"""Makes the rules for objectives: burn rates, error budgets, and who is told when they burn; labels, no stream's name.

The indicators are the `*_met_ratio` gauges, each the share of what finished in its rolling window that took no longer
than the target; the objective is the target's own quantile. `make docs-write` renews the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "rules" / "objectives.yml"
OBJECTIVES: Final = ("flow_time", "step_wait", "step_process", "step_lead")
"""What may have targets; the gauge is `vsm_OBJECTIVE_met_ratio`."""

QUANTILES: Final = ("0.5", "0.85", "0.95")
PERIOD: Final = "30d"
"""The time over which a budget is to last, among the rolling windows."""

BURN: Final = "vsm:objective:burn_rate"
BUDGET: Final = "vsm:objective:error_budget_remaining_ratio"
FAST: Final = ("7d", "24h", 2.0)
"""Long window, short window, burn rate: 2 for a week is 47 % of a budget of 30 days. No objective of the median
can burn faster than 2."""

SLOW: Final = ("30d", "7d", 1.0)
"""Above 1 for 30 days nothing is left."""

_HEAD: Final = """\
# Objectives: burn rates and error budgets of every stream's and step's targets; see docs/objectives.md. Made by
# deploy/prometheus/objectives.py; `make docs-write` renews it.
groups:
  - name: vsm-objectives
    interval: 1m
    rules:
"""


_WHOSE: Final = "{{ $labels.value_stream }}{{ with $labels.step }} {{ . }}{{ end }}"
_TARGET: Final = "{{ $labels.objective }} (quantile {{ $labels.quantile }})"


def rules_text() -> str:
    """Return the file of rules."""
    return _HEAD + "".join((*_recordings(), *_alerts()))


def _recordings() -> Iterator[str]:
    for objective in OBJECTIVES:
        rates = (f'(1 - vsm_{objective}_met_ratio{{quantile="{q}"}}) / (1 - {q})' for q in QUANTILES)
        yield _rule("record", BURN, " or ".join(rates), labels={"objective": objective})
    yield _rule("record", BUDGET, f'1 - {BURN}{{window=~"{PERIOD}|90d"}}')


def _alerts() -> Iterator[str]:
    yield _alert(
        "VsmObjectiveBurnsFast",
        _both(FAST, ">="),
        "1h",
        f"In a week {_WHOSE} spent {{{{ $value | humanize }}}} times what its target for {_TARGET} allows",
        "It goes on today. `vsm ageing {{ $labels.value_stream }}` says what will break the target next, `vsm map`"
        " where the time goes.",
    )
    yield _alert(
        "VsmObjectiveBurnsSlowly",
        _both(SLOW, ">"),
        "6h",
        f"The error budget of {_WHOSE} for {_TARGET} is spent {{{{ $value | humanize }}}} times over 30 days",
        "It goes on this week. Either the work changes (`vsm waste {{ $labels.value_stream }}`), or the target promised"
        " what the stream cannot keep.",
    )


def _both(burning: tuple[str, str, float], compared: str) -> str:
    long, short, rate = burning
    told = f"{compared} {rate:g}"
    return f'{BURN}{{kind="", window="{long}"}} {told} and ignoring (window) {BURN}{{kind="", window="{short}"}} {told}'


def _alert(name: str, expression: str, lasting: str, summary: str, description: str) -> str:
    made = _rule("alert", name, expression, lasting=lasting, labels={"severity": "warning"})
    return made + (
        f"        annotations:\n          summary: {_quoted(summary)}\n          description: {_quoted(description)}\n"
    )


def _rule(what: str, name: str, expression: str, *, lasting: str = "", labels: Mapping[str, str] | None = None) -> str:
    lines = [f"      - {what}: {name}", f"        expr: {_quoted(expression)}"]
    if lasting:
        lines.append(f"        for: {lasting}")
    if labels:
        lines.append(f"        labels: {{{', '.join(f'{key}: {value}' for key, value in labels.items())}}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
