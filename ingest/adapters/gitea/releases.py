"""Gitea releases."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context
from ingest.adapters.gitea.bodies import Repository, User, by, full_name, home_of
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.times import moment
from schemas.event import LinkKind
from schemas.identity import artifact_uri


class Release(Struct, frozen=True):
    """A release of a tag; `target_commitish` is a branch or a commit."""

    tag_name: str
    published_at: str | None = None
    target_commitish: str = ""
    prerelease: bool = False
    html_url: str | None = None


class Body(Struct, frozen=True):
    """A `release` delivery."""

    action: str
    release: Release
    repository: Repository
    sender: User | None = None


def _published(body: Body, context: Context) -> Translated:
    """`artifact.published` of the tag's package, at `published_at`."""
    told = body.release
    repository = full_name(body.repository)
    return [
        fact(
            context,
            "artifact.published",
            artifact_uri(f"pkg:gitea/{home_of(repository)}@{told.tag_name}"),
            moment(told.published_at, "release.published_at"),
            url=told.html_url,
            links=commit_links(told.target_commitish, LinkKind.BUILT_FROM),
            by=by(body.sender, context),
            attributes={
                "repository": repository,
                "version": told.tag_name,
                "prerelease": "true" if told.prerelease else None,
            },
        )
    ]


release: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.action,
    handlers={"published": _published},
)
"""`release` deliveries."""
