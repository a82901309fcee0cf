"""What a tool's API tells of a month is what was received live: the same facts, under the same ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import structs

from ingest.adapter import Ignored
from ingest.history.histories import HISTORIES
from ingest.history.history import Scope, Told
from tests.builders.deliveries import BY_TOOL, translated
from tests.builders.pasts import MARCH, backfilled, facts, history, live_facts, march, plain, received, told_facts
from tests.builders.recorded_api import recording
from vsm.history.checkpoints import Checkpoint, Progress
from vsm.history.walking import batches

RECORDINGS: Final = ("github/api", "gitlab/api", "jira/cloud", "jira/server")
DAY: Final = 86_400_000_000
NOT_TOLD: Final[Mapping[str, set[str]]] = {
    "github": {"projects_v2_item"},
    "gitlab": set(),
    "jira": {"issue_deleted"},
}
"""The events of an adapter that no API tells, or none that is asked; the page on backfilling says so."""

DOCS: Final = Path(__file__).parents[3] / "docs"
FIFTH: Final = (MARCH + 4 * DAY, MARCH + 5 * DAY)
KEY: Final = b"a key of the tests, 32 bytes long"


def tool_of(name: str) -> str:
    """Return the tool of a recording."""
    return name.partition("/")[0]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_month_told_by_the_api_is_the_month_received_live(name: str) -> None:
    """Every fact has the same id and says the same, whatever the API shows of the present."""
    tool = tool_of(name)
    told = told_facts(tool, backfilled(tool, name, march(tool, tells_paths=True)))
    live = live_facts(tool, f"{tool}/live")
    assert (len(live) > 15, plain(told)) == (True, plain(live))


@pytest.mark.parametrize("tool", [one.tool for one in HISTORIES])
def test_every_event_of_an_adapter_is_told_or_said_not_to_be(tool: str) -> None:
    """The month holds each event that the adapter reads but for those that the page on backfilling names."""
    adapter = BY_TOOL[tool]
    told = {
        adapter.event_type(one.headers, one.body)
        for one in backfilled(tool, next(name for name in RECORDINGS if tool_of(name) == tool), march(tool))
    }
    page = (DOCS / "backfill.md").read_text(encoding="utf-8")
    unnamed = {event for event in NOT_TOLD[tool] if f"`{event}`" not in page}
    assert (set(adapter.translate) - told, unnamed) == (NOT_TOLD[tool], set())


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("size", [1, 100])
def test_the_size_of_pages_changes_nothing(name: str, size: int) -> None:
    """Lists of one a page and of all on one page tell the same."""
    tool = tool_of(name)
    one, scope = history(tool), march(tool)
    progress = Progress(pending=list(one.begin(scope)))
    found = {told.body for batch in batches(one, scope, progress, recording(name, size).ask) for told in batch}
    assert found == {told.body for told in backfilled(tool, name, scope)}


@pytest.mark.parametrize("name", RECORDINGS)
def test_only_what_happened_in_the_time_asked_for_is_told(name: str) -> None:
    """A day holds the deliveries of that day alone; they are some, and fewer than the month's."""
    tool = tool_of(name)
    day = structs.replace(march(tool), since=FIFTH[0], until=FIFTH[1])
    found = backfilled(tool, name, day)
    outside = [told.at for told in found if not day.since <= told.at < day.until]
    assert (0 < len(found) < len(backfilled(tool, name, march(tool))), outside) == (True, [])


