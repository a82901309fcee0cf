"""GitHub webhooks. The event type is the `X-GitHub-Event` header; actions are told apart inside."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.adapters.github.branches import create, delete
from ingest.adapters.github.comments import issue_comment
from ingest.adapters.github.deployments import deployment, deployment_status, release
from ingest.adapters.github.ignored import IGNORED
from ingest.adapters.github.issues import issues
from ingest.adapters.github.merge_groups import merge_group
from ingest.adapters.github.projects import projects_v2_item
from ingest.adapters.github.pulls import pull_request
from ingest.adapters.github.pushes import push
from ingest.adapters.github.reviews import pull_request_review
from ingest.adapters.github.runs import check_suite, workflow_run
from ingest.signatures import github
from ingest.vocabulary.delivery_ids import delivery_id


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("x-github-event", "")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("x-github-delivery"), body)


ADAPTER: Final = Adapter(
    tool="github",
    verify=github(),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "check_suite": check_suite,
        "create": create,
        "delete": delete,
        "deployment": deployment,
        "deployment_status": deployment_status,
        "issue_comment": issue_comment,
        "issues": issues,
        "merge_group": merge_group,
        "projects_v2_item": projects_v2_item,
        "pull_request": pull_request,
        "pull_request_review": pull_request_review,
        "push": push,
        "release": release,
        "workflow_run": workflow_run,
    },
    ignores=IGNORED,
)
"""The adapter for GitHub (github.com and Enterprise Server)."""
