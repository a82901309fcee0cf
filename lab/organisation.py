"""The simulated organisation: three value streams, what each is slow at, and the file that describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from schemas.definition import Calendar, Definition, ServicePaths, Source, ValueStream, standard_map

Deployer = Literal["github", "argocd", "cdevents"]

HOST: Final = "github.com"
OWNER: Final = "acme"
SOURCE: Final = "acme"
"""The name of every configured source."""

ENVIRONMENTS: Final = ("development", "staging", "production")
TOOLS: Final = ("github", "jira", "argocd", "pagerduty", "cdevents")
SECRET_VARIABLES: Final = {tool: f"VSM_LAB_{tool.upper()}_SECRET" for tool in TOOLS}
"""The environment variable that holds the secret of each tool's source."""

HOUR: Final = 3_600
DAY: Final = 86_400
SPAN_DAYS: Final = 78
"""Days from the earliest possible event to the end: inside the 90-day window with room."""
WINDOW_DAYS: Final = 90
"""The window that holds a whole run when the clock stands at its end."""
TARGETS: Final = {"flow_time_p85": 10, "Review.wait_p85": 2, "Develop.process_p50": 1, "Verify.lead_p95": 3}
"""Every stream's targets, in days."""
LEAD_IN: Final = 13 * DAY
"""Seconds from the earliest ticket of a release to the opening of its merge window, at most."""
OPENS: Final = 9 * 60
CLOSES: Final = 17 * 60
"""Minutes of the day between which teams with hours of their own work."""
MERGE_WINDOW: Final = 8 * HOUR
"""Seconds before a release's cut in which its changes are merged."""


class Hours(Struct, frozen=True, kw_only=True):
    """When a team works: Monday to Friday from nine to five in a zone, holidays (ISO dates) left out."""

    zone: str
    holidays: tuple[str, ...] = ()


class Paces(Struct, frozen=True, kw_only=True):
    """How slow the steps are from a day of the run on, and which of them limits the stream then ('' none)."""

    from_day: int
    constraint: str
    develop: int
    review_wait: int
    verify: int


class Stream(Struct, frozen=True, kw_only=True):
    """One value stream as planted. Durations are medians in seconds, `constraint` '' where no step limits it.

    What each step passes on that its receiver cannot use: `rework` is the chance that a review sends back what Develop
    made, `failed_build` that a build fails what Develop or Review passed on, `reopened` that a ticket comes back and
    `troubled` that a deployment goes wrong. `later`: the paces after the constraint has shifted. `repository`: all
    services have their code in it, each in a folder of its own; '' for a repository each.
    """

    name: str
    project: str
    deployer: Deployer
    services: tuple[str, str]
    constraint: str
    rework: float
    backlog: int
    develop: int
    review_wait: int
    verify: int
    min_period: int
    failed_build: float = 0.08
    reopened: float = 0.06
    troubled: float = 0.25
    later: Paces | None = None
    hours: Hours | None = None
    repository: str = ""

    def at_day(self, day: int) -> Stream:
        """Return the stream as it is on a day of the run: as planted, or as shifted."""
        late = self.later
        if late is None or day < late.from_day:
            return self
        return replace(self, develop=late.develop, review_wait=late.review_wait, verify=late.verify)

    @property
    def limits_at_the_end(self) -> str:
        """The step that limits the stream when the run is over, '' for none."""
        return self.constraint if self.later is None else self.later.constraint