def test_a_day_of_github_is_that_day_received_live() -> None:
    """What began before (a branch, a review) is known all the same: the facts of the day say what live ones say."""
    scope = structs.replace(march("github", tells_paths=True), since=FIFTH[0], until=FIFTH[1])
    told = told_facts("github", backfilled("github", "github/api", scope))
    live = live_facts("github", "github/live")
    merged_and_run = {
        event_id
        for event_id, event in live.items()
        if FIFTH[0] <= event.occurred_at < FIFTH[1] and not event.type.startswith("commit.created")
    }
    assert (merged_and_run - set(told), {event_id for event_id in told if told[event_id] != live.get(event_id)}) == (
        set(),
        set(),
    )


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("after", [1, 3, 6])
def test_an_interrupted_run_goes_on_where_it_was(name: str, after: int, tmp_path: Path) -> None:
    """What was told before the interruption and what the next run tells is the whole, the last batch at most twice."""
    tool = tool_of(name)
    one, scope = history(tool), march(tool)
    checkpoint = Checkpoint(tmp_path, KEY, tool, "acme", "https://api.example.com", scope)
    first = Progress(pending=list(one.begin(scope)))
    found: list[Told] = []
    for number, batch in enumerate(
        batches(one, scope, first, recording(name).ask, lambda: checkpoint.save(first), units=1)
    ):
        found += batch
        if number == after:
            break
    resumed = checkpoint.load() or first
    found += [told for batch in batches(one, scope, resumed, recording(name).ask) for told in batch]
    assert {told.body for told in found} == {told.body for told in backfilled(tool, name, scope)}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_checkpoint_names_nobody(name: str, tmp_path: Path) -> None:
    """What is still to be asked holds branches and accounts; the file is sealed, and for its owner alone."""
    tool = tool_of(name)
    one, scope = history(tool), march(tool)
    checkpoint = Checkpoint(tmp_path, KEY, tool, "acme", "https://api.example.com", scope)
    progress = Progress(pending=list(one.begin(scope)))
    kept: list[bytes] = []
    modes: set[int] = set()

    def keep() -> None:
        checkpoint.save(progress)
        for file in (tmp_path / "backfill").iterdir():
            kept.append(file.read_bytes())
            modes.add(file.stat().st_mode & 0o777)

    for _ in batches(one, scope, progress, recording(name).ask, keep, units=1):
        pass
    named = [file for file in kept if b"planted" in file.lower() or b"12-fix" in file]
    assert (len(kept) > 1, named, modes) == (True, [], {0o600})


def test_another_scope_is_another_checkpoint(tmp_path: Path) -> None:
    """A run for another stretch of time does not go on with this one's work."""
    scope = march("jira")
    later = Scope(places=scope.places, since=scope.since, until=scope.until + DAY)
    progress = Progress(pending=list(history("jira").begin(scope)))
    Checkpoint(tmp_path, KEY, "jira", "acme", "https://a.example.com", scope).save(progress)
    assert Checkpoint(tmp_path, KEY, "jira", "acme", "https://a.example.com", later).load() is None


@pytest.mark.parametrize("tool", [one.tool for one in HISTORIES])
def test_what_was_received_live_twice_is_known_once(tool: str) -> None:
    """The recording of the month is made of facts that differ: doubling every delivery adds none."""
    deliveries = [(bytes(one.body), one.headers(tool)) for one in received(f"{tool}/live")]
    assert plain(facts(tool, deliveries * 2)) == plain(facts(tool, deliveries))


def test_a_push_of_more_than_twenty_commits_is_told_as_gitlab_tells_it() -> None:
    """GitLab's webhook holds the newest twenty."""
    answers = {**recording("gitlab/api").answers}
    path = next(name for name in answers if "compare" in name and name.endswith("to=" + "c2" * 20))
    commit = answers[path]["commits"][0]
    answers[path] = {"commits": [{**commit, "id": f"{number:040x}"} for number in range(1, 26)]}
    one, scope = history("gitlab"), march("gitlab")
    progress = Progress(pending=list(one.begin(scope)))
    told = [
        t
        for batch in batches(one, scope, progress, structs.replace(recording("gitlab/api"), answers=answers).ask)
        for t in batch
    ]
    pushes = [msgspec.json.decode(t.body) for t in told if t.headers["x-gitlab-event"] == "Push Hook"]
    assert max(len(push["commits"]) for push in pushes) == 20


def test_a_review_that_was_dismissed_keeps_its_decision() -> None:
    """The API shows a dismissed review as dismissed; the timeline says what it was."""
    told = backfilled("github", "github/api", march("github"))
    events = [
        e
        for one in told
        if not isinstance(found := translated("github", one.body, one.headers), Ignored)
        for e in found
    ]
    decisions = [e.attributes.get("decision") for e in events if e.attributes.get("decision")]
    assert decisions == ["changes_requested", "dismissed", "approved"]


def test_a_repository_without_issues_tells_its_pull_requests() -> None:
    """The list of issues is gone there, and it is the one that holds pull requests too."""
    whole = recording("github/api").answers
    answers = {path: answer for path, answer in whole.items() if path != "/repos/acme/shop/issues"}
    answers["/repos/acme/shop/pulls"] = [whole["/repos/acme/shop/pulls/8"], whole["/repos/acme/shop/pulls/7"]]
    one, scope = history("github"), march("github")
    progress = Progress(pending=list(one.begin(scope)))
    asking = batches(one, scope, progress, structs.replace(recording("github/api"), answers=answers).ask)
    found = {told.body for batch in asking for told in batch}
    without = {
        told.body for told in backfilled("github", "github/api", scope) if told.headers["x-github-event"] != "issues"
    }
    assert found == without
