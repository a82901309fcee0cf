"""`vsm check`: what it says of a file, and what a new file would make of an old log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from ingest.routing import Router
from schemas.codec import Codec
from schemas.definition_file import parse
from schemas.event import ActorClass, FlowEvent
from schemas.log import Outgoing
from schemas.log_local import LocalLog
from schemas.topics import FLOW_EVENTS, key
from tests.builders.engine_events import fact
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.notes import notes

OLD = """\
version: 1
services:
  - {service: cart, repositories: ["github.com/acme/mono"], paths: ["cart/**"]}
value_streams:
  - {name: old, select: [{repository: "github.com/acme/*"}]}
  - {name: twin, select: [{project: jira/CHK}, {repository: "github.com/acme/mono"}]}
"""
NEW = """\
version: 1
services:
  - {service: basket, repositories: ["github.com/acme/mono"], paths: ["cart/**"]}
value_streams:
  - name: checkout
    select:
      - {project: jira/CHK}
      - {service: basket}
      - {repository: gitlab.com/acme/none}
    steps:
      - {name: Doing, status: [In Progress, Doing]}
      - name: Review
        queue: {on: change.created, first: true}
        start: {on: change.reviewed, by: human}
        returned: {on: change.reviewed, where: {decision: changes_requested}}
  - name: claims
    select: [{project: none/AT-ALL}]
    steps: [{name: Sign, start: {on: activity.started, where: {activity: Sign}}}]
