"""Histories as facts: event logs and git repositories."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from ingest.importers import event_log, git_history

ENDS = event_log.Columns(case="case", activity="task", end="end")
SPANS = event_log.Columns(case="case", activity="task", end="end", start="begin")


def short(facts: list[dict[str, object]]) -> list[tuple[object, object, object]]:
    """Return type, subject and time of facts."""
    return [(f["type"], f["subject_id"], f["occurred_at"]) for f in facts]


def test_a_row_with_both_times_is_a_start_and_a_finish() -> None:
    """Times without a zone are UTC."""
    rows = [{"case": "7", "task": "Sign", "begin": "2026-01-02 08:00", "end": "2026-01-02T09:30:00+01:00"}]
    assert short(list(event_log.facts(rows, SPANS))) == [
        ("activity.started", "activity:7", "2026-01-02T08:00:00+00:00"),
        ("activity.finished", "activity:7", "2026-01-02T08:30:00+00:00"),
    ]


def test_a_lifecycle_column_says_what_a_row_is_and_others_are_counted() -> None:
    """`start` and `complete` are boundaries; `assign` is counted as skipped."""
    columns = event_log.Columns(case="case", activity="task", end="at", lifecycle="phase")
    skipped = event_log.Skipped(by_lifecycle=Counter())
    rows = [
        {"case": "7", "task": "Sign", "at": "2026-01-02T08:00", "phase": phase}
        for phase in ("assign", "start", "COMPLETE")
    ]
    assert ([f["type"] for f in event_log.facts(rows, columns, skipped)], skipped.by_lifecycle) == (
        ["activity.started", "activity.finished"],
        {"assign": 1},
    )


def test_identical_rows_are_told_apart_by_how_many_came_before() -> None:
    """Two equal rows are two facts, the same two at every import."""
    rows = [{"case": "7", "task": "Sign", "end": "2026-01-02T08:00"}] * 2
    assert [f["attributes"] for f in event_log.facts(rows, ENDS)] == [
        {"activity": "Sign"},
        {"activity": "Sign", "repeat": "1"},
    ]


def test_a_zone_is_taken_for_times_that_name_none() -> None:
    """08:00 in Berlin's winter is 07:00 UTC."""
    columns = event_log.Columns(case="case", activity="task", end="end", zone="Europe/Berlin")
    rows = [{"case": "7", "task": "Sign", "end": "2026-01-02T08:00"}]
    assert short(list(event_log.facts(rows, columns)))[0][2] == "2026-01-02T07:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"case": "7", "task": "Sign"}, "row 1: there is no column 'end'"),
        ({"case": "", "task": "Sign", "end": "2026-01-02"}, "row 1: column 'case' is empty"),
        ({"case": "7", "task": "Sign", "end": "yesterday"}, "row 1: column 'end': 'yesterday' is no ISO 8601 time"),
    ],
)
def test_a_bad_row_is_named(row: dict[str, str | None], message: str) -> None:
    """Row, column and reason."""
    with pytest.raises(event_log.BadRow, match=message):
        list(event_log.facts([row], ENDS))


class Repository:
    """A git repository in the making, with fixed times."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hours = 0
        self.run("init", "-q", "-b", "main")

    def run(self, *arguments: str) -> str:
        """Run git an hour later than the last commit."""
        at = f"{1_700_000_000 + 3_600 * self.hours} +0000"
        identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
        environment = {
            **os.environ, **identity, "GIT_COMMITTER_EMAIL": "a@b", "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at,
        }  # fmt: skip
        command = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def commit(self, message: str) -> str:
        """Make an empty commit and return its id."""
        self.hours += 1
        self.run("commit", "-q", "--allow-empty", "-m", message)
        return self.run("rev-parse", "HEAD")

    def facts(self) -> list[dict[str, object]]:
        """Read the history as facts."""
        commits = git_history.parse_log(self.run("log", "HEAD", git_history.LOG_FORMAT))
        tags = git_history.parse_tags(self.run("for-each-ref", "refs/tags", git_history.TAG_FORMAT))
        return list(git_history.facts(commits, self.run("rev-parse", "HEAD"), tags, "github.com/acme/app"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return an empty repository."""
    return Repository(tmp_path)


def test_a_merge_is_a_change_with_the_commits_it_brought(repository: Repository) -> None:
    """The side branch's commits are part of the merge commit; the change carries the number of its pull request."""
    repository.commit("first")
    repository.run("checkout", "-q", "-b", "side")
    side = repository.commit("work")
    repository.run("checkout", "-q", "main")
    repository.hours += 1
    repository.run("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from acme/side", "side")
    found = [(f["type"], f["subject_id"]) for f in repository.facts()]
    merge = f"commit:{repository.run('rev-parse', 'HEAD')}"
    assert found[2:] == [
        ("commit.created", f"commit:{side}"),
        ("commit.created", merge),
        ("commit.landed", merge),
        ("change.created", "change:github.com/acme/app/12"),
        ("change.merged", "change:github.com/acme/app/12"),
    ]


def test_a_squashed_pull_request_is_a_change_of_one_commit(repository: Repository) -> None:
    """`(#N)` at the end of a main line commit's subject names its change, opened when it was merged."""
    repository.commit("Add a thing (#7)")
    assert [f["type"] for f in repository.facts()] == [
        "commit.created", "commit.landed", "change.created", "change.merged",
    ]  # fmt: skip


def test_a_tag_is_a_deployment_of_its_commit(repository: Repository) -> None:
    """An annotated tag deploys the commit it names, to production."""
    sha = repository.commit("first")
    repository.run("tag", "-a", "-m", "one", "v1")
    deployment = repository.facts()[-1]
    assert (deployment["subject_id"], deployment["environment"], deployment["links"]) == (
        "deployment:git/github.com/acme/app/v1",
        "production",
        [{"uri": f"commit:{sha}", "kind": "deploys", "method": "commit", "confidence": 1.0}],
    )


@pytest.mark.parametrize(
    ("remote", "repository_name"),
    [
        ("git@github.com:acme/app.git", "github.com/acme/app"),
        ("https://github.com/acme/app", "github.com/acme/app"),
        ("ssh://git@git.acme.example:2222/team/sub/app.git", "git.acme.example/team/sub/app"),
        ("https://GitHub.com/acme/app", "github.com/acme/app"),
        ("https://octo:half@secret@github.com/acme/app", "github.com/acme/app"),
        ("https://octo.cat:half/secret@github.com/acme/app", "local/local/folder"),
        ("../../octo/app.git", "local/local/folder"),
        ("", "local/local/folder"),
        ("/srv/git/app.git", "local/local/folder"),
    ],
)
def test_a_remote_names_the_repository(remote: str, repository_name: str) -> None:
    """Host, owner and name of whatever form; a path is no name."""
    assert git_history.repository_of(remote, "folder") == repository_name
