"""The scores as a page for people: docs/truth.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lab.coverage import OF_EVIDENCE, Coverage
from lab.scenarios import SCENARIOS
from lab.score import markdown
from lab.score_measurements import WITHOUT_TRUTH
from vsm.truth_scores import Scores

_LEAST_COVERAGE: Final = 0.93
_MOST_COVERAGE: Final = 0.97

_LINKS: Final = """\
How things hang together is found by what tools say and people write. Some of that is planted to be wrong:
branches and titles that name a ticket which the change was not made for, landing messages that list tickets,
incidents that only happen to follow a deployment; and words that look like keys (`UTF-8`), which must mean
nothing. Each is taken as the definitions have it, and counts here against its method. Recall is what a
method reaches alone; of several that name one ticket the first stands: branch, title, message. The causes of
incidents have two methods. Together they reach everything: that is what the group `links` compares."""

_INTERVALS: Final = """\
An interval of 95 % should hold, 95 times of 100, what the process does in the long run, of which a run is a
sample. The long run is 200 runs of the base organisation that no score uses, lived without any product and
pooled (`lab/long_run.json`). Families outside 93 to 97 %: counts and rates cover more, because the organisation
begins a planned number of items and releases by a plan, which vary less than independent events would, of which
these intervals are; times of items that are released together depend on one another, so that steps that end by a
release know less than their number of items says."""

_CONSTRAINT: Final = """\
A step is announced as the constraint where the confidence of it (`constraint_ratio`) is at least 0.95 in the window
of 90 days at the run's end. It is found where it is the one that was planted, after a shift the later one; false
where it is another one, or any in a stream in balance. In the monorepo each change stands in Deploy once more until
the other service's deployment has it too: there the planted step leads by less than it does alone."""

_COMPLETENESS: Final = """\
Of the deliveries of the scenario of lost webhooks each is lost with a chance of its own, and all within an outage.
True is the share of the facts of the last 30 days that arrived all the same (some are told twice), measured is the
`completeness_ratio` of that window. It estimates from facts that others presuppose, so it may be off by three
standard deviations of so many draws; whatever fell whole into the outage is presupposed by nothing, so it may be off
by the outage's share of the window besides."""


_ERRORS: Final = """\
Relative to the truth, over every series (step, kind, environment, service) of every seed and scenario whose events
all arrive. Quantiles may be off by the sketch's 1 %, everything else by rounding alone."""


def page(found: Scores) -> str:
    """Return the page."""
    parts = [
        "# Truth",
        _head(found.seeds),
        "\n".join(_scenarios()),
        "\n".join(_groups(found)),
        "## Links",
        _LINKS,
        "\n".join(_links(found)),
        "## Intervals",
        _INTERVALS,
        "\n".join(_coverage("family", found.coverage)),
        f"All together: {_share(found.interval_coverage_ratio)}. By metric:",
        "\n".join(_coverage("metric", found.coverage_by_metric)),
        "Left out: " + "; ".join(f"`{name}` ({why})" for name, why in OF_EVIDENCE.items()) + ".",
        "## Constraint",
        _CONSTRAINT,
        "\n".join(_constraint(found)),
        "## Completeness",
        _COMPLETENESS,
        "\n".join(_completeness(found)),
        "## Errors of each metric",
        _ERRORS,
        "\n".join(_metrics(found)),
        "Without a true value here:",
        "\n".join(f"- `{name}`: {why}" for name, why in WITHOUT_TRUTH.items()),
        "## What is off",
        markdown(found.off).rstrip() if found.off else "Nothing.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(seeds: int) -> str:
    return f"""\
Written by `make truth`: {seeds} seeds of each of the scenarios below, every derived row and every measurement
compared with what the organisation knows it did. The base's signed webhooks are sent over HTTP through the whole
pipeline; the others' are handed to the same adapters, routing, engine and measures in process. Visits with what
judged them, items, changes, deployments, incidents and links must match exactly; times within the sketch's stated
error. In the monorepo the services of commits are compared, and the announcement: what its deployments carry is told
by no folder."""


def _scenarios() -> Iterable[str]:
    yield from ("| scenario | what is planted | streams | items | way |", "|---|---|---|---:|---|")
    for each in SCENARIOS:
        streams = ", ".join(stream.name for stream in each.streams)
        yield f"| {each.name} | {each.about} | {streams} | {each.items} | {each.way} |"


def _groups(found: Scores) -> Iterable[str]:
    yield from ("| group | hold | of |", "|---|---:|---:|")
    for name, held in found.groups.items():
        yield f"| {name} | {held.met} | {held.of} |"


def _links(found: Scores) -> Iterable[str]:
    yield "| method | links | precision | stated confidence | true | recall |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, one in found.links.items():
        shares = f"{_share(one.precision)} | {_share(one.confidence)} | {one.true} | {_share(one.recall)}"
        yield f"| `{name}` | {one.said} | {shares} |"


def _coverage(of: str, families: Mapping[str, Coverage]) -> Iterable[str]:
    yield from (f"| {of} | intervals | hold the truth | |", "|---|---:|---:|---|")
    for name, one in families.items():
        ratio = one.ratio
        within = ratio is not None and _LEAST_COVERAGE <= ratio <= _MOST_COVERAGE
        mark = "" if within else "more" if (ratio or 0) > _MOST_COVERAGE else "less"
        yield f"| {name if of == 'family' else f'`{name}`'} | {one.of} | {_share(ratio)} | {mark} |"


def _constraint(found: Scores) -> Iterable[str]:
    yield from ("| scenario | streams with one | found | falsely announced | of |", "|---|---:|---:|---:|---:|")
    for name, one in found.constraint.items():
        yield f"| {name} | {one.planted} | {one.found} | {one.false} | {one.of} |"
    yield ""
    yield f"Found: {_share(found.constraint_found_ratio)}; false: {_share(found.constraint_false_ratio)}."


def _completeness(found: Scores) -> Iterable[str]:
    yield from ("| stream | runs | true, mean | measured, mean | largest error | within what is allowed |",
                "|---|---:|---:|---:|---:|---:|")  # fmt: skip
    for stream in sorted({one.value_stream for one in found.completeness}):
        several = [one for one in found.completeness if one.value_stream == stream]
        true = sum(one.true for one in several) / len(several)
        measured = sum(one.measured or 0.0 for one in several) / len(several)
        largest = max(abs((one.measured or 0.0) - one.true) for one in several)
        met = sum(one.met for one in several)
        yield f"| {stream} | {len(several)} | {true:.3f} | {measured:.3f} | {largest:.3f} | {met} |"


def _metrics(found: Scores) -> Iterable[str]:
    yield from ("| metric | series | median error | largest error | not as stated |", "|---|---:|---:|---:|---:|")
    for name, one in found.metrics.items():
        yield f"| `{name}` | {one.compared} | {_error(one.median)} | {_error(one.max)} | {one.unlike} |"


def _error(error: float | None) -> str:
    return "unknown" if error is None else "0" if error < 5e-7 else f"{error:.2%}"  # noqa: PLR2004 - rounding


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.3f}"
