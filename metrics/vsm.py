"""Value stream mapping: the times, counts and quality of a step, and of the map as a whole."""

from __future__ import annotations

from metrics import codes
from metrics.answers import count, durations, product, share
from metrics.reading import Basis, Reading

_MICROS = 1_000_000


def step_process_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Active time of the visits finished in the window, seconds."""
    return durations(basis.held, codes.PROCESS, basis.cell.get(codes.COMPLETED, 0))


def step_wait_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from queued to started of the visits finished in the window, seconds."""
    return durations(basis.held, codes.WAIT, basis.cell.get(codes.COMPLETED, 0))


def step_lead_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from queued to finished of the visits finished in the window, seconds."""
    return durations(basis.held, codes.LEAD, basis.cell.get(codes.COMPLETED, 0))


def step_arrivals(basis: Basis) -> tuple[Reading, ...]:
    """Visits that began in the window."""
    return count(basis.cell.get(codes.ARRIVED, 0))


def step_completions(basis: Basis) -> tuple[Reading, ...]:
    """Visits that finished in the window."""
    return count(basis.cell.get(codes.COMPLETED, 0))


def step_complete_accurate_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the visits finished in the window that the receiver did not send back (Wilson's bounds)."""
    completed = basis.cell.get(codes.COMPLETED, 0)
    return (share(completed - basis.cell.get(codes.RETURNED, 0), completed),)


def step_work_in_progress(basis: Basis) -> tuple[Reading, ...]:
    """Visits open now. A step that had visits and has none open has a known 0; one that never had any is unknown."""
    return (Reading(statistic="now", value=float(basis.open) if basis.seen else None, n=basis.seen),)


def step_oldest_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Seconds since the oldest open visit began; unknown when none is open."""
    age = None if basis.earliest is None else (basis.now - basis.earliest) / _MICROS
    return (Reading(statistic="now", value=age, n=basis.open),)


def rolled_complete_accurate_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Product of the steps' %C&A, over the steps that finished visits in the window.

    Unknown when there is none or one of them is unknown; `n` is the least behind any of them. Bounds (95 %): the
    steps' beta laws brought together on the logarithm.
    """
    pairs = [(s.counts.get(codes.COMPLETED, 0), s.counts.get(codes.RETURNED, 0)) for s in basis.steps]
    used = [(completed - returned, completed) for completed, returned in pairs if completed]
    known = len(used) / len(pairs) if pairs else 1.0
    return (product(used, known=known),)
