"""SonarQube Server and Cloud webhooks: the quality gate of an analysis is a test suite.

The webhook is sent for each analysis, and again when somebody changes an issue so that the gate turns; that one tells
of no background task. SonarQube does not tell the repository: the analysis may, as `sonar.analysis.repository`.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.facts import fact
from ingest.signatures import hmac_sha256
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import change_links, commit_links
from ingest.vocabulary.delivery_ids import hashed_body
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import Outcome
from schemas.identity import run_uri, short_digest

ANALYSIS: Final = "analysis"
"""The one event of SonarQube's webhooks."""

_TASKS: Final = {"FAILED": Outcome.ERROR, "CANCELED": Outcome.CANCELLED}
_GATES: Final = {"OK": Outcome.SUCCESS, "WARN": Outcome.SUCCESS, "ERROR": Outcome.FAILURE}
_PULL_REQUEST: Final = "PULL_REQUEST"


class Project(Struct, frozen=True):
    """The project; its name is not read."""

    key: str
    url: str | None = None


class Branch(Struct, frozen=True):
    """The branch, or the pull request by its number; a name is null for the main branch of old releases."""

    name: str | None = None
    type: str = ""
    url: str | None = None


class QualityGate(Struct, frozen=True):
    """The gate: OK, ERROR, WARN (older releases) or NONE."""

    name: str | None = None
    status: str = ""


class Properties(Struct, frozen=True):
    """What the analysis was told to pass on."""

    repository: str | None = msgspec.field(name="sonar.analysis.repository", default=None)


class Body(Struct, frozen=True):
    """A delivery; without a task it tells of a changed issue, without an analysis of a task that failed."""

    project: Project
    status: str = ""
    task_id: str | None = msgspec.field(name="taskId", default=None)
    analysed_at: str | None = msgspec.field(name="analysedAt", default=None)
    changed_at: str | None = msgspec.field(name="changedAt", default=None)
    revision: str | None = None
    branch: Branch | None = None
    gate: QualityGate | None = msgspec.field(name="qualityGate", default=None)
    properties: Properties | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def analysed(body: bytes, context: Context) -> Translated:
    """`testsuiterun.finished` with the gate's outcome, at `analysedAt`; `changedAt` where an issue turned the gate."""
    told = _decode(body)
    branch, gate = told.branch or Branch(), told.gate or QualityGate()
    pull = branch.name if branch.type == _PULL_REQUEST else None
    kept = kept_of_branch(branch.name, context.pseudonym)
    address = branch.url if kept == branch.name and branch.url else told.project.url
    source = told.properties.repository if told.properties else None
    repository = repository_of(source) if source else None
    first, second = (told.analysed_at, told.changed_at) if told.task_id else (told.changed_at, told.analysed_at)
    return [
        fact(
            context,
            "testsuiterun.finished",
            _uri(told, branch, context),
            moment(first or second, "analysedAt"),
            told_apart=(gate.status,),
            url=address,
            links=(*commit_links(told.revision), *change_links(repository, pull)),
            state=gate.status or told.status,
            outcome=_TASKS.get(told.status) or _GATES.get(gate.status),
            attributes={
                "repository": repository,
                "project": f"{context.tool}/{told.project.key}",
                "branch": None if pull else kept,
                "test_suite": gate.name,
            },
        )
    ]


def _uri(told: Body, branch: Branch, context: Context) -> str:
    """Return the uri of the analysis, or of the gate of a branch where no analysis is told."""
    if not told.project.key:
        raise Untranslatable("project.key is missing")
    gate = short_digest(" ".join((told.project.key, branch.type, branch.name or "")))
    return run_uri(context.tool, context.source, told.task_id or f"gate-{gate}")


def _event_type(_headers: Headers, _body: bytes) -> str:
    return ANALYSIS


ADAPTER: Final = Adapter(
    tool="sonarqube",
    verify=hmac_sha256("x-sonar-webhook-hmac-sha256"),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={ANALYSIS: analysed},
)
"""The adapter for SonarQube."""
