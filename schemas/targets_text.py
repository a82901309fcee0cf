"""The `targets` of a value stream: how long its flow and its steps should take at most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from schemas.yaml_node import Node, nearest

QUANTILES: Final = (50, 85, 95)
OF_THE_STREAM: Final = tuple(f"flow_time_p{q}" for q in QUANTILES)
"""What a whole stream may have a target for."""

OF_A_STEP: Final = tuple(f"{metric}_p{q}" for metric in ("wait", "process", "lead") for q in QUANTILES)
"""What a step may have a target for, behind its name and a dot."""

DURATION: Final = re.compile(r"(?=.*[1-9])[0-9]+(?:\.[0-9]+)?[smhdw]")
"""Such as `4h`: a number above 0 of seconds, minutes, hours, days or weeks."""

UNIT_SECONDS: Final = MappingProxyType({"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0})
"""What the letters of durations stand for."""


def read_targets(node: Node, steps: Sequence[str]) -> dict[str, str]:
    """Return durations by target, a step spelled as in `steps`; problems are noted on the node.

    A step is found in any case, one that is spelled just so first.
    """
    found: dict[str, str] = {}
    for written, child in node.entries().items():
        duration, target = child.text(), _target(written, child, steps)
        if duration and not DURATION.fullmatch(duration):
            child.complain(f"'{duration}' is no duration above 0", "such as 4h, 3d or 90m")
        if target in found:
            child.complain(f"there is a target '{target}' already", "keep one")
        found[target] = duration
    return found


def _target(written: str, node: Node, steps: Sequence[str]) -> str:
    name, dot, metric = written.rpartition(".")
    if not dot:
        if metric not in OF_THE_STREAM:
            node.complain(f"'{written}' is no target of a stream", nearest(written, [*OF_THE_STREAM, *_all(steps)]))
        return written
    step = next((step for step in (*filter(name.__eq__, steps), *steps) if step.lower() == name.lower()), None)
    if step is None:
        node.complain(f"there is no step '{name}'", nearest(name, steps))
    if metric not in OF_A_STEP:
        node.complain(f"'{metric}' is no target of a step", nearest(metric, OF_A_STEP))
    return f"{step}.{metric}"


def _all(steps: Sequence[str]) -> list[str]:
    return [f"{step}.{metric}" for step in steps for metric in OF_A_STEP]
