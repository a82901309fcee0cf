"""`vsm import csv|git`: histories as flow events, on the same path as live ones."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from ingest.importers import event_log, git_history
from ingest.importers.activities import FINISHED, STARTED, BadLog, steps_yaml
from vsm.data_dir import DataDir
from vsm.importing import ImportRefused, address, folder_name, post, token
from vsm.options import DEFAULT_DATA, Data, To, fail, out
from vsm.progress import bar

Stream = Annotated[str, typer.Option("--stream", help="The value stream the events belong to.")]


def import_csv(  # noqa: PLR0913 - the columns are options
    file: Annotated[Path, typer.Argument(help="An event log with a header line.")],
    stream: Stream,
    case: Annotated[str, typer.Option(help="Column of the case.")],
    activity: Annotated[str, typer.Option(help="Column of the activity.")],
    time: Annotated[str, typer.Option("--time", "--end", help="Column of the time, or of the end beside --start.")],
    start: Annotated[str | None, typer.Option(help="Column of the start.")] = None,
    lifecycle: Annotated[str | None, typer.Option(help="Column that says start or complete.")] = None,
    zone: Annotated[str, typer.Option(help="Zone of times that name none.")] = "UTC",
    *,
    print_steps: Annotated[bool, typer.Option("--print-steps", help="Only print a steps: section.")] = False,
    to: To = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Import an event log in CSV: a row is an activity of a case.

    Example: `vsm import csv log.csv --stream claims --case case_id --activity task --start begin --end end`
    """
    if start is not None and lifecycle is not None:
        fail("--start and --lifecycle exclude each other: a row has both times, or is one of them", status=2)
    columns = event_log.Columns(case=case, activity=activity, end=time, start=start, lifecycle=lifecycle, zone=zone)
    skipped = event_log.Skipped(by_lifecycle=Counter())
    folder = DataDir(data)
    try:
        if print_steps:
            names = event_log.activities(_rows(file), activity)
            kinds = {FINISHED} if start is None and lifecycle is None else {STARTED, FINISHED}
            sys.stdout.write(steps_yaml(names, kinds))
            return
        total = sum(1 for _ in event_log.facts(_rows(file), columns))
        with bar("importing", total) as advance:
            facts = event_log.facts(_rows(file), columns, skipped)
            taken = post(facts, stream, address(folder, to), token(folder), advance)
    except (BadLog, csv.Error) as bad:
        fail(f"{file}: {bad}")
    except ImportRefused as bad:
        fail(str(bad))
    except (OSError, UnicodeDecodeError) as bad:
        fail(f"{file}: {bad}")
    out.print(f"imported {taken} events into {stream}", markup=False)
    for value, count in sorted(skipped.by_lifecycle.items()):
        out.print(f"skipped {count} rows whose {lifecycle} is '{value}': neither a start nor an end", markup=False)


def import_git(
    path: Annotated[Path, typer.Argument(help="A git repository, with a work tree or bare.")],
    stream: Stream,
    branch: Annotated[str, typer.Option(help="The main line.")] = "HEAD",
    environment: Annotated[str, typer.Option(help="Where tags are deployed to.")] = "production",
    to: To = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Import a git history: commits, merges as changes, tags as deployments.

    Example: `vsm import git ../checkout --stream checkout`
    """
    folder = DataDir(data)
    try:
        head = _git(path, "rev-parse", "--verify", f"{branch}^{{commit}}").strip()
        commits = git_history.parse_log(_git(path, "log", head, git_history.LOG_FORMAT))
        tags = git_history.parse_tags(_git(path, "for-each-ref", "refs/tags", git_history.TAG_FORMAT))
        remote = _git(path, "config", "--default", "", "--get", "remote.origin.url")
        repository = git_history.repository_of(remote, folder_name(path))
        with bar("importing", None) as advance:
            facts = git_history.facts(commits, head, tags, repository, environment)
            taken = post(facts, stream, address(folder, to), token(folder), advance)
    except ImportRefused as bad:
        fail(str(bad))
    except subprocess.CalledProcessError as bad:
        fail(f"{path}: git says: {bad.stderr.strip()}")
    except OSError as bad:
        fail(f"{path}: {bad}")
    out.print(
        f"imported {taken} events of {len(commits)} commits and {len(tags)} tags of {repository} into {stream}",
        markup=False,
        soft_wrap=True,
    )


def _rows(file: Path) -> Iterator[Mapping[str, str | None]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        sample = lines.read(65_536)
        lines.seek(0)
        delimiter = max(",;\t", key=sample.partition("\n")[0].count)
        yield from csv.DictReader(lines, delimiter=delimiter)


def _git(path: Path, *arguments: str) -> str:
    """Run git on a repository without its hooks, pagers or configured programs."""
    command = ["git", "-C", str(path), "-c", "core.fsmonitor=false", "--no-pager", *arguments]
    return subprocess.run(  # noqa: S603 - fixed program, arguments never through a shell
        command, check=True, capture_output=True, encoding="utf-8", errors="replace"
    ).stdout