"""
MONO = "github.com/acme/mono"
EVENTS = (
    fact("ticket.created", "ticket:jira/CHK-1", 0, state="To Do", project="jira/CHK"),
    fact("ticket.updated", "ticket:jira/CHK-1", 1, state="Doing", project="jira/CHK"),
    fact("ticket.updated", "ticket:jira/OPS-1", 1, state="Doing", project="jira/OPS"),
    fact("change.created", f"change:{MONO}/1", 2, repository=MONO, project="jira/CHK"),
    fact("change.reviewed", f"change:{MONO}/1", 3, repository=MONO, project="jira/CHK", decision="changes_requested"),
    fact("change.reviewed", f"change:{MONO}/1", 4, repository=MONO, project="jira/CHK", by=ActorClass.BOT),
    fact("commit.created", "commit:a", 1, repository=MONO, paths="cart/a.py"),
    fact("commit.created", "commit:b", 1, repository=MONO, paths="docs/a.md"),
)
IMPORTED = fact("activity.started", "activity:7", 1, activity="Sign", routed_by="import")


def log_of(data: Path, *more: FlowEvent) -> LocalLog:
    """A log as an ingester under the old file leaves it, every copy twice, with a record nobody can read."""
    codec, router, log = Codec(), Router(parse(OLD)), LocalLog(data / "log")
    copies = [copy for event in EVENTS for copy in router.route(replace(event, value_stream="unrouted"))]
    records = [
        Outgoing(FLOW_EVENTS.name, i % 4, key(event.value_stream, event.event_id), codec.encode(event))
        for i, event in enumerate([*copies, *more, *copies, *more])
    ]
    log.append_and_wait([*records, Outgoing(FLOW_EVENTS.name, 0, b"k", b"not avro")])
    return log


def checked(folder: Path, text: str, *options: str) -> Result:
    """What `vsm check` says of a file."""
    (folder / "new.yaml").write_text(text)
    return CliRunner().invoke(app, ["check", str(folder / "new.yaml"), *options])


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a directory and what is in it."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_right_file_is_told_with_its_streams(tmp_path: Path) -> None:
    """Each stream with its steps, and status 0."""
    told = checked(tmp_path, NEW)
    assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "checkout: Doing > Review")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "project: jira/CHK",
            "projekt: jira/CHK",
            "new.yaml:7:10: value_streams[0].select[0].projekt: unknown key (did",
        ),
        ("version: 1", "version: 1\nsources: [{tool: svn, name: a, insecure: true}]", "'svn' is not one of"),
        ("version: 1", "version: 1 \x07", "control character U+0007"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """On stderr, with status 1."""
    told = checked(tmp_path, NEW.replace(old, new, 1))
    assert (told.exit_code, said in told.stderr, told.stdout) == (1, True, "")


def test_the_schema_is_printed() -> None:
    """`--schema` needs no file and prints JSON alone."""
    told = CliRunner().invoke(app, ["check", "--schema"])
    assert (told.exit_code, json.loads(told.stdout)["title"]) == (0, "VSM value-stream file")


def test_a_new_file_is_counted_against_an_old_log(tmp_path: Path) -> None:
    """Each event once: claimed by which selectors and matched by which rules of the new file, as if it came now."""
    log_of(tmp_path, replace(IMPORTED, value_stream="claims"), replace(IMPORTED, value_stream="gone")).close()

    told = checked(tmp_path, NEW, "--against", str(tmp_path))

    assert told.stdout.splitlines()[:-1] == [
        "checkout: 6 of 10 events",
        "         5  select {project: jira/CHK}",
        "         1  select {service: basket}",
        "         0  select {repository: gitlab.com/acme/none}  none: is that meant?",
        "  Doing",
        "         1    status: ticket.created | ticket.updated | ticket.closed where {state: In Progress | Doing}",
        "  Review",
        "         1    queue: change.created, the first of an item",
        "         1    start: change.reviewed by human",
        "         1    returned: change.reviewed where {decision: changes_requested}",
        "claims: 1 of 10 events",
        "         0  select {project: none/AT-ALL}  none: is that meant?",
        "         1  imported",
        "  Sign",
        "         1    start: activity.started where {activity: Sign}",
        "claimed by no stream: 3 of 10 events",
        "not readable: 1 records",
    ]


def test_counting_changes_nothing_at_rest(tmp_path: Path) -> None:
    """Not a byte and not a file of the data directory."""
    log_of(tmp_path / "data").close()
    before = files(tmp_path / "data")

    told = checked(tmp_path, NEW, "--against", str(tmp_path / "data"))

    assert (told.exit_code, files(tmp_path / "data") == before) == (0, True)


def test_counting_goes_on_beside_a_running_stack(tmp_path: Path) -> None:
    """While the log is open and not yet written through, what is in it is counted."""
    log = log_of(tmp_path)

    told = checked(tmp_path, NEW, "--against", str(tmp_path))
    log.close()

    assert told.stdout.splitlines()[0] == "checkout: 6 of 8 events"


def test_a_directory_without_a_log_is_told(tmp_path: Path) -> None:
    """Nothing is made there."""
    told = checked(tmp_path, NEW, "--against", str(tmp_path / "nowhere"))
    assert (told.exit_code, "holds no log" in told.stderr, (tmp_path / "nowhere").exists()) == (1, True, False)


def test_another_command_tells_a_broken_file_like_check(tmp_path: Path) -> None:
    """With its place and status 1, not as a crash."""
    folder = DataDir(tmp_path)
    folder.make()
    LocalLog(folder.log).close()
    folder.config.write_bytes(b"version: 1\nvalue_streams: [caf\xe9]\n")
    told = CliRunner().invoke(app, ["dead-letters", "replay", "all", "--data", str(tmp_path)])
    assert (told.exit_code, "value-streams.yaml:2:20: " in told.stderr) == (1, True)


@pytest.mark.parametrize(
    ("stream", "note"),
    [
        ("select: ['*'], environments: [dev, production]", "s.environments: events say 'development' for 'dev'"),
        ("select: ['*'], environments: [perf, production]", None),
        ("select: ['*'], environments: [live-eu, production]", "s.environments: events say 'production' for 'live-eu'"),
        ("select: ['*'], environments: [prod-eu, production]", None),
        ("select: [{repository: acme/shop}]", "s.select: 'acme/shop' is no host/owner/name"),
        (
            "select: [{repository: 'https://github.com/acme/shop'}]",
            "s.select: 'https://github.com/acme/shop' is no host",
        ),
        ("select: [{repository: '*shop'}]", None),
        ("select: [{project: CHK}]", "s.select: 'CHK' is no tool/KEY"),
        ("select: [{service: cart}]", "s.select: pull requests and builds of github.com/acme/mono tell no files"),
        ("select: [{service: cart}, {project: jira/CHK}]", None),
        (
            "select: ['*'], steps: [{name: R, start: {on: change.reviewed, where: {decison: x}}}]",
            "s.R.start: 'decison' is read as an attribute; is 'decision' meant?",
        ),
        ("select: ['*'], steps: [{name: R, start: {on: change.reviewed, where: {squad: x}}}]", None),
    ],
)
def test_what_is_likely_not_meant_is_noted(stream: str, note: str | None) -> None:
    """A note says what to look at again; it is no error."""
    text = (
        "version: 1\nsources: [{tool: argocd, name: a, insecure: true, environments: {x: prod-eu}}]\n"
        "services: [{service: cart, repositories: github.com/acme/mono, paths: cart}]\n"
        f"value_streams: [{{name: s, {stream}}}]\n"
    )
    found = list(notes(parse(text)))
    assert [line[: len(note or "")] for line in found] == ([note] if note else [])
