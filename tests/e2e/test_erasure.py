"""`vsm forget` on the running one-machine stack: what is kept of a source, or of somebody, goes, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from msgspec import Raw, Struct
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from lab.sending import SentDelivery
from lab.simulate import deliveries
from schemas.identity import pseudonym
from schemas.identity_key import load_identity_key
from sinks.clickhouse.client import open_embedded
from tests.builders.one_machine import END_MICROS, gauges, organisation, settle, tables
from tests.builders.release import copied
from vsm.cli import app
from vsm.one_machine.organisation import send
from vsm.store import open_store

pytestmark = pytest.mark.timeout(400)

PLANTED: Final = "plantedword"
FORK: Final = f"platform-{PLANTED}".encode()
SOURCE: Final = "  - {tool: github, name: second, secret: {value: 'a secret of sixteen'}}\nvalue_streams:\n"
SEED, ITEMS = 7, 12


@pytest.fixture(scope="module", autouse=True)
def _one_release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every process of this module run from one copy of the code, whatever is edited meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copied(tmp_path_factory.mktemp("release")))
        yield


def with_second_source(text: str) -> str:
    """Add a second connection of GitHub to the value-stream file."""
    return text if SOURCE in text else text.replace("value_streams:\n", SOURCE)


def sent() -> list[SentDelivery]:
    """What the organisation sends."""
    return list(deliveries(SEED, ITEMS, END_MICROS))


def planted(hooks: Iterable[SentDelivery]) -> list[SentDelivery]:
    """What GitHub sends of a fork by the second connection: other changes of the same tickets, and the same commits."""
    forked = [
        replace(hook, source="second", body=Raw(bytes(hook.body).replace(b"platform-gateway", FORK)))
        for hook in hooks
        if hook.tool == "github" and b"platform-gateway" in bytes(hook.body)
    ]
    assert len(forked) > 20
    return forked


def broken(source: str, word: str) -> SentDelivery:
    """A delivery of a push that cannot be translated."""
    some = next(hook for hook in sent() if hook.headers.get("X-GitHub-Event") == "push")
    return replace(some, source=source, body=Raw(json.dumps({"ref": 5, "said": word}).encode()))


def vsm(root: Path, *arguments: str) -> Result:
    """Run a command on a data directory."""
    return CliRunner().invoke(app, [*arguments, "--data", str(root)])


class Story(Struct, frozen=True, kw_only=True):
    """What was seen before and after a source was forgotten, and in a stack that never had it."""

    never: tuple[Mapping[str, object], list[str]]
    before: Mapping[str, object]
    tried: str
    said: Result
    after: tuple[Mapping[str, object], list[str]]
    letters: str
    held: tuple[list[str], list[str]]
    again: Mapping[str, object]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two stacks: one that never had the source, one that had it and forgot it; then it sends again."""
    elsewhere, root = tmp_path_factory.mktemp("never"), tmp_path_factory.mktemp("erasure")
    with organisation(elsewhere, edit=with_second_source) as stack:
        send(stack, [*sent(), broken("acme", "kept")])
        settle(stack)
        never = tables(elsewhere), gauges(stack)
    with organisation(root, edit=with_second_source) as stack:
        send(stack, [*sent(), broken("acme", "kept")])
        send(stack, [*planted(sent()), broken("second", PLANTED)])
        settle(stack)
        before, held = tables(root), bytes_with(root, PLANTED)
        tried = vsm(root, "forget", "--source", "github/second", "--dry-run").output
        said = vsm(root, "forget", "--source", "github/second", "--yes")
        settle(stack)
        after = tables(root), gauges(stack)
        letters = vsm(root, "dead-letters", "show", "all").output
    let_go_of_old_parts(root)
    held_after = bytes_with(root, PLANTED)
    with organisation(root, edit=with_second_source) as stack:
        send(stack, planted(sent()))
        settle(stack)
        again = tables(root)
    return Story(
        never=never, before=before, tried=tried, said=said, after=after, letters=letters, held=(held, held_after),
        again=again,
    )  # fmt: skip


