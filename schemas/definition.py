"""The value-stream file as values: sources, streams, selectors, steps and rules; pure, parsed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from schemas.mapping import ToolMapping

SELECTABLE: Final = (
    "repository", "project", "service", "branch", "decision", "activity", "environment_raw", "routed_by",
)  # fmt: skip
"""The reserved attributes that selectors read."""


ROUTE_TO_LIVE: Final = ("development", "staging", "production")
"""The environments of a stream that names none."""


DIALECTS: Final = ("dora-2021", "dora-2023", "dora-2024")
"""The definitions that a stream's delivery metrics may follow, the default last."""


class Rule(Struct, frozen=True, kw_only=True):
    """Which facts a step's rule matches.

    `on`: event types. `where`: a FlowEvent field or attribute, and the values one of which it must have. `by`: actor
    classes, empty for any. `first`: only the item's earliest matching fact counts.
    """

    on: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = {}
    by: tuple[str, ...] = ()
    first: bool = False


class Step(Struct, frozen=True, kw_only=True):
    """A box of the map: its rules, or in their place the tracker statuses (`status`) that mean the item is in it.

    `owner` is who does the work of the step: where it differs from the step before, the work is handed over.
    `wip_limit`: how many items may be in the step at once, None for no limit. `automatable`: an automated twin of the
    step exists, so that doing it by hand is waste.
    """

    name: str
    queue: Rule | None = None
    start: Rule | None = None
    finish: Rule | None = None
    returned: Rule | None = None
    blocked: Rule | None = None
    unblocked: Rule | None = None
    status: tuple[str, ...] = ()
    value_adding: bool = True
    owner: str | None = None
    wip_limit: int | None = None
    automatable: bool = False


class Calendar(Struct, frozen=True, kw_only=True):
    """Working time: an IANA zone, per weekday (0 Monday) the minutes [from, to) since midnight, and days off (ISO)."""

    zone: str
    hours: tuple[tuple[int, int, int], ...]
    holidays: tuple[str, ...] = ()


SILENT_AFTER_SECONDS: Final = 3 * 86_400.0
"""So long without a delivery a source is called silent, where it says nothing else."""


class Source(Struct, frozen=True, kw_only=True):
    """A configured connection of a tool.

    `secrets`: where each live secret comes from, an `env:NAME` or `file:PATH` reference or a literal `value:...`.
    `rate_per_second` and `quota_per_day` None: no limit. `silent_after_seconds`: so long without a delivery the source
    is called silent. `client_certificate`: its proof is the certificate that its connection was made with.
    `public_url`: the address the tool knows, where another one arrives here.
    """

    tool: str
    name: str
    secrets: tuple[str, ...] = ()
    insecure: bool = False
    client_certificate: bool = False
    rate_per_second: float | None = None
    quota_per_day: float | None = None
    silent_after_seconds: float = SILENT_AFTER_SECONDS
    public_url: str | None = None
    environments: Mapping[str, str] = {}


class ServicePaths(Struct, frozen=True, kw_only=True):
    """Ties a service to the repositories (globs) and paths (globs, empty for all) its code lives in."""

    service: str
    repositories: tuple[str, ...]
    paths: tuple[str, ...] = ()


class ValueStream(Struct, frozen=True, kw_only=True):
    """One value stream.

    `select`: any selector (all of its fields) claims an event. `environments`: the route to live, production last.
    `cost_per_hour` is what an hour of an item's flow time costs, in `currency`; None: time is not priced. `dialect`
    names the definition that the delivery metrics follow.
    """

    name: str
    family: str | None = None
    owner: str | None = None
    select: tuple[Mapping[str, str], ...]
    steps: tuple[Step, ...]
    environments: tuple[str, ...] = ROUTE_TO_LIVE
    calendar: Calendar | None = None
    targets: Mapping[str, str] = {}
    services: tuple[ServicePaths, ...] = ()
    cost_per_hour: float | None = None
    currency: str = ""
    dialect: str = DIALECTS[-1]

    @property
    def production(self) -> str:
        """The last environment of the route to live."""
        return self.environments[-1]


class Definition(Struct, frozen=True, kw_only=True):
    """A whole value-stream file. `version` differs wherever a number may: it is of the streams, not of the sources.

    It is a short hash of what rows depend on, a `+`, and a hash of targets and costs, which change numbers and no row;
    `0` where there are none.
    """

    version: str
    sources: tuple[Source, ...] = ()
    mappings: tuple[ToolMapping, ...] = ()
    value_streams: tuple[ValueStream, ...] = ()

    @property
    def derived_version(self) -> str:
        """The version of what rows depend on: under another one they are derived anew."""
        return derived_version(self.version)

    def stream(self, name: str) -> ValueStream | None:
        """Return the stream of that name, or None."""
        return next((s for s in self.value_streams if s.name == name), None)


def derived_version(version: str) -> str:
    """Return the part of a definition's version that rows depend on."""
    return version.partition("+")[0]


def is_same_version(one: str, other: str) -> bool:
    """Tell whether two versions may be of one definition: one that was noted without a `+` says nothing of targets."""
    return one == other or (derived_version(one) == derived_version(other) and not ("+" in one and "+" in other))


def standard_map(environments: tuple[str, ...]) -> tuple[Step, ...]:
    """Return the standard map, Backlog > Develop > Review > Build > Verify > Deploy, for a route to live.

    A stream with one environment has no Verify.
    """
    production = (environments[-1],)
    before = environments[:-1]
    ready = {"state": ("ready",)}
    success = ("success",)
    opened = ("change.created", "change.readied")
    steps = [
        Step(
            name="Backlog",
            queue=Rule(on=("ticket.created",)),
            finish=Rule(on=("commit.created", "change.created"), first=True),
            value_adding=False,
        ),
        Step(
            name="Develop",
            start=Rule(on=("commit.created",), first=True),
            finish=Rule(on=opened, where=ready, first=True),
        ),
        Step(
            name="Review",
            queue=Rule(on=opened, where=ready),
            start=Rule(on=("change.reviewed",), by=("human",)),
            finish=Rule(on=("change.merged", "change.abandoned")),
            returned=Rule(on=("change.reviewed",), where={"decision": ("changes_requested",)}),
        ),
        Step(
            name="Build",
            queue=Rule(on=("pipelinerun.queued",)),
            start=Rule(on=("pipelinerun.started",)),
            finish=Rule(on=("pipelinerun.finished",)),
        ),
        Step(
            name="Verify",
            queue=Rule(on=("service.deployed",), where={"environment": before, "outcome": success}, first=True),
            finish=Rule(on=("deployment.started", "service.deployed"), where={"environment": production}, first=True),
        ),
        Step(
            name="Deploy",
            start=Rule(on=("deployment.started",), where={"environment": production}),
            finish=Rule(on=("service.deployed",), where={"environment": production, "outcome": success}),
        ),
    ]
    return tuple(s for s in steps if s.name != "Verify" or before)
