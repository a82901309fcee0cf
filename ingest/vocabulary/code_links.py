"""Links from a run to the code that it ran for; pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import change_uri, commit_uri

_SHA: Final = re.compile(r"(?!0+$)(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_LONGEST: Final = 256
_HEADS: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"


def commit_links(sha: str | None, kind: LinkKind = LinkKind.PART_OF) -> tuple[Link, ...]:
    """Return the link to a commit; () where there is no full sha (an abbreviated one names no entity)."""
    return _commit_links(sha, kind) if sha and len(sha) <= _LONGEST else ()


@lru_cache(maxsize=1024)
def _commit_links(sha: str, kind: LinkKind) -> tuple[Link, ...]:
    if _SHA.fullmatch(sha) is None:
        return ()
    return (Link(uri=commit_uri(sha), kind=kind, method=LinkMethod.COMMIT),)


def change_links(
    repository: str | None, number: str | int | None, method: LinkMethod = LinkMethod.EXPLICIT
) -> tuple[Link, ...]:
    """Return the link to the change of a number; () without a repository `host/owner/name` or where it is no number."""
    if repository is None or number is None or _NUMBER.fullmatch(str(number)) is None:
        return ()
    return (Link(uri=change_uri(repository, number), kind=LinkKind.PART_OF, method=method),)


def branch_of_ref(ref: str | None) -> str | None:
    """Return the branch or tag that a full reference names (`refs/heads/main` is `main`); other text is itself."""
    return ref.removeprefix(_HEADS).removeprefix(_TAGS) if ref else None
