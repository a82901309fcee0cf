"""The way back: what could not be translated is a dead letter, and after the fix it is sent again and accepted."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import pytest
from msgspec import Struct

from ingest.adapters import ADAPTERS
from tests.builders.cloud_events import BATCH, STRUCTURED, Sent, envelope, modes
from tests.builders.deliveries import SECRET, address, events, goldens, signature
from tests.builders.ingester import KEY, Ingester
from tests.builders.unable_release import PROGRAM
from vsm.signing import renewed

_SOURCE: Final = "  - {{tool: {tool}, name: {name}, secret: {{value: '{secret}'}}, public_url: '{url}'}}\n"
TOOLS: Final = [adapter.tool for adapter in ADAPTERS if adapter.tool != "cdevents"]
CONFIG: Final = (
    "version: 1\nsources:\n"
    + "".join(
        _SOURCE.format(tool=tool, name="acme", secret=SECRET.decode(), url=address(tool))
        for tool in [*TOOLS, "cdevents"]
    )
    + _SOURCE.format(tool="cloudevents", name="vendor", secret=SECRET.decode(), url=address("cloudevents"))
    + 'value_streams:\n  - {name: everything, select: ["*"]}\n'
)


class Webhook(Struct, frozen=True):
    """One request: its path, headers with the proof, and body as sent; in chunks if so."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    chunked: bool = False

    def post(self, client: httpx.Client) -> dict[str, object]:
        """Send it and return what is answered."""
        content = iter([self.body[:10], self.body[10:]]) if self.chunked else self.body
        answer: dict[str, object] = client.post(self.path, content=content, headers=dict(self.headers)).json()
        return answer


def webhook(tool: str, case: int = 0) -> Webhook:
    """Return a golden delivery of a tool that becomes events, proven as the tool does."""
    one = [one for one in goldens(tool) if events(one.name.removesuffix(".json"))][case]
    now = time.time_ns() // 1_000
    body = renewed(tool, one.body, now)
    headers = {"content-type": "application/json", **one.headers, **signature(tool, body, sent_at=now)}
    return Webhook(f"/webhooks/{tool}/acme", headers, body)


def event(path: str, sent: Sent) -> Webhook:
    """Return an event in one of its modes, with the token."""
    return Webhook(path, {**sent.headers, **signature("cdevents", sent.body)}, sent.body)


def webhooks() -> dict[str, Webhook]:
    """Return a delivery of every tool, in every mode and by every way it may come."""
    packed = webhook("github", 1)
    zipped = {**packed.headers, "content-encoding": "gzip"}
    chunked = webhook("github", 2)
    return {
        **{tool: webhook(tool) for tool in TOOLS},
        "compressed": Webhook(packed.path, zipped, gzip.compress(packed.body)),
        "in chunks": Webhook(chunked.path, chunked.headers, chunked.body, chunked=True),
        **{f"cdevents {mode}": event("/events/acme", sent) for mode, sent in modes("own").items()},
        **{f"cloudevents {mode}": event("/events/vendor", sent) for mode, sent in modes("vendor").items()},
    }


NAMES: Final = tuple(webhooks())
"""What is sent, by name; the deliveries are made when they are sent, for some say when that is."""


class Story(Struct, frozen=True, kw_only=True):
    """What became of every delivery, by name."""

    outcomes: Mapping[str, object]
    letters: int
    replayed: str
    ids_after: frozenset[str]
    answers: Mapping[str, Mapping[str, object]]


def vsm(ingester: Ingester, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `vsm dead-letters` on an ingester's data."""
    return subprocess.run(
        [sys.executable, "-m", "vsm", "dead-letters", *arguments, "--data", str(ingester.folder / "data")],
        env={**os.environ, "VSM_IDENTITY_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def replay(ingester: Ingester) -> str:
    """Replay all its dead letters and return what the command printed."""
    done = vsm(ingester, "replay", "all", "--to", ingester.url, "--config", str(ingester.config))
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Everything sent to a release with a fault, then replayed into one without."""
    sent = webhooks()
    folder = tmp_path_factory.mktemp("way-back")
    faulty = Ingester(folder, CONFIG, program=PROGRAM).start()
    with httpx.Client(base_url=faulty.url, timeout=20) as client:
        outcomes = {name: one.post(client).get("outcome") for name, one in sent.items()}
    faulty.stop()
    mended = Ingester(folder, CONFIG).start()
    letters = len(mended.letters())
    replayed = replay(mended)
    ids = frozenset(event.event_id for event in mended.events())
    with httpx.Client(base_url=mended.url, timeout=20) as client:
        answers = {name: one.post(client) for name, one in sent.items()}
    mended.stop()
    return Story(outcomes=outcomes, letters=letters, replayed=replayed, ids_after=ids, answers=answers)


def test_each_is_a_dead_letter_first(story: Story) -> None:
    """With the fault every delivery is answered dead-lettered, and is a letter."""
    assert (set(story.outcomes.values()), story.letters) == ({"dead-lettered"}, len(NAMES))


def test_all_are_accepted_at_the_replay(story: Story) -> None:
    """After the fix every letter that is replayed is accepted (Linear hears it as 200), and nothing else is said."""
    assert story.replayed.split() == ["1", "200", "accepted", str(len(NAMES) - 1), "202", "accepted"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_replayed_is_what_was_sent(story: Story, name: str) -> None:
    """The facts of a replayed delivery are those that it gives when it is sent as it was."""
    ids = story.answers[name]["event_ids"]

    assert (isinstance(ids, list) and len(ids) > 0 and set(ids) <= story.ids_after) is True


FAULTY: Final = {
    "structured": Sent({"content-type": STRUCTURED}, json.dumps(envelope("f1", data=None)).encode()),
    "batch": Sent({"content-type": BATCH}, json.dumps([envelope("f2", specversion="0.3")]).encode()),
    "batch of no object": Sent({"content-type": BATCH}, b'["x"]'),
    "no batch": Sent({"content-type": BATCH}, b'{"x":1}'),
}


def test_what_still_fails_is_the_same_letter(tmp_path: Path) -> None:
    """Envelopes that are wrong in themselves are the same letters after a replay: sent as they came, not refused."""
    ingester = Ingester(tmp_path, CONFIG).start()
    with httpx.Client(base_url=ingester.url, timeout=20) as client:
        for sent in FAULTY.values():
            event("/events/vendor", sent).post(client)
    before = sorted(letter.dead_letter_id for letter in ingester.letters())
    said = replay(ingester)
    after = sorted(letter.dead_letter_id for letter in ingester.letters())
    ingester.stop()

    assert (said.split(), after) == ([str(len(FAULTY)), "202", "dead-lettered"], sorted(2 * before))
