"""What event logs of every format become: facts of cases, and a `steps:` section of their activities; pure.

| lifecycle | becomes |
|---|---|
| `complete` and its like, or none said | `activity.finished` |
| `withdraw`, `ate_abort`, `pi_abort` and their like | `activity.finished`, cancelled |
| `start` | `activity.started` |
| `schedule` | `activity.queued` |
| `suspend`, `resume` | `activity.suspended`, `activity.resumed` |
| anything else (`assign`, `autoskip`, ...) | nothing, counted |

The facts of a case go by their times; of one time, as the log tells them. Whatever else stands where in a file changes
nothing.
"""

from __future__ import annotations

import re
import zoneinfo
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Final

from msgspec import Struct, field

from schemas.identity import short_digest

QUEUED: Final = "activity.queued"
STARTED: Final = "activity.started"
SUSPENDED: Final = "activity.suspended"
RESUMED: Final = "activity.resumed"
FINISHED: Final = "activity.finished"

LONGEST: Final = 512
"""Longer names of activities are cut; a longer case is named by a digest."""

TRANSITIONS: Final = {
    "schedule": QUEUED, "scheduled": QUEUED,
    "start": STARTED, "started": STARTED,
    "suspend": SUSPENDED, "suspended": SUSPENDED,
    "resume": RESUMED, "resumed": RESUMED,
    "complete": FINISHED, "completed": FINISHED, "end": FINISHED,
    "withdraw": FINISHED, "ate_abort": FINISHED, "pi_abort": FINISHED, "abort": FINISHED, "aborted": FINISHED,
}  # fmt: skip
"""Words of a lifecycle, in lower case -> the type of the fact."""

CANCELLED: Final = frozenset({"withdraw", "ate_abort", "pi_abort", "abort", "aborted"})
"""The words that end an activity without a result."""

_RULES: Final = (
    (QUEUED, "queue"), (STARTED, "start"), (FINISHED, "finish"), (SUSPENDED, "blocked"), (RESUMED, "unblocked"),
)  # fmt: skip
_ESCAPED: Final = re.compile(r"[\s/%?#\x00-\x1f\x7f]")


class BadLog(ValueError):  # noqa: N818 - shown to the user as it is
    """A log that cannot be read; says where, what and why."""


class Happening(Struct, frozen=True, kw_only=True, gc=False):
    """One event of a case. `transition` is the lifecycle's word, '' for none; `account` who did it, never kept.

    `others` are the uris of what else the event names.
    """

    activity: str
    at: datetime
    transition: str = ""
    account: str | None = None
    others: tuple[str, ...] = ()


class LeftOut(Struct, kw_only=True):
    """What of a log becomes nothing: how often, and the line of the first, by what it is."""

    found: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, what: str, line: int) -> None:
        """Count one."""
        count, first = self.found.get(what, (0, line))
        self.found[what] = (count + 1, first)


class Outline(Struct, kw_only=True):
    """The activities of a log: how often and how early in its case each is first met, and the types of all facts."""

    places: dict[str, tuple[float, int]] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    def add(self, facts: Collection[dict[str, object]]) -> None:
        """Take in the facts of one case, in their order."""
        self.kinds.update(str(fact["type"]) for fact in facts)
        for place, activity in enumerate(dict.fromkeys(map(activity_of, facts))):
            total, count = self.places.get(activity, (0.0, 0))
            self.places[activity] = (total + place, count + 1)

    def activities(self) -> list[str]:
        """Return the activities, what cases begin with first."""
        return sorted(self.places, key=lambda name: (self.places[name][0] / self.places[name][1], name))


def case_uri(case: str) -> str:
    """Return the uri of a case; blanks, slashes and the like are escaped, what is too long or a mail is a digest."""
    uri = "activity:" + _ESCAPED.sub(lambda found: "".join(f"%{b:02X}" for b in found[0].encode()), case)
    return f"activity:{short_digest(case)}" if "@" in case or len(uri) > LONGEST else uri


def activity_of(fact: dict[str, object]) -> str:
    """Return the activity of a fact."""
    attributes = fact["attributes"]
    return str(attributes["activity"]) if isinstance(attributes, dict) else ""


def case_facts(case: str, happenings: Iterable[Happening]) -> list[dict[str, object]]:
    """Return the import facts of one case; happenings whose transition is no known word are left out.

    Of equal facts the second and later are told apart by how many came before.
    """
    facts: list[dict[str, object]] = []
    seen: Counter[tuple[str, str, datetime]] = Counter()
    for happening in sorted(happenings, key=lambda each: each.at):
        kind = TRANSITIONS.get(happening.transition.lower() or "complete")
        if kind is None:
            continue
        activity = happening.activity[:LONGEST]
        same = (activity, kind, happening.at)
        made = fact(kind, case, activity, happening.at, order=len(facts) + 1, repeat=seen[same])
        seen[same] += 1
        if happening.transition.lower() in CANCELLED:
            made["outcome"] = "cancelled"
        if happening.account:
            made["actor_account"] = happening.account[:LONGEST]
        if happening.others:
            made["links"] = [{"uri": uri, "kind": "relates_to"} for uri in happening.others]
        facts.append(made)
    return facts


def fact(kind: str, case: str, activity: str, at: datetime, *, order: int, repeat: int) -> dict[str, object]:
    """Return the import fact of one boundary of an activity."""
    attributes = {"activity": activity}
    if repeat:
        attributes["repeat"] = str(repeat)
    return {
        "type": kind,
        "occurred_at": at.astimezone(UTC).isoformat(),
        "subject_id": case_uri(case),
        "order": order,
        "attributes": attributes,
    }


def time_of(text: str, zone: tzinfo) -> datetime:
    """Return an ISO 8601 time, in `zone` if it names none. Raises ValueError, for one that has no place in UTC too."""
    at = datetime.fromisoformat(text.strip().replace("/", "-"))
    try:
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as far:
        raise ValueError(str(far)) from far


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name. Raises BadLog."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise BadLog(f"'{name}' is no time zone, such as Europe/Berlin") from None


def steps_yaml(activities: Iterable[str], kinds: Collection[str]) -> str:
    """Return a `steps:` section: one step an activity, in their order, with a rule for each of the types of facts."""
    lines = ["    steps:"]
    for activity in activities:
        quoted = '"' + _escaped(activity) + '"'
        lines.append(f"      - name: {quoted}")
        for kind, rule in _RULES:
            if kind in kinds:
                lines.append(f"        {rule + ':':<7} {{on: {kind}, where: {{activity: {quoted}}}}}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in plain)
