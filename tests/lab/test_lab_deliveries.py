from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from lab.organisation import definition, definition_yaml
from lab.planted import PEOPLE, PLANTED
from lab.sending import SentDelivery
from lab.simulate import DEFAULT_END, deliveries, write
from schemas.codec import Codec
from schemas.definition_file import load
from schemas.event import UNROUTED
from vsm.truth.events import Taken, taken

END = DEFAULT_END * 1_000_000
ITEMS = 90


@pytest.fixture(scope="module")
def sent() -> list[SentDelivery]:
    """One run's deliveries."""
    return list(deliveries(5, ITEMS, END))


@pytest.fixture(scope="module")
def received(sent: list[SentDelivery]) -> Taken:
    """What the real adapters make of them."""
    return taken(sent)


def test_the_same_seed_gives_the_same_deliveries(sent: list[SentDelivery]) -> None:
    """A run can be repeated anywhere: the same seed sends the same bytes in the same order."""
    again = list(deliveries(5, ITEMS, END))

    assert again == sent


def test_another_seed_gives_another_organisation(sent: list[SentDelivery]) -> None:
    """A seed is no ornament."""
    other = list(deliveries(6, ITEMS, END))

    assert other != sent


def test_deliveries_come_in_the_order_of_their_arrival(sent: list[SentDelivery]) -> None:
    """Playing the file from top to bottom is playing it in time."""
    late = [after for before, after in pairwise(sent) if after.at < before.at]

    assert late == []


def test_every_delivery_is_taken_by_its_real_adapter(received: Taken) -> None:
    """Bodies have the tools' own shapes: each is translated, or ignored by name; none is a dead letter or refused."""
    outcomes = {outcome for _, outcome in received.outcomes}

    assert outcomes == {"Accepted", "Ignored"}


def test_every_tool_of_the_organisation_speaks(received: Taken) -> None:
    """The three ways to tell of a deployment, the tracker, the incidents: all are there."""
    accepted = {tool for tool, outcome in received.outcomes if outcome == "Accepted"}

    assert accepted == {"github", "jira", "argocd", "pagerduty", "cdevents"}


def test_every_event_finds_its_stream(received: Taken) -> None:
    """The organisation's selectors claim everything its tools tell."""
    streams = Counter(event.value_stream for event in received.events)

    assert streams[UNROUTED] == 0


def test_some_deliveries_come_twice(sent: list[SentDelivery]) -> None:
    """Hooks are delivered at least once: a few bodies are sent again under the same delivery id."""
    ids = Counter(one.headers["X-GitHub-Delivery"] for one in sent if one.tool == "github")

    assert max(ids.values()) > 1


def test_some_deliveries_come_out_of_order(received: Taken) -> None:
    """Slow lanes make facts arrive before older ones, and by more than a few seconds."""
    facts = [event.occurred_at for event in received.events if event.value_stream == "checkout"]
    backward = [before - after for before, after in pairwise(facts)]

    assert max(backward) > 60_000_000


def test_nothing_happens_after_the_end(received: Taken) -> None:
    """The run ends where it was told to."""
    newest = max(event.occurred_at for event in received.events)

    assert END - 86_400_000_000 < newest <= END


def test_everything_lies_within_the_longest_window(received: Taken) -> None:
    """With the clock at the end, the 90-day window holds the whole run."""
    oldest = min(event.occurred_at for event in received.events)

    assert oldest > END - 80 * 86_400_000_000


def test_identities_are_planted_where_real_tools_put_them(sent: list[SentDelivery]) -> None:
    """A search for planted names past the adapters only means something if the deliveries are full of them."""
    everything = b"".join(bytes(one.body) for one in sent).decode()

    assert [text for text in PLANTED if text not in everything] == []


def test_branches_are_called_after_people(sent: list[SentDelivery]) -> None:
    """People put their logins and addresses into branches; others push to these, and bots and runs name them again."""
    everything = b"".join(bytes(one.body) for one in sent if one.tool == "github").decode()
    called = [person for person in PEOPLE for ref in (person.login, person.mail) if f"refs/heads/{ref}" in everything]

    assert len(called) > 5


def test_no_planted_identity_passes_the_adapters(received: Taken) -> None:
    """What goes onto the log names nobody."""
    codec = Codec()
    everything = b"\n".join(codec.encode(event) for event in received.events).decode(errors="replace")

    assert [text for text in PLANTED if text in everything] == []


def test_the_organisations_file_describes_the_organisation(tmp_path: Path) -> None:
    """The value-stream file that goes with a run says what the lab's own definition says."""
    file = tmp_path / "value-streams.yaml"
    file.write_text(definition_yaml())

    streams = load(file).value_streams

    assert streams == definition().value_streams


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """A demo keeps its secrets in files beside the value-stream file."""
    (tmp_path / "github.secret").write_text("s3cret")
    file = tmp_path / "value-streams.yaml"
    file.write_text(definition_yaml({"github": str(tmp_path / "github.secret")}))

    secrets = {source.tool: source.secrets for source in load(file).sources}

    assert secrets["github"] == (f"file:{tmp_path / 'github.secret'}",)


def test_memory_stays_flat_however_many_items() -> None:
    """A million items must stream: five times the items take a few megabytes more at most."""
    small, large = _greatest_megabytes(200), _greatest_megabytes(1_000)

    assert large - small < 12


def test_large_runs_keep_their_entities_beside_the_truth(tmp_path: Path) -> None:
    """`truth.json` stays small; the entities of a large run are lines of their own."""
    truth = write(1, 300, tmp_path, END, in_one_file=200)

    lines = (tmp_path / "truth-items.jsonl").read_bytes().count(b"TrueItem")
    assert (truth.items, lines) == ((), sum(stream.items for stream in truth.streams.values()))


_WATCHED = """
import sys
from pathlib import Path
from lab.simulate import DEFAULT_END, deliveries

def megabytes():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024

most = megabytes()
for number, _ in enumerate(deliveries(1, int(sys.argv[1]), DEFAULT_END * 1_000_000)):
    if number % 250 == 0:
        most = max(most, megabytes())
print(most)
"""


def _greatest_megabytes(items: int) -> int:
    """Return the greatest resident memory of a process that simulates so many items and keeps none of it."""
    run = subprocess.run([sys.executable, "-c", _WATCHED, str(items)], capture_output=True, text=True, check=True)
    return int(run.stdout)
