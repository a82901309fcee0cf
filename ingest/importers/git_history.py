"""A git history as import facts: commits, the merges of the main line as changes, tags as production deployments.

A merge commit's change holds the commits its side branch brought. A commit made straight on the main line whose subject
ends in `(#N)` is a squashed change: git does not keep when that was opened, so it is opened when it is merged, and its
review shows no time. Any other commit of the main line is one for itself and lands when it was committed. Tags are
deployments in the order of their times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from ingest.vocabulary import repositories

_FIELD: Final = "\x1f"
_RECORD: Final = "\x1e"
LOG_FORMAT: Final = f"--format=%H{_FIELD}%P{_FIELD}%at{_FIELD}%ct{_FIELD}%ae{_FIELD}%s{_RECORD}"
"""What `git log` is asked for."""
TAG_FORMAT: Final = f"--format=%(refname:short){_FIELD}%(objectname){_FIELD}%(*objectname){_FIELD}%(creatordate:unix)"
"""What `git for-each-ref refs/tags` is asked for."""

_MERGE_SUBJECT: Final = re.compile(r"Merge pull request #(\d+)|Merge branch .* into .*!(\d+)")
_SQUASH_SUBJECT: Final = re.compile(r"\(#(\d+)\)\s*$")


class Commit(Struct, frozen=True, kw_only=True):
    """One commit; times in epoch seconds."""

    sha: str
    parents: tuple[str, ...]
    authored: int
    committed: int
    author: str
    subject: str


class Tag(Struct, frozen=True, kw_only=True):
    """One tag: the commit it names and when it was made, epoch seconds."""

    name: str
    commit: str
    at: int


def parse_log(text: str) -> list[Commit]:
    """Return the commits of `git log LOG_FORMAT`, in its order."""
    commits = []
    for record in text.split(_RECORD):
        if not record.strip():
            continue
        sha, parents, authored, committed, author, subject = record.lstrip("\n").split(_FIELD, 5)
        commits.append(
            Commit(
                sha=sha,
                parents=tuple(parents.split()),
                authored=int(authored),
                committed=int(committed),
                author=author,
                subject=subject,
            )
        )
    return commits


def parse_tags(text: str) -> list[Tag]:
    """Return the tags of `git for-each-ref TAG_FORMAT`; those that name no time are left out."""
    tags = []
    for line in text.splitlines():
        name, direct, peeled, at = line.split(_FIELD)
        if at.strip():
            tags.append(Tag(name=name, commit=peeled or direct, at=int(at)))
    return sorted(tags, key=lambda tag: (tag.at, tag.name))


def repository_of(remote: str, folder: str) -> str:
    """Return `host/owner/name` of a remote address, or `local/local/FOLDER` where there is none to be read."""
    return repositories.repository_of(remote) or f"local/local/{folder}"


def facts(
    commits: Iterable[Commit], head: str, tags: Iterable[Tag], repository: str, environment: str = "production"
) -> Iterator[dict[str, object]]:
    """Yield the import facts of a history whose main line ends at commit `head`; the same history, the same facts."""
    by_sha = {commit.sha: commit for commit in commits}
    owner: dict[str, str] = {}
    for commit in _main_line(by_sha, head):
        change = _change_number(commit)
        brought = list(_brought(by_sha, commit, owner))
        owner[commit.sha] = commit.sha
        for other in brought:
            owner[other.sha] = commit.sha
            yield _commit_fact(other, repository, part_of=commit.sha)
        yield _commit_fact(commit, repository, part_of=None)
        yield _landing_fact(commit, repository)
        if brought or change is not None:
            yield from _change_facts(commit, brought, repository, change or commit.sha[:12])
    for position, tag in enumerate(tags):
        if tag.commit in owner:
            yield _deployment_fact(tag, position, repository, environment)


def _main_line(by_sha: Mapping[str, Commit], head: str) -> list[Commit]:
    """Return the first-parent chain, oldest first."""
    line = []
    current = by_sha.get(head)
    while current is not None:
        line.append(current)
        current = by_sha.get(current.parents[0]) if current.parents else None
    return line[::-1]


def _brought(by_sha: Mapping[str, Commit], merge: Commit, owner: Mapping[str, str]) -> Iterator[Commit]:
    """Yield the commits a merge's side parents bring that nothing before it had; linear over the whole history."""
    waiting = list(merge.parents[1:])
    seen: set[str] = set()
    while waiting:
        sha = waiting.pop()
        if sha in seen or sha in owner or sha not in by_sha:
            continue
        seen.add(sha)
        yield by_sha[sha]
        waiting.extend(by_sha[sha].parents)


def _change_number(commit: Commit) -> str | None:
    match = _MERGE_SUBJECT.search(commit.subject) or _SQUASH_SUBJECT.search(commit.subject)
    return next((group for group in match.groups() if group), None) if match else None


def _commit_fact(commit: Commit, repository: str, part_of: str | None) -> dict[str, object]:
    fact: dict[str, object] = {
        "type": "commit.created",
        "tool": "git",
        "occurred_at": _iso(commit.authored),
        "subject_id": f"commit:{commit.sha}",
        "attributes": {"repository": repository},
        "actor_account": commit.author,
    }
    if part_of is not None:
        fact["links"] = [_link(f"commit:{part_of}", "part_of", "commit")]
    return fact


def _landing_fact(commit: Commit, repository: str) -> dict[str, object]:
    """Return that a commit reached the main line, whatever that is called there."""
    return {
        "type": "commit.landed",
        "tool": "git",
        "occurred_at": _iso(commit.committed),
        "subject_id": f"commit:{commit.sha}",
        "attributes": {"repository": repository, "branch": "main"},
    }


def _change_facts(merge: Commit, brought: list[Commit], repository: str, number: str) -> Iterator[dict[str, object]]:
    """Yield the opening (not before the side branch's last commit) and the merge of a change."""
    subject = f"change:{repository}/{number}"
    attributes = {"repository": repository}
    opened = min(max((commit.committed for commit in brought), default=merge.committed), merge.committed)
    yield {
        "type": "change.created",
        "tool": "git",
        "occurred_at": _iso(opened),
        "subject_id": subject,
        "state": "ready",
        "attributes": attributes,
    }
    yield {
        "type": "change.merged",
        "tool": "git",
        "occurred_at": _iso(merge.committed),
        "subject_id": subject,
        "links": [_link(f"commit:{merge.sha}", "merged_as", "commit")],
        "attributes": attributes,
    }


def _deployment_fact(tag: Tag, position: int, repository: str, environment: str) -> dict[str, object]:
    return {
        "type": "service.deployed",
        "tool": "git",
        "occurred_at": _iso(tag.at),
        "subject_id": f"deployment:git/{repository}/{tag.name}",
        "order": position,
        "outcome": "success",
        "environment": environment,
        "links": [_link(f"commit:{tag.commit}", "deploys", "commit")],
        "attributes": {"repository": repository, "service": repository.rpartition("/")[2]},
    }


def _link(uri: str, kind: str, method: str) -> dict[str, object]:
    return {"uri": uri, "kind": kind, "method": method, "confidence": 1.0}


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