STREAMS: Final = (
    Stream(
        name="checkout", project="CHK", deployer="github", services=("checkout-web", "checkout-api"),
        constraint="Review", rework=0.20, backlog=9 * HOUR, develop=12 * HOUR, review_wait=56 * HOUR,
        verify=3 * HOUR, min_period=DAY,
    ),
    Stream(
        name="search", project="SRC", deployer="argocd", services=("search-index", "search-api"),
        constraint="Verify", rework=0.10, backlog=8 * HOUR, develop=10 * HOUR, review_wait=5 * HOUR,
        verify=62 * HOUR, min_period=4 * DAY,
    ),
    Stream(
        name="platform", project="PLT", deployer="cdevents", services=("platform-gateway", "platform-auth"),
        constraint="Develop", rework=0.30, backlog=10 * HOUR, develop=66 * HOUR, review_wait=6 * HOUR,
        verify=4 * HOUR, min_period=DAY,
    ),
)  # fmt: skip
"""The organisation's value streams, each with one planted constraint and one planted rework ratio."""


def services(stream: Stream, count: int) -> tuple[str, ...]:
    """Return the names of `count` services of a stream; a service's code is in the repository of its name."""
    more = (f"{stream.name}-part-{index:03d}" for index in range(3, count + 1))
    return (*stream.services, *more)[:count]


def repository_of(stream: Stream, service: str) -> str:
    """Return the name of the repository that a service's code is in."""
    return stream.repository or service


def folder_of(stream: Stream, service: str) -> str:
    """Return the folder of its repository that a service's code is in, with its slash; '' for the whole."""
    return f"services/{service}/" if stream.repository else ""


def definition(streams: Sequence[Stream] = STREAMS) -> Definition:
    """Return the organisation's value streams and sources as values; secrets are read from the environment."""
    return Definition(
        version="lab-1",
        sources=tuple(Source(tool=t, name=SOURCE, secrets=(f"env:{SECRET_VARIABLES[t]}",)) for t in TOOLS),
        value_streams=tuple(_value_stream(stream) for stream in streams),
    )


def _value_stream(stream: Stream) -> ValueStream:
    return ValueStream(
        name=stream.name,
        owner=f"team-{stream.name}",
        select=(
            {"repository": f"{HOST}/{OWNER}/{stream.name}-*"},
            {"project": f"jira/{stream.project}"},
            {"service": f"{stream.name}-*"},
        ),
        environments=ENVIRONMENTS,
        steps=standard_map(ENVIRONMENTS),
        calendar=None if stream.hours is None else _calendar(stream.hours),
        targets={name: f"{days}d" for name, days in TARGETS.items()},
        services=tuple(
            ServicePaths(
                service=service,
                repositories=(f"{HOST}/{OWNER}/{stream.repository}",),
                paths=(f"{folder_of(stream, service)}**",),
            )
            for service in stream.services
            if stream.repository
        ),
    )


def _calendar(hours: Hours) -> Calendar:
    return Calendar(
        zone=hours.zone,
        hours=tuple((weekday, OPENS, CLOSES) for weekday in range(5)),
        holidays=hours.holidays,
    )


def definition_yaml(secrets: Mapping[str, str] | None = None) -> str:
    """Return the value-stream file of the organisation.

    `secrets`: per tool the file that holds its source's secret; a tool left out reads its environment variable
    (`SECRET_VARIABLES`).
    """
    files = secrets or {}
    lines = ["version: 1", "sources:"]
    for tool in TOOLS:
        where = f"{{file: {files[tool]}}}" if tool in files else f"{{env: {SECRET_VARIABLES[tool]}}}"
        lines.append(f"  - {{tool: {tool}, name: {SOURCE}, secret: {where}}}")
    lines.append("value_streams:")
    for stream in STREAMS:
        lines += [
            f"  - name: {stream.name}",
            f"    owner: team-{stream.name}",
            "    select:",
            f'      - {{repository: "{HOST}/{OWNER}/{stream.name}-*"}}',
            f'      - {{project: "jira/{stream.project}"}}',
            f'      - {{service: "{stream.name}-*"}}',
            f"    environments: [{', '.join(ENVIRONMENTS)}]",
            f"    targets: {{{', '.join(f'{name}: {days}d' for name, days in TARGETS.items())}}}",
        ]
    return "\n".join(lines) + "\n"
