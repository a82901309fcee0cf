"""Azure DevOps service hooks: Boards, Repos, Pipelines and classic Releases. The event type is in the body."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Headers
from ingest.adapters.azure_devops import boards, pulls
from ingest.adapters.azure_devops.bodies import TOOL
from ingest.adapters.azure_devops.builds import build_complete
from ingest.adapters.azure_devops.pushes import push
from ingest.adapters.azure_devops.releases import deployment_completed, deployment_started
from ingest.adapters.azure_devops.runs import run_state_changed
from ingest.adapters.azure_devops.stages import stage_state_changed
from ingest.signatures import basic_auth
from ingest.vocabulary.delivery_ids import delivery_id


class _Envelope(Struct, frozen=True):
    event_type: str = msgspec.field(name="eventType", default="")
    id: str | None = None


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).event_type


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(_envelope(body).id, body)


ADAPTER: Final = Adapter(
    tool=TOOL,
    verify=basic_auth(),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "build.complete": build_complete,
        "git.pullrequest.created": pulls.created,
        "git.pullrequest.merged": pulls.merged,
        "git.pullrequest.updated": pulls.updated,
        "git.push": push,
        "ms.vss-code.git-pullrequest-comment-event": pulls.commented,
        "ms.vss-pipelines.run-state-changed-event": run_state_changed,
        "ms.vss-pipelines.stage-state-changed-event": stage_state_changed,
        "ms.vss-release.deployment-completed-event": deployment_completed,
        "ms.vss-release.deployment-started-event": deployment_started,
        "workitem.created": boards.created,
        "workitem.deleted": boards.deleted,
        "workitem.restored": boards.restored,
        "workitem.updated": boards.updated,
    },
    ignores=frozenset(
        {
            "git.repo.created", "git.repo.deleted", "git.repo.forked", "git.repo.renamed", "git.repo.statuschanged",
            "message.posted", "ms.vss-pipelinechecks-events.approval-completed",
            "ms.vss-pipelinechecks-events.approval-pending", "ms.vss-pipelines.job-state-changed-event",
            "ms.vss-release.deployment-approval-completed-event", "ms.vss-release.deployment-approval-pending-event",
            "ms.vss-release.release-abandoned-event", "ms.vss-release.release-created-event", "tfvc.checkin",
            "workitem.commented",
        }
    ),
)  # fmt: skip
"""The adapter for Azure DevOps Services and Server."""
