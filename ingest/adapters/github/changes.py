"""A GitHub pull request as a change: its typed shape, and what every fact of it carries."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, TypedDict, Unpack

from msgspec import Struct

from ingest.adapter import Context
from ingest.adapters.github.bodies import (
    TRACKER,
    Named,
    Repository,
    User,
    by,
    class_of,
    commit_link,
    full_name,
    owner_and_name,
)
from ingest.facts import fact
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import (
    branch_links,
    closed_issues,
    issue_links,
    key_links,
    keys_in_text,
    keys_named_in_body,
    unique_links,
)
from ingest.vocabulary.times import Moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import change_uri

_ISSUE_BRANCH: Final = re.compile(r"^([1-9][0-9]{0,5})-[a-z]")
_REVERT_BRANCH: Final = re.compile(r"^revert-([1-9][0-9]{0,8})-")
_REVERT_BODY: Final = re.compile(r"^[ \t]{0,8}Reverts ([\w.-]+/[\w.-]+)?#([1-9][0-9]{0,8})\b", re.MULTILINE)
_REMEMBERED: Final = 256
_YEARS: Final = range(1990, 2100)


class Fork(Struct, frozen=True, gc=False):
    """The repository a branch lives in."""

    html_url: str = ""


class Branch(Struct, frozen=True, gc=False):
    """One end of a pull request; `repo` is null when the fork is gone."""

    ref: str
    sha: str
    repo: Fork | None = None


class PullRequest(Struct, frozen=True):
    """A pull request; title and body are read for keys and not kept."""

    number: int
    created_at: str
    updated_at: str
    head: Branch
    base: Branch
    html_url: str | None = None
    title: str = ""
    body: str | None = None
    draft: bool = False
    merged: bool = False
    merged_at: str | None = None
    closed_at: str | None = None
    merge_commit_sha: str | None = None
    user: User | None = None
    labels: tuple[Named, ...] = ()
    additions: float | None = None
    deletions: float | None = None
    changed_files: float | None = None
    commits: float | None = None


class More(TypedDict, total=False):
    """What an action says beside: what tells its fact from another of the same time, and attributes."""

    told_apart: tuple[str, ...]
    attributes: dict[str, str | None]


class PullRequestBody(Struct, frozen=True):
    """A `pull_request` delivery."""

    action: str
    pull_request: PullRequest
    repository: Repository
    sender: User | None = None
    label: Named | None = None
    reason: str | None = None


def change_facts(
    body: PullRequestBody, context: Context, event_type: str, at: Moment, state: str, **more: Unpack[More]
) -> list[FlowEvent]:
    """Return the one fact of a pull request's change, with what every such fact carries."""
    pull = body.pull_request
    repository = full_name(body.repository)
    merged = commit_link(pull.merge_commit_sha, LinkKind.MERGED_AS) if event_type == "change.merged" else []
    reverted = reverted_change(pull, repository)
    counted = {
        "additions": pull.additions, "deletions": pull.deletions,
        "changed_files": pull.changed_files, "commits": pull.commits,
    }  # fmt: skip
    return [
        fact(
            context,
            event_type,
            change_uri(repository, pull.number),
            at,
            told_apart=more.get("told_apart", ()),
            url=pull.html_url,
            links=unique_links(
                [*merged, *commit_link(pull.head.sha, LinkKind.CONTAINS), *ticket_links(pull, repository), *reverted]
            ),
            state=state,
            work_kind=work_kind(labels=[label.name for label in pull.labels], title=pull.title),
            by=by(body.sender, context),
            quantities={name: count for name, count in counted.items() if count is not None},
            attributes={
                **change_attributes(body, context, repository),
                **more.get("attributes", {}),
                "reverts": reverted[0].uri if reverted else None,
            },
        )
    ]


def change_attributes(body: PullRequestBody, context: Context, repository: str) -> dict[str, str | None]:
    """Return what selectors and rules may read of a change."""
    pull, home = body.pull_request, body.repository
    from_fork = pull.head.repo is not None and pull.head.repo.html_url not in {"", home.html_url}
    return {
        "repository": repository,
        "branch": kept_of_branch(pull.head.ref, context.pseudonym),
        "target_branch": kept_of_branch(pull.base.ref, context.pseudonym),
        "draft": "true" if pull.draft else None,
        "fork": "true" if from_fork else None,
        "author_class": class_of(pull.user).value if pull.user else None,
    }


def ticket_links(pull: PullRequest, repository: str) -> list[Link]:
    """Return the links to the tickets a pull request names: in its branch, its title, and as its own in its body."""
    home = owner_and_name(repository)
    short = len(pull.title) <= _REMEMBERED and len(pull.head.ref) <= _REMEMBERED
    named = (_named if short else _named.__wrapped__)(pull.head.ref, pull.title, home)
    if pull.body is None:
        return list(named)
    return [
        *issue_links(TRACKER, closed_issues(pull.body, home), LinkMethod.EXPLICIT),
        *named,
        *key_links(keys_named_in_body(pull.body), LinkMethod.KEY_IN_MESSAGE),
    ]


@lru_cache(maxsize=4096)
def _named(branch: str, title: str, home: str) -> tuple[Link, ...]:
    """Return the links to the tickets named in a branch and a title."""
    number = _ISSUE_BRANCH.match(branch)
    issue = [f"{home}/{number[1]}"] if number and int(number[1]) not in _YEARS else []
    return (
        *issue_links(TRACKER, closed_issues(title, home), LinkMethod.KEY_IN_TITLE),
        *issue_links(TRACKER, issue, LinkMethod.KEY_IN_BRANCH),
        *branch_links(branch),
        *key_links(keys_in_text(title), LinkMethod.KEY_IN_TITLE),
    )


def reverted_change(pull: PullRequest, repository: str) -> list[Link]:
    """Return the link to the change that this one reverts, as GitHub's revert button writes it; none otherwise."""
    if not pull.title.startswith("Revert "):
        return []
    host = repository.partition("/")[0]
    said = _REVERT_BODY.search(pull.body or "")
    if said:
        there = f"{host}/{said[1]}" if said[1] else repository
        uri, method = change_uri(there, said[2]), LinkMethod.EXPLICIT
    elif branch := _REVERT_BRANCH.match(pull.head.ref):
        uri, method = change_uri(repository, branch[1]), LinkMethod.KEY_IN_BRANCH
    else:
        return []
    return [Link(uri=uri, kind=LinkKind.RELATES_TO, method=method)]
