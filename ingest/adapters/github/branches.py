"""GitHub branches made and deleted; the body has no time of its own but the repository's last push."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import Repository, User, by, full_name
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import branch_links
from ingest.vocabulary.times import moment
from schemas.identity import branch_uri


class RefBody(Struct, frozen=True):
    """A `create` or `delete` delivery."""

    ref: str
    ref_type: str
    repository: Repository
    sender: User | None = None


_decode: Final = msgspec.json.Decoder(RefBody).decode


def _branch(event_type: str) -> Callable[[bytes, Context], Translated]:
    """Return the translation of a branch's begin or end."""

    def translate(body: bytes, context: Context) -> Translated:
        made = _decode(body)
        if made.ref_type != "branch":
            return Ignored("reference is no branch")
        if made.repository.pushed_at is None:
            return Ignored("body tells no time")
        repository = full_name(made.repository)
        return [
            fact(
                context,
                event_type,
                branch_uri(repository, made.ref),
                moment(made.repository.pushed_at, "repository.pushed_at"),
                links=branch_links(made.ref),
                by=by(made.sender, context),
                attributes={"repository": repository, "branch": kept_of_branch(made.ref, context.pseudonym)},
            )
        ]

    translate.__doc__ = f"`{event_type}` of a branch, at the repository's `pushed_at`; tags are ignored."
    return translate


create: Final = _branch("branch.created")
"""`create` deliveries."""

delete: Final = _branch("branch.deleted")
"""`delete` deliveries."""
