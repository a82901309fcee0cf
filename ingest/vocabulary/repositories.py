"""A repository's address as `host/owner/name`; pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_ADDRESS: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/\s]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+|localhost)(?::\d+(?=/))?[:/]+(?P<path>[^\s?#@]+)",
    re.IGNORECASE,
)

_LONGEST: Final = 512


def repository_of(address: str) -> str | None:
    """Return `host/owner/name` of a web or clone address, the host in lower case; None when it names no repository.

    `https://github.com/acme/app.git`, `git@github.com:acme/app` and `ssh://git@github.com:22/acme/app` are the same.
    Credentials and ports fall away; what holds an `@` elsewhere (a mail address, half a password) names none.
    """
    return _known(address) if len(address) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _known(address: str) -> str | None:
    found = _ADDRESS.fullmatch(address.strip())
    path = found["path"].strip("/").removesuffix(".git") if found else ""
    return f"{found['host'].lower()}/{path}" if found and "/" in path else None
