"""Web addresses of changes and commits, as a tracker's ticket keeps them when code is attached to it; pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ingest.vocabulary.repositories import repository_of
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import change_uri, commit_uri

_LONGEST: Final = 512
_CHANGE: Final = re.compile(
    r"(https?://[^/?#@\s]+/[^?#@\s]{1,400}?)(?:/-)?/(?:pulls?|merge_requests|pull-requests)/([1-9][0-9]{0,8})(?=[/?#]|$)"
)
_COMMIT: Final = re.compile(
    r"https?://[^/?#@\s]+/[^?#@\s]{1,400}?/commits?/([0-9a-f]{64}|[0-9a-f]{40})(?=[/?#]|$)", re.IGNORECASE
)
_SERVER: Final = re.compile(r"[^/]+/(?:[^/]+/)?(?:projects|users)/[^/]+/repos/")
"""How a Bitbucket Server's addresses go on: not by owner and name."""


def attached_code(address: str) -> tuple[Link, ...]:
    """Return the link to the change or commit that an address leads to, which is part of the subject; () for another.

    Read are the addresses of GitHub, GitLab, Gitea and Bitbucket Cloud, and any host's that are built as theirs.
    """
    return _attached(address.strip()) if 0 < len(address) <= _LONGEST else ()


@lru_cache(maxsize=1024)
def _attached(address: str) -> tuple[Link, ...]:
    uri = _uri(address)
    return (Link(uri=uri, kind=LinkKind.CONTAINS, method=LinkMethod.EXPLICIT),) if uri else ()


def _uri(address: str) -> str | None:
    if change := _CHANGE.match(address):
        repository = repository_of(change[1])
        return None if repository is None or _SERVER.match(repository + "/") else change_uri(repository, change[2])
    commit = _COMMIT.match(address)
    return commit_uri(commit[1]) if commit else None