def let_go_of_old_parts(root: Path) -> None:
    """Let ClickHouse drop at once the parts that it would keep for some minutes."""
    store = open_embedded(root / "clickhouse")
    quick = "old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2"
    for (name,) in store.rows("SELECT name FROM system.tables WHERE database = 'vsm' AND engine LIKE '%MergeTree'"):
        store.command(f"ALTER TABLE vsm.{name} MODIFY SETTING {quick}")
    deadline = time.monotonic() + 120
    while store.rows("SELECT name FROM system.parts WHERE database = 'vsm' AND NOT active"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    store.close()


def bytes_with(root: Path, word: str) -> list[str]:
    """Return the files of a directory that hold a word."""
    return [str(f.relative_to(root)) for f in root.rglob("*") if f.is_file() and word.encode() in f.read_bytes()]


def test_the_tables_are_those_of_a_stack_that_never_had_the_source(story: Story) -> None:
    """Every row of every table; and the source had changed some."""
    assert (story.said.exit_code, story.after[0], story.before != story.after[0]) == (0, story.never[0], True), (
        story.said.output
    )


def test_the_page_of_metrics_is_that_of_such_a_stack(story: Story) -> None:
    """Every sample."""
    assert story.after[1] == story.never[1]


def test_no_byte_of_it_is_left(story: Story) -> None:
    """Before, its words stand in the log, in the state, in the tables; after, in no file of the data directory."""
    before, after = story.held
    places = {name.split("/")[0] for name in before}
    assert (places >= {"log", "clickhouse"}, after) == (True, [])


def test_its_dead_letters_are_gone_and_others_are_read_as_before(story: Story) -> None:
    """One letter of each source; the first can still be opened."""
    assert ('"said": "kept"' in story.letters, PLANTED in story.letters, story.letters.count("POST")) == (
        True,
        False,
        1,
    )


def test_a_dry_run_says_what_would_go_and_removes_nothing(story: Story) -> None:
    """The same numbers as the removal itself."""
    first = story.tried.splitlines()[0]
    assert (first in story.said.output, "1 dead letters" in first, "forgotten" in story.tried) == (True, True, False)


def test_what_it_sends_again_is_new(story: Story) -> None:
    """The same webhooks after the removal are taken in as at first."""
    assert story.again == story.before


class Person(Struct, frozen=True, kw_only=True):
    """What was seen before and after somebody was forgotten."""

    hashed: str
    before: tuple[Mapping[str, object], list[tuple[str | None, int]]]
    said: Result
    after: tuple[Mapping[str, object], list[tuple[str | None, int]]]
    held: list[str]
    letters: str


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """A stack with somebody's events, and two letters of which one holds the account; then he is forgotten."""
    root = tmp_path_factory.mktemp("person")
    with organisation(root) as stack:
        send(stack, sent())
        key = load_identity_key("", root, may_make=False)
        account, hashed = somebody(root, key)
        send(stack, [broken("acme", "kept"), broken("acme", account)])
        settle(stack)
        before = tables(root, "handoffs"), actors(root)
        said = vsm(root, "forget", "--actor", f"github:{account}", "--yes")
        settle(stack)
        after = tables(root, "handoffs"), actors(root)
        letters = vsm(root, "dead-letters", "show", "all").output
    held = [name for name in bytes_with(root, hashed) if not name.startswith("clickhouse/")]
    return Person(hashed=hashed, before=before, said=said, after=after, held=held, letters=letters)


def actors(root: Path) -> list[tuple[str | None, int]]:
    """Return who did how much, by hash."""
    with open_store(root) as store:
        answer = store.ask("SELECT actor, count() FROM vsm.flow_events_current GROUP BY actor ORDER BY actor")
    return [(None if actor is None else str(actor), int(str(count))) for actor, count in answer.rows]


def somebody(root: Path, key: bytes) -> tuple[str, str]:
    """Return an account of GitHub that caused some facts, and its hash."""
    bodies = [json.loads(bytes(hook.body)) for hook in sent() if hook.tool == "github"]
    accounts = sorted({str(body["sender"]["id"]) for body in bodies if "sender" in body})
    log = (root / "log" / "vsm.flow-events.v1.sqlite").read_bytes()
    log += (root / "log" / "vsm.flow-events.v1.sqlite-wal").read_bytes()
    known = [(a, h) for a in accounts if (h := pseudonym(key, "github", a)).encode() in log]
    return known[0]


def test_nobody_is_behind_a_forgotten_actors_facts(person: Person) -> None:
    """In the table he is NULL, what others did is theirs as before, and his hash is nowhere in the log."""
    were, are = dict(person.before[1]), dict(person.after[1])
    his = were.pop(person.hashed)
    were[None] = were.get(None, 0) + his
    assert (person.said.exit_code, his > 0, are, person.held) == (0, True, were, []), person.said.output


def test_no_row_depends_on_who_somebody_is(person: Person) -> None:
    """Every table is as it was, but for how often work was handed over: by whom is not known any more."""
    assert person.after[0] == person.before[0]


def test_only_the_letter_that_held_the_account_is_destroyed(person: Person) -> None:
    """The other one is read as before."""
    assert (person.letters.count("POST"), '"said": "kept"' in person.letters) == (1, True)
