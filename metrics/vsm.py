"""Value stream mapping: the times, counts and quality of a step, and of the map as a whole."""

from __future__ import annotations

from metrics import codes, targets
from metrics.answers import ages, census, count, durations, met, product, share, takt
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


def step_blocked_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time flagged blocked of the visits finished in the window, seconds; never blocked is 0."""
    return durations(basis.held, codes.BLOCKED, basis.cell.get(codes.COMPLETED, 0))


def step_process_working_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Active time in working hours of the visits finished in the window, seconds."""
    return durations(basis.held, codes.PROCESS_WORKING, basis.cell.get(codes.COMPLETED, 0))


def step_wait_working_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Working time from queued to started of the visits finished in the window, seconds."""
    return durations(basis.held, codes.WAIT_WORKING, basis.cell.get(codes.COMPLETED, 0))


def step_lead_working_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Working time from queued to finished of the visits finished in the window, seconds."""
    return durations(basis.held, codes.LEAD_WORKING, basis.cell.get(codes.COMPLETED, 0))


def step_takt_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Available time in the window over the visits that began in it, seconds: the pace that demand sets."""
    return (takt(basis.available_micros, basis.cell.get(codes.ARRIVED, 0)),)


def step_wait_met_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the visits finished in the window that waited no longer than the step's target for a quantile."""
    return met(basis, targets.WAIT, codes.WAIT_MET, codes.WAIT, basis.cell.get(codes.COMPLETED, 0))


def step_process_met_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the visits finished in the window with no more process time than the step's target for a quantile."""
    return met(basis, targets.PROCESS, codes.PROCESS_MET, codes.PROCESS, basis.cell.get(codes.COMPLETED, 0))


def step_lead_met_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the visits finished in the window with no more lead time than the step's target for a quantile."""
    return met(basis, targets.LEAD, codes.LEAD_MET, codes.LEAD, basis.cell.get(codes.COMPLETED, 0))


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
    return (census(float(basis.open) if basis.seen else None, basis.seen),)


def step_oldest_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Seconds since the oldest open visit began; unknown when none is open."""
    age = None if basis.earliest is None else (basis.now - basis.earliest) / _MICROS
    return (census(age, basis.open),)


def step_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Ages of the visits open now, seconds: p50, p85, p95, exact."""
    return ages(basis)


def rolled_complete_accurate_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Product of the steps' %C&A, over the steps that finished visits in the window.

    Unknown when there is none or one of them is unknown; `n` is the least behind any of them. Bounds (95 %): the
    steps' beta laws brought together on the logarithm.
    """
    pairs = [(s.counts.get(codes.COMPLETED, 0), s.counts.get(codes.RETURNED, 0)) for s in basis.steps]
    used = [(completed - returned, completed) for completed, returned in pairs if completed]
    known = len(used) / len(pairs) if pairs else 1.0
    return (product(used, known=known),)
