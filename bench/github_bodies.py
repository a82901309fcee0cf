"""GitHub bodies of the sizes that the bars speak of, made here: a push of about 7 KB, a pull request of about 21 KB."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Final

SECRET: Final = "bench-secret"
_REPOSITORY_LINKS: Final = (
    "forks", "keys", "collaborators", "teams", "hooks", "issue_events", "events", "assignees", "branches", "tags",
    "blobs", "git_tags", "git_refs", "trees", "statuses", "languages", "stargazers", "contributors", "subscribers",
    "subscription",
    "commits", "git_commits", "comments", "issue_comment", "contents", "compare", "merges", "archive", "downloads",
    "issues", "pulls", "milestones", "notifications", "labels", "releases", "deployments",
)  # fmt: skip
_USER_LINKS: Final = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
    "received_events",
)  # fmt: skip
_PULL_LINKS: Final = ("self", "html", "issue", "comments", "review_comments", "commits", "statuses")
_API: Final = "https://api.github.com"


def push(number: int) -> bytes:
    """Return a push of one commit; numbers differ in commit, time and branch."""
    commit = {
        "id": _sha(number), "tree_id": _sha(number + 1), "distinct": True,
        "message": f"CHK-{number} keep the basket when the session ends",
        "timestamp": f"2026-01-{1 + number % 28:02}T10:{number % 60:02}:00+01:00",
        "url": f"https://github.com/acme/checkout/commit/{_sha(number)}",
        "author": {"name": "Someone", "email": "someone@example.org", "username": "someone"},
        "committer": {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"},
        "added": [], "removed": [], "modified": [f"src/checkout/basket/part_{n}.py" for n in range(14)],
    }  # fmt: skip
    body = {
        "ref": f"refs/heads/chk-{number}", "before": _sha(number + 2), "after": _sha(number),
        "repository": _repository(), "pusher": {"name": "someone", "email": "someone@example.org"},
        "sender": _user(number), "created": False, "deleted": False, "forced": False, "base_ref": None,
        "compare": "https://github.com/acme/checkout/compare/a...b", "commits": [commit], "head_commit": commit,
    }  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


def pull_request(number: int) -> bytes:
    """Return an opened pull request; numbers differ in number, time, branch and head commit."""
    api = f"{_API}/repos/acme/checkout"
    pull = {
        "url": f"{api}/pulls/{number}", "id": 10_000 + number, "node_id": "PR_x", "number": number, "state": "open",
        "html_url": f"https://github.com/acme/checkout/pull/{number}", "locked": False, "draft": False,
        "title": f"CHK-{number} keep the basket when the session ends", "user": _user(number),
        "body": "Keeps the basket. " * 150, "created_at": f"2026-01-{1 + number % 28:02}T10:{number % 60:02}:00Z",
        "updated_at": f"2026-01-{1 + number % 28:02}T10:{number % 60:02}:00Z", "closed_at": None, "merged_at": None,
        "merge_commit_sha": None, "assignees": [], "requested_reviewers": [_user(number + 1)], "labels": [],
        "head": {"label": f"acme:chk-{number}", "ref": f"chk-{number}", "sha": _sha(number), "user": _user(number),
                 "repo": _repository()},
        "base": {"label": "acme:main", "ref": "main", "sha": _sha(number + 3), "user": _user(3),
                 "repo": _repository()},
        "_links": {name: {"href": f"{api}/{name}/{number}"} for name in _PULL_LINKS},
        "author_association": "MEMBER", "merged": False, "mergeable": None, "comments": 0, "commits": 3,
        "additions": 120, "deletions": 30, "changed_files": 4,
    }  # fmt: skip
    body = {
        "action": "opened",
        "number": number,
        "pull_request": pull,
        "repository": _repository(),
        "sender": _user(number),
    }
    return json.dumps(body, separators=(",", ":")).encode()


CASES: Final[dict[str, tuple[str, Callable[[int], bytes]]]] = {
    "7 KB push": ("push", push),
    "21 KB pull request": ("pull_request", pull_request),
}
"""A case's name, its event and its body."""


def request(path: str, event: str, body: bytes, number: int) -> bytes:
    """Return the whole HTTP request as GitHub sends it, signed."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nContent-Type: application/json\r\n"
        f"User-Agent: GitHub-Hookshot/044aadd\r\nX-GitHub-Delivery: 00000000-0000-0000-0000-{number:012}\r\n"
        f"X-GitHub-Event: {event}\r\nX-GitHub-Hook-ID: 292430182\r\nX-GitHub-Hook-Installation-Target-ID: 79929171\r\n"
        f"X-GitHub-Hook-Installation-Target-Type: repository\r\nX-Hub-Signature-256: sha256={signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _repository() -> dict[str, object]:
    api = f"{_API}/repos/acme/checkout"
    return {
        "id": 186853002, "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=", "name": "checkout",
        "full_name": "acme/checkout", "private": True, "owner": _user(1), "fork": False, "url": api,
        "html_url": "https://github.com/acme/checkout",
        "description": "The way from the basket to the order",
        **{f"{n}_url": f"{api}/{n}{{/x}}" for n in _REPOSITORY_LINKS},
        "created_at": "2019-05-15T15:19:25Z", "updated_at": "2026-01-05T15:19:27Z", "pushed_at": "2026-01-05T15:20:32Z",
        "size": 812, "language": "Python", "has_issues": True, "has_wiki": True, "archived": False, "disabled": False,
        "open_issues_count": 2, "license": None, "forks": 1, "open_issues": 2, "watchers": 0, "default_branch": "main",
        "visibility": "private", "topics": [],
    }  # fmt: skip


def _user(number: int) -> dict[str, object]:
    name = f"someone-{number % 50}"
    api = f"{_API}/users/{name}"
    return {
        "login": name, "id": 21031000 + number % 50, "node_id": "MDQ6VXNlcjIxMDMxMDY3", "url": api, "type": "User",
        "avatar_url": "https://avatars.example.org/u/21031067?v=4", "html_url": f"https://github.com/{name}",
        **{f"{n}_url": f"{api}/{n}" for n in _USER_LINKS}, "site_admin": False,
    }  # fmt: skip


def _sha(number: int) -> str:
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
