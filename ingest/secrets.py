"""Secrets by reference, resolved at the edge: `env:NAME`, `file:PATH`, `value:TEXT`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 65_536


class UnreadableSecret(ValueError):  # noqa: N818 - an expected outcome: the source then refuses every delivery
    """A reference that leads to no secret; names the reference, never a value."""


def resolve(reference: str) -> bytes:
    """Return the secret that a reference leads to; a file's trailing line end is no part of it.

    Raises UnreadableSecret for an unset or empty variable, a missing, unreadable, empty or huge file, an empty value or
    an unknown kind of reference.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env":
        secret = os.environ.get(rest, "").encode("utf-8", "surrogateescape")
        told = f"environment variable {rest} is unset or empty"
    elif kind == "file":
        secret, told = _of_file(Path(rest)), f"file {rest} is empty"
    elif kind == "value":
        secret, told = rest.encode("utf-8", "surrogatepass"), "the value is empty"
    else:
        raise UnreadableSecret("a secret is 'env:NAME', 'file:PATH' or 'value:TEXT'")
    if not secret.strip():
        raise UnreadableSecret(told)
    return secret


def _of_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as bad:
        raise UnreadableSecret(f"file {path} cannot be read: {type(bad).__name__}") from bad
    if len(content) > _MOST_BYTES:
        raise UnreadableSecret(f"file {path} is larger than {_MOST_BYTES} bytes")
    return content.rstrip(b"\r\n")
