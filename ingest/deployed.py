"""What a deployment brought, from the images and revisions that its tool names; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ingest.facts import MOST_CHARACTERS
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import artifact_uri, commit_uri

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_IMAGE: Final = re.compile(r"[^@]+@(sha256:[0-9a-f]{64})")
_TAG: Final = re.compile(r"[^@]*/[^/@]*:([\w][\w.-]{0,127})(?:@.*)?")


def deployed(images: Iterable[str], revisions: Iterable[str]) -> tuple[Link, ...]:
    """Return what was deployed: images by digest, commits by an image tag that is a full sha, else by full revision.

    A revision of a GitOps repository is no commit of the application; the images tell that one.
    """
    images = tuple(image for image in images if len(image) <= MOST_CHARACTERS)
    digests = [found[1] for image in images if (found := _IMAGE.fullmatch(image))]
    tags = [found[1] for image in images if (found := _TAG.fullmatch(image))]
    told = [name.lower() for name in tags if _COMMIT.fullmatch(name.lower())]
    commits = told or [name.lower() for name in revisions if _COMMIT.fullmatch(name.lower())]
    return (
        *(Link(uri=artifact_uri(x), kind=LinkKind.DEPLOYS, method=LinkMethod.DIGEST) for x in dict.fromkeys(digests)),
        *(Link(uri=commit_uri(x), kind=LinkKind.DEPLOYS, method=LinkMethod.COMMIT) for x in dict.fromkeys(commits)),
    )
