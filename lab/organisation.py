"""The simulated organisation: three value streams, what each is slow at, and the file that describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from schemas.definition import Definition, Source, ValueStream, standard_map

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
LEAD_IN: Final = 13 * DAY
"""Seconds from the earliest ticket of a release to the opening of its merge window, at most."""
MERGE_WINDOW: Final = 8 * HOUR
"""Seconds before a release's cut in which its changes are merged."""


class Stream(Struct, frozen=True, kw_only=True):
    """One value stream as planted. Durations are medians in seconds; `rework` the chance that a review sends back."""

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


def definition() -> Definition:
    """Return the organisation's value streams and sources as values; secrets are read from the environment."""
    return Definition(
        version="lab-1",
        sources=tuple(Source(tool=t, name=SOURCE, secrets=(f"env:{SECRET_VARIABLES[t]}",)) for t in TOOLS),
        value_streams=tuple(
            ValueStream(
                name=s.name,
                owner=f"team-{s.name}",
                select=(
                    {"repository": f"{HOST}/{OWNER}/{s.name}-*"},
                    {"project": f"jira/{s.project}"},
                    {"service": f"{s.name}-*"},
                ),
                environments=ENVIRONMENTS,
                steps=standard_map(ENVIRONMENTS),
            )
            for s in STREAMS
        ),
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
        ]
    return "\n".join(lines) + "\n"
