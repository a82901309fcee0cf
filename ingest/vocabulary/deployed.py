"""What a deployment brought, from the images and revisions that its tool names; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from ingest.facts import MOST_CHARACTERS
from ingest.vocabulary.keys import unique_links
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import artifact_uri, commit_uri

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_IMAGE: Final = re.compile(r"[^@]+@(sha256:[0-9a-f]{64})")
_TAG: Final = re.compile(r"[^@]*/[^/@]*:([\w][\w.-]{0,127})(?:@.*)?")


def deployed(images: Iterable[str], revisions: Iterable[str]) -> tuple[Link, ...]:
    """Return what was deployed: images by digest, commits by an image tag that is a full sha, else by full revision.

    A revision of a GitOps repository is no commit of the application; the images tell that one.
    """
    told = [_of_image(image) for image in images if len(image) <= MOST_CHARACTERS]
    commits = [commit for _, commit in told if commit] or [commit for name in revisions if (commit := _commit(name))]
    return unique_links([*[digest for digest, _ in told if digest], *commits])


@lru_cache(maxsize=4096)
def _of_image(image: str) -> tuple[Link | None, Link | None]:
    """Return the links to an image by its digest, and to the commit that its tag is."""
    digest, tag = _IMAGE.fullmatch(image), _TAG.fullmatch(image)
    return (
        Link(uri=artifact_uri(digest[1]), kind=LinkKind.DEPLOYS, method=LinkMethod.DIGEST) if digest else None,
        _commit(tag[1]) if tag else None,
    )


def _commit(name: str) -> Link | None:
    if _COMMIT.fullmatch(name.lower()) is None:
        return None
    return Link(uri=commit_uri(name), kind=LinkKind.DEPLOYS, method=LinkMethod.COMMIT)
