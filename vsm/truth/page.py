"""The scores as a page for people: docs/truth.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt
from statistics import fmean
from typing import Final

from lab.completeness import BIAS, mean_error, without_outage
from lab.coverage import OF_EVIDENCE, Coverage
from lab.scenarios import SCENARIOS
from lab.score import markdown
from lab.score_measurements import WITHOUT_TRUTH
from vsm.truth.scores import Scores

_NOMINAL: Final = 0.95
_DEVIATIONS: Final = 2
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
pooled (`lab/long_run.json`). The share over all intervals is an average: families that hold too often hide in it
those that hold too seldom, so each has a line of its own, and its reason where it lies outside 93 to 97 %."""

_WHY_MORE: Final[Mapping[str, str]] = dict.fromkeys(
    ("counts", "rates"),
    "the organisation begins a planned number of items and releases by a plan, which vary less than the independent "
    "events that these intervals are of",
)
_WHY_LESS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("means", "quantiles p50", "quantiles p85", "quantiles p95", "ratios of sums", "shares"),
        "items that are released together end together and depend on one another, so that a step which ends by a "
        "release knows less than its number of items says",
    ),
    "products of shares": "the steps' shares are taken as independent, but the same items pass through all of them",
}
"""Why a family holds the truth more often, or less, than it says."""

_CONSTRAINT: Final = """\
A step is announced as the constraint where the confidence of it (`constraint_ratio`) is at least 0.95 in the window
of 90 days at the run's end. A run here is one stream with one seed. Of streams with a planted constraint it is found
where the planted step is announced, after a shift the later one; silence is not found, and not false. False is any step
announced in a stream in balance, and another step than the planted one elsewhere. The two populations are kept apart,
since a share of all runs would hide the one in the other: the greater of the two is what must stay below 5 %.
In the monorepo each change stands in Deploy once more until the other service's deployment has it too, so that
Deploy comes close to a Develop of 66 hours, at which the constraint was announced in one run of three. Its Develop is
therefore planted at 110 hours: a constraint that is clear is what the scenario asks for, not a close call."""

_COMPLETENESS: Final = """\
Every twentieth delivery is lost, each with a chance of its own; in one of the two scenarios all within six hours of
outage besides. True is the share of the facts of the last 30 days that arrived all the same (some are told again by a
later delivery, and are no loss), measured is the `completeness_ratio` of that window. It estimates from facts that
others presuppose, so it may be off by three standard deviations of so many draws, and after an outage by what was lost
to it besides: what fell whole into an outage is presupposed by nothing and not seen at all. The mean error, each with
its sign, may be at most {bias} where there is no outage."""


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
        f"All together, an average: {_share(found.interval_coverage_ratio)}.",
        "\n".join(_whys(found.coverage)),
        "By metric:",
        "\n".join(_coverage("metric", found.coverage_by_metric)),
        "Left out: " + "; ".join(f"`{name}` ({why})" for name, why in OF_EVIDENCE.items()) + ".",
        "## Constraint",
        _CONSTRAINT,
        "\n".join(_constraint(found)),
        "## Completeness",
        _COMPLETENESS.format(bias=BIAS),
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
        shown = name if of == "family" else f"`{name}`"
        yield f"| {shown} | {one.of} | {_share(one.ratio)} | {_outside(one.ratio)} |"


def _outside(ratio: float | None) -> str:
    if ratio is None or _LEAST_COVERAGE <= ratio <= _MOST_COVERAGE:
        return ""
    return "more" if ratio > _MOST_COVERAGE else "less"


def _whys(families: Mapping[str, Coverage]) -> Iterable[str]:
    outside = {name: one for name, one in families.items() if _outside(one.ratio)}
    yield f"Outside 93 to 97 %: {len(outside)} of {len(families)} families."
    if outside:
        yield ""
    for name, one in outside.items():
        yield f"- {name}, {_share(one.ratio)} of {one.of}, {_outside(one.ratio)}: {_why(name, one)}."


def _why(name: str, one: Coverage) -> str:
    """Return the known reason why a family's coverage lies outside, or that so few intervals may be by chance."""
    ratio = one.ratio or 0.0
    if abs(ratio - _NOMINAL) <= _DEVIATIONS * sqrt(_NOMINAL * (1 - _NOMINAL) / one.of):
        return "no more than what chance does to so few, were they independent"
    known = _WHY_MORE if ratio > _NOMINAL else _WHY_LESS
    return known.get(name, "no reason is known")


def _constraint(found: Scores) -> Iterable[str]:
    yield from ("| scenario | runs with one | found | falsely announced | of |", "|---|---:|---:|---:|---:|")
    for name, one in found.constraint.items():
        yield f"| {name} | {one.planted} | {one.found} | {one.false} | {one.of} |"
    with_one = sum(one.planted for one in found.constraint.values())
    balanced = sum(one.of for one in found.constraint.values()) - with_one
    yield ""
    yield from ("| population | runs | something false announced |", "|---|---:|---:|")
    yield f"| in balance: any step announced | {balanced} | {_share(found.constraint_false_balanced_ratio)} |"
    constrained = _share(found.constraint_false_constrained_ratio)
    yield f"| with a constraint: another step announced | {with_one} | {constrained} |"
    yield ""
    yield f"Found: {_share(found.constraint_found_ratio)}; false, the greater: {_share(found.constraint_false_ratio)}."


def _completeness(found: Scores) -> Iterable[str]:
    yield (
        "| scenario | stream | runs | lost by chance | lost in the outage | true | measured | mean error | largest "
        "| hold |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    places = sorted({(one.scenario, one.value_stream) for one in found.completeness})
    for scenario, stream in places:
        several = [one for one in found.completeness if (one.scenario, one.value_stream) == (scenario, stream)]
        lost = f"{fmean(one.by_chance for one in several):.3f} | {fmean(one.in_outage for one in several):.3f}"
        shares = f"{fmean(one.true for one in several):.3f} | {fmean(one.measured or 0.0 for one in several):.3f}"
        errors = f"{_signed(mean_error(several))} | {max(abs(one.error or 0.0) for one in several):.3f}"
        met = sum(one.met for one in several)
        yield f"| {scenario} | {stream} | {len(several)} | {lost} | {shares} | {errors} | {met} |"
    yield ""
    with_outage = [one for one in found.completeness if one not in without_outage(found.completeness)]
    yield (
        f"Mean error of all streams without an outage: {_signed(found.completeness_mean_error)}; "
        f"with one: {_signed(mean_error(with_outage))}."
    )


def _metrics(found: Scores) -> Iterable[str]:
    yield from ("| metric | series | median error | largest error | not as stated |", "|---|---:|---:|---:|---:|")
    for name, one in found.metrics.items():
        yield f"| `{name}` | {one.compared} | {_error(one.median)} | {_error(one.max)} | {one.unlike} |"


def _error(error: float | None) -> str:
    return "unknown" if error is None else "0" if error < 5e-7 else f"{error:.2%}"  # noqa: PLR2004 - rounding


def _signed(error: float | None) -> str:
    return "unknown" if error is None else f"{error:+.3f}"


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.3f}"
