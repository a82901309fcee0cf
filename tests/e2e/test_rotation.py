"""A new identity key on the running one-machine stack: no request fails, no number changes, old letters are read."""

from __future__ import annotations

import hmac
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from msgspec import Raw, Struct
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from lab.sending import SentDelivery
from lab.simulate import deliveries
from schemas.definition_file import load
from schemas.identity_key import load_identity_key
from tests.builders.one_machine import END_MICROS, organisation, settle, tables
from tests.builders.pumping import wait_until
from tests.builders.release import copied
from vsm.cli import app
from vsm.commands.send import source_secrets
from vsm.one_machine.organisation import send
from vsm.one_machine.stack import Stack

pytestmark = pytest.mark.timeout(400)

NEW = "ab" * 32
_ENOUGH = 200


@pytest.fixture(scope="module", autouse=True)
def _one_release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every process of this module run from one copy of the code, whatever is edited meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copied(tmp_path_factory.mktemp("release")))
        yield


def sent() -> list[SentDelivery]:
    """What the organisation sends."""
    return list(deliveries(3, 8, END_MICROS))


def broken(word: str) -> SentDelivery:
    """A delivery of a push that cannot be translated."""
    some = next(hook for hook in sent() if hook.headers.get("X-GitHub-Event") == "push")
    return replace(some, body=Raw(json.dumps({"ref": 5, "said": word}).encode()))


class Sending(threading.Thread):
    """Sends GitHub's webhooks again and again until told to stop, each once; `answers` counts their status."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self.answers: Counter[int] = Counter()
        self._address = f"{stack.addresses['ingest']}/webhooks/github/acme"
        (self._secret,) = (s for (tool, _), s in source_secrets(load(stack.config)).items() if tool == "github")
        self._enough = threading.Event()

    def run(self) -> None:
        """Send, on one connection as long as the server keeps it."""
        hooks = [hook for hook in sent() if hook.tool == "github"]
        with httpx.Client(timeout=20) as client:
            for hook in cycle(hooks):
                if self._enough.is_set():
                    return
                body = bytes(hook.body)
                proof = hmac.digest(self._secret, body, "sha256").hex()
                headers = {**hook.headers, "X-Hub-Signature-256": f"sha256={proof}"}
                self.answers[client.post(self._address, content=body, headers=headers).status_code] += 1

    def end(self) -> None:
        """Stop after the request in hand."""
        self._enough.set()
        self.join(60)


class Story(Struct, frozen=True, kw_only=True):
    """What was seen before, while and after the key was rotated."""

    before: Mapping[str, object]
    said: list[Result]
    answers: Mapping[int, int]
    after: Mapping[str, object]
    letters: list[Result]
    keys: list[bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A stack under traffic gets a new key, once before and once after its processes take it."""
    root = tmp_path_factory.mktemp("rotation")
    file = root / "new.key"
    file.write_text(NEW, encoding="ascii")
    with organisation(root) as stack:
        send(stack, [*sent(), broken("first")])
        settle(stack)
        before, keys = tables(root), [load_identity_key("", root)]
        sending = Sending(stack)
        sending.start()
        said = [run(root, "rotate-key", "--new-key-file", str(file))]
        stack.reload()
        send(stack, [broken("second")])
        said.append(run(root, "rotate-key", "--new-key-file", str(file)))
        wait_until(lambda: sending.answers.total() > _ENOUGH, 60)
        sending.end()
        settle(stack)
        keys.append(load_identity_key("", root))
        after = tables(root)
        (root / "identity.key.old").unlink()
        letters = [run(root, "dead-letters", "show", "all")]
        file.write_text("cd" * 32, encoding="ascii")
        letters.append(run(root, "rotate-key", "--new-key-file", str(file)))
    return Story(before=before, said=said, answers=sending.answers, after=after, letters=letters, keys=keys)


def run(root: Path, *arguments: str) -> Result:
    """Run a command on a data directory."""
    return CliRunner().invoke(app, [*arguments, "--data", str(root)])


def test_the_key_is_the_new_one(story: Story) -> None:
    """Both runs succeed, and the file holds the new key."""
    said = "\n".join(result.output for result in story.said)
    assert ([result.exit_code for result in story.said], story.keys[1]) == ([0, 0], bytes.fromhex(NEW)), said


def test_no_request_fails_meanwhile(story: Story) -> None:
    """Everything that is sent while the key is changed is answered as always."""
    assert (set(story.answers), sum(story.answers.values()) > _ENOUGH) == ({202}, True)


def test_the_same_webhooks_under_another_key_change_no_row(story: Story) -> None:
    """Pseudonyms are others, ids and numbers are not."""
    assert story.after == story.before


def test_letters_of_before_and_after_are_read_with_the_new_key(story: Story) -> None:
    """The old key is gone by then."""
    shown = story.letters[0]
    assert (shown.exit_code, '"said": "first"' in shown.output, '"said": "second"' in shown.output) == (0, True, True)


def test_a_second_rotation_finds_every_key(story: Story) -> None:
    """No letter's key is left that only an older identity key opens."""
    assert (story.letters[1].exit_code, "opened by neither" in story.letters[1].output) == (0, False)
