"""Why a number is another than it was: item by item what came, what went and what changed; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from insights.explain.answer import Evidence, Figure, Measured, divided
from insights.explain.parts import Told, identity, item_id, moment, told
from insights.explain.reading_of import Amount, reads
from insights.explain.reasons import owners, reason
from schemas.definition import derived_version
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem

Key = tuple[str, ...]
NEW: Final = "new in the window"
AGED: Final = "aged out of the window"
LATE: Final = "arrived late"
CORRECTED: Final = "corrected"
MOVED: Final = "moved"
WITHDRAWN: Final = "withdrawn"
OVER: Final = "ended since"
_TOLD_AT: Final = "known_at"
_QUIET: Final = frozenset({_TOLD_AT, "age_seconds"})


class Then(Struct, frozen=True, kw_only=True):
    """What a board showed at a past time, and why it shows something else now.

    `came`, `went` and `changed` count the items; of a count, `value` and `came` less `went` make the number of now.
    `changes` are cut after the limit asked for, `why` counts all of them by their reason.
    """

    at: str
    measured_at: str | None
    value: float | None
    n: int
    lower: float | None
    upper: float | None
    completeness: float | None
    definition_version: str
    generation: int
    recomputed: bool | None
    difference: float | None
    came: int
    went: int
    changed: int
    why: Mapping[str, int]
    changes: Sequence[Told]


class Listing(Struct, frozen=True, kw_only=True):
    """How many items came, went and changed, how many for each kind of reason, and what is listed of them."""

    came: int
    went: int
    changed: int
    why: Mapping[str, int]
    changes: Sequence[Told]


class Past(Struct, frozen=True, kw_only=True):
    """A number at one of the two times: what was measured, else what its rows come to; `again` where that is the same.

    `version` and `generation` are of what was measured, else of the rows, whose generation is not known (0).
    """

    stored: Measured | None
    figure: Figure
    again: bool
    version: str
    generation: int


class Compared(Struct, frozen=True, kw_only=True):
    """The evidence then and now, the number now, why its rows were derived anew ('' where not), and where items moved.

    Rows that were derived anew do not say since when they are known.
    """

    then: Evidence
    now: Evidence
    at: int
    redefined: str = ""
    moved: Mapping[str, str] = {}


def then(at: int, before: Past, now: Past, found: Listing) -> Then:
    """Return what was shown `at` a time, microseconds UTC, and why it has changed."""
    stored, figure = before.stored, before.figure
    return Then(
        at=str(moment(at)),
        measured_at=None if stored is None else moment(stored.measured_at),
        value=figure.value,
        n=figure.n,
        lower=figure.lower,
        upper=figure.upper,
        completeness=None if stored is None else stored.completeness,
        definition_version="" if stored is None else stored.definition_version,
        generation=0 if stored is None else stored.generation,
        recomputed=None if stored is None else before.again,
        difference=difference(now.figure, figure),
        came=found.came,
        went=found.went,
        changed=found.changed,
        why=found.why,
        changes=found.changes,
    )


def redefined(before: Past, now: Past, no_more: str = "") -> str:
    """Return why the rows of now are others than those of then: another definition, or the same derived anew; or ''.

    `no_more` says what the definition does not have any more. Other targets alone derive no row anew, and are said by
    the versions of the two numbers.
    """
    if no_more:
        return f"no more: {no_more}"
    is_told = bool(before.generation and now.generation)  # before anything was measured nothing says of which rows are
    is_same = derived_version(before.version) == derived_version(now.version)
    if not before.version or not now.version or (is_same and (before.generation == now.generation or not is_told)):
        return ""
    if is_same:
        return f"derived anew: by the same definition (generation {before.generation} then, {now.generation} now)"
    return (
        f"redefined: definition {before.version} (generation {before.generation}) then,"
        f" {now.version} ({now.generation}) now"
    )


def listing(found: Sequence[Told], limit: int) -> Listing:
    """Return what all the changes come to, and the first of them."""
    kinds = Counter(str(each["change"]) for each in found)
    return Listing(
        came=kinds["came"], went=kinds["went"], changed=kinds["changed"], why=reasons(found), changes=found[:limit]
    )


def changes(compared: Compared) -> list[Told]:
    """Return every item that stands behind the number now and did not then, or the other way round, or differs."""
    before = {identity(row): (row, adds) for row, adds in divided(compared.then)[0]}
    after = {identity(row): (row, adds) for row, adds in divided(compared.now)[0]}
    known_then = {identity(row): row for row in compared.then.rows}
    known_now = {identity(row): row for row in compared.now.rows}
    found = [_came(row, known_then.get(key), compared) for key, (row, _) in after.items() if key not in before]
    found += [_went(row, known_now.get(key), compared) for key, (row, _) in before.items() if key not in after]
    found += [
        told_
        for key, (row, adds) in after.items()
        if key in before and (told_ := _changed(before[key], (row, adds), compared)) is not None
    ]
    return sorted(found, key=_place)


def reasons(found: Iterable[Told]) -> dict[str, int]:
    """Return how many changes have each kind of reason, the most frequent first."""
    return dict(Counter(str(each["why"]).split(":", maxsplit=1)[0] for each in found).most_common())


def difference(now: Figure, then: Figure) -> float | None:
    """Return by how much the number has changed; None where one of the two is unknown."""
    return None if now.value is None or then.value is None else now.value - then.value


def _place(told_: Told) -> tuple[str, ...]:
    return tuple(str(told_.get(name, "")) for name in ("change", "item_id", "step", "visit"))


def _came(row: Derived, before: Derived | None, compared: Compared) -> Told:
    ended = _ended(row, compared.now)
    if ended is not None and ended > compared.then.asked.now:
        why = f"{NEW}: {moment(ended)}"
    elif compared.redefined:
        why = compared.redefined
    elif row.known_at > compared.at:
        why = f"{LATE}: happened {moment(ended)}, known {moment(row.known_at)}"
    elif before is None:
        why = f"{CORRECTED}: it was not told of then"
    else:
        why = f"{CORRECTED}: then {_without(before, compared.then)}"
    return _said("came", row, why)


def _went(row: Derived, now: Derived | None, compared: Compared) -> Told:
    ended = _ended(row, compared.then)
    asked = compared.now.asked
    name = item_id(row)
    if asked.window and ended is not None and ended < asked.start:
        why = f"{AGED}: {moment(ended)}"
    elif now is None and name in compared.moved:
        why = f"{MOVED}: its facts belong to {compared.moved[name]} now"
    elif compared.redefined:
        why = compared.redefined
    elif now is None:
        why = f"{WITHDRAWN}: nothing derives it any more" if asked.window else OVER
    elif not asked.window and _ended(now, compared.now) is not None:
        why = f"{OVER}: {moment(_end(now))}"
    else:
        why = f"{CORRECTED}: now {_without(now, compared.now)}"
    return _said("went", row, why)


def _changed(before: tuple[Derived, Amount], after: tuple[Derived, Amount], compared: Compared) -> Told | None:
    if before[1] == after[1]:
        return None
    old, new = told(before[0], compared.then.asked), told(after[0], compared.now.asked)
    parts = {
        name: [old.get(name), value] for name, value in new.items() if old.get(name) != value and name not in _QUIET
    }
    late = after[0].known_at > compared.at
    why = compared.redefined or (
        f"{CORRECTED}: " + (f"more is known since {moment(after[0].known_at)}" if late else "its parts are others")
    )
    return {**_said("changed", after[0], why), "from_to": parts}


def _said(change: str, row: Derived, why: str) -> Told:
    visit = {"step": row.step, "visit": row.visit} if isinstance(row, StepVisit) else {}
    return {"item_id": item_id(row), **visit, "change": change, "why": why, _TOLD_AT: moment(row.known_at)}


def _without(row: Derived, evidence: Evidence) -> str:
    counted_with = {**owners(evidence.rows), **evidence.counted_with}
    return reason(row, evidence.asked, reads(evidence.asked), counted_with) or "it was of another window"


def _ended(row: Derived, evidence: Evidence) -> int | None:
    """Return the latest instant with which a row enters the series at the evidence's clock, None without any."""
    return max((point.at for point in evidence.asked.placed(row)), default=None)


def _end(row: Derived) -> int | None:
    match row:
        case StepVisit() | WorkItem() | Deployment():
            return row.finished_at
        case Change():
            return row.deployed_at
        case Incident():
            return row.resolved_at
