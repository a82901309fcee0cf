"""GitHub's webhooks of things that run: workflow_run, deployment, deployment_status."""

from __future__ import annotations

from msgspec import Struct

from lab.organisation import HOST, OWNER
from lab.payloads.github import Body, repository, user
from lab.payloads.moments import zulu
from lab.planted import Account


class Run(Struct, frozen=True, kw_only=True):
    """One attempt of a workflow run, asked for at `queued`.

    `created` is the first attempt's time for every attempt, as GitHub keeps it.
    """

    repo: str
    number: int
    attempt: int
    sha: str
    branch: str
    event: str
    created: int
    queued: int
    started: int
    finished: int
    success: bool
    actor: Account


def workflow_run(action: str, run: Run, at: int) -> Body:
    """Return a workflow_run event: `requested` (of a first attempt only), `in_progress` or `completed`."""
    url = f"https://{HOST}/{OWNER}/{run.repo}/actions/runs/{run.number}"
    status = {"requested": "queued", "in_progress": "in_progress", "completed": "completed"}[action]
    done = action == "completed"
    return {
        "action": action,
        "workflow_run": {
            "id": run.number,
            "name": "build",
            "head_branch": run.branch,
            "head_sha": run.sha,
            "path": ".github/workflows/build.yml",
            "run_number": run.number % 100_000,
            "event": run.event,
            "status": status,
            "conclusion": ("success" if run.success else "failure") if done else None,
            "workflow_id": 33_001,
            "url": url,
            "html_url": url,
            "pull_requests": [],
            "created_at": zulu(run.created),
            "updated_at": zulu(at),
            "actor": user(run.actor),
            "run_attempt": run.attempt,
            "run_started_at": zulu(run.queued),
            "triggering_actor": user(run.actor),
            "head_commit": {"id": run.sha, "message": "", "timestamp": zulu(run.created),
                            "author": {"name": run.actor.name, "email": run.actor.mail}},
            "repository": repository(run.repo),
        },
        "workflow": {"id": 33_001, "name": "build", "path": ".github/workflows/build.yml", "state": "active"},
        "repository": repository(run.repo),
        "sender": user(run.actor),
    }  # fmt: skip


def deployment(repo: str, number: int, sha: str, environment: str, created: int, creator: Account) -> Body:
    """Return a deployment event."""
    return {
        "action": "created",
        "deployment": _deployment(repo, number, sha, environment, created, creator),
        "workflow": None,
        "workflow_run": None,
        "repository": repository(repo),
        "sender": user(creator),
    }


def deployment_status(
    repo: str, number: int, sha: str, environment: str, created: int, creator: Account, *, at: int, state: str
) -> Body:
    """Return a deployment_status event; `state` is queued, in_progress, success, failure or error."""
    return {
        "action": "created",
        "deployment_status": {
            "id": number * 10 + {"queued": 1, "in_progress": 2}.get(state, 3),
            "state": state,
            "creator": user(creator),
            "description": "",
            "environment": environment,
            "target_url": f"https://{HOST}/{OWNER}/{repo}/deployments/{number}",
            "created_at": zulu(at),
            "updated_at": zulu(at),
        },
        "deployment": _deployment(repo, number, sha, environment, created, creator),
        "check_run": None,
        "workflow_run": None,
        "repository": repository(repo),
        "sender": user(creator),
    }


def _deployment(repo: str, number: int, sha: str, environment: str, created: int, creator: Account) -> Body:
    return {
        "id": number,
        "url": f"https://api.{HOST}/repos/{OWNER}/{repo}/deployments/{number}",
        "sha": sha,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "environment": environment,
        "original_environment": environment,
        "description": None,
        "creator": user(creator),
        "created_at": zulu(created),
        "updated_at": zulu(created),
        "transient_environment": False,
        "production_environment": environment == "production",
    }
