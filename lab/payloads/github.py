"""GitHub's webhooks of code: push, pull_request, pull_request_review, delete, ping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lab.organisation import HOST, OWNER
from lab.payloads.moments import with_offset, zulu
from lab.planted import Account
from lab.work import Change, Commit

Body = dict[str, Any]

_ORGANISATION: Final = {"login": OWNER, "id": 7_700_001}


def headers(event: str, guid: str) -> Mapping[str, str]:
    """Return the headers of a delivery; the signature is added when it is sent."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5eed123",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": "470012",
    }


def ping(at: int) -> Body:
    """Return the ping sent when the hook was made."""
    return {
        "zen": "Keep it logically awesome.",
        "hook_id": 470_012,
        "hook": {"type": "Organization", "id": 470_012, "active": True, "events": ["*"], "created_at": zulu(at)},
        "organization": _ORGANISATION,
    }


def push(repo: str, branch: str, before: str, commits: Sequence[Commit], pusher: Account, *, created: bool) -> Body:
    """Return a push of `commits`, the last of them the new head."""
    listed = [_commit(commit) for commit in commits]
    return {
        "ref": f"refs/heads/{branch}",
        "before": "0" * 40 if created else before,
        "after": commits[-1].sha,
        "repository": {**repository(repo), "pushed_at": commits[-1].at},
        "pusher": {"name": pusher.login, "email": pusher.mail},
        "organization": _ORGANISATION,
        "sender": user(pusher),
        "created": created,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"https://{HOST}/{OWNER}/{repo}/compare/{before[:12]}...{commits[-1].sha[:12]}",
        "commits": listed,
        "head_commit": listed[-1],
    }


def branch_deleted(repo: str, branch: str, sender: Account, at: int) -> Body:
    """Return the deletion of a branch that was merged and pushed at `at`."""
    return {
        "ref": branch, "ref_type": "branch", "pusher_type": "user",
        "repository": {**repository(repo), "pushed_at": zulu(at)}, "organization": _ORGANISATION,
        "sender": user(sender),
    }  # fmt: skip


def pull_request(action: str, repo: str, change: Change, at: int, sender: Account, **more: Any) -> Body:  # noqa: ANN401 - JSON
    """Return a pull_request event as of `at`; `more` are the fields of that action (`before`, `after`)."""
    return {
        "action": action,
        "number": change.number,
        "pull_request": _pull_request(repo, change, at),
        **more,
        "repository": repository(repo),
        "organization": _ORGANISATION,
        "sender": user(sender),
    }


def review(repo: str, change: Change, at: int, reviewer: Account, decision: str, number: int) -> Body:
    """Return a submitted review; `decision` is approved, changes_requested or commented."""
    return {
        "action": "submitted",
        "review": {
            "id": number,
            "user": user(reviewer),
            "body": f"Looked at by {reviewer.name}.",
            "commit_id": change.head,
            "submitted_at": zulu(at),
            "state": decision,
            "html_url": f"https://{HOST}/{OWNER}/{repo}/pull/{change.number}#pullrequestreview-{number}",
            "author_association": "MEMBER",
        },
        "pull_request": _pull_request(repo, change, at),
        "repository": repository(repo),
        "organization": _ORGANISATION,
        "sender": user(reviewer),
    }


def repository(name: str) -> Body:
    """Return the repository object."""
    return {
        "id": 880_000_000 + sum(name.encode()),
        "name": name,
        "full_name": f"{OWNER}/{name}",
        "private": True,
        "owner": {**_ORGANISATION, "type": "Organization"},
        "html_url": f"https://{HOST}/{OWNER}/{name}",
        "url": f"https://api.{HOST}/repos/{OWNER}/{name}",
        "default_branch": "main",
    }


def user(account: Account) -> Body:
    """Return a user object."""
    return {
        "login": account.login,
        "id": account.github_id,
        "type": "Bot" if account.bot else "User",
        "html_url": f"https://{HOST}/{account.login}",
        "site_admin": False,
    }


def _commit(commit: Commit) -> Body:
    return {
        "id": commit.sha,
        "tree_id": commit.sha[::-1],
        "distinct": commit.distinct,
        "message": commit.message,
        "timestamp": with_offset(commit.at, commit.author.github_id % 3),
        "author": _signature(commit.author),
        "committer": _signature(commit.committer or commit.author),
        "added": [],
        "removed": [],
        "modified": [commit.path],
    }


def _signature(account: Account) -> Body:
    return {"name": account.name, "email": account.mail, "username": account.login}


def _pull_request(repo: str, change: Change, at: int) -> Body:
    url = f"https://{HOST}/{OWNER}/{repo}/pull/{change.number}"
    return {
        "id": change.github_id,
        "number": change.number,
        "html_url": url,
        "url": f"https://api.{HOST}/repos/{OWNER}/{repo}/pulls/{change.number}",
        "state": "open" if change.closed is None else "closed",
        "title": change.title,
        "user": user(change.author),
        "body": f"{change.body}\n\nSigned-off-by: {change.author.name} <{change.author.mail}>",
        "created_at": zulu(change.opened or at),
        "updated_at": zulu(at),
        "closed_at": None if change.closed is None else zulu(change.closed),
        "merged_at": None if change.merged is None else zulu(change.merged),
        "merge_commit_sha": change.merge_sha,
        "labels": [],
        "draft": change.draft,
        "head": {"label": f"{OWNER}:{change.branch}", "ref": change.branch, "sha": change.head,
                 "repo": {"full_name": f"{OWNER}/{repo}"}},
        "base": {"label": f"{OWNER}:main", "ref": "main", "sha": change.base, "repo": {"full_name": f"{OWNER}/{repo}"}},
        "merged": change.merged is not None,
        "merged_by": None if change.merged_by is None else user(change.merged_by),
        "commits": len(change.commits),
        "additions": 20,
        "deletions": 5,
        "changed_files": 2,
    }  # fmt: skip
