"""A mapped tool in the running ingester: deliveries, dead letters, a mapping that SIGHUP brings, and `vsm send`."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from schemas.definition_file import parse
from tests.builders.ingester import KEY, SECRET, Ingester
from tests.builders.mappings import a_rule, mapping_text
from vsm.cli import app
from vsm.signing import schemes_of, signed

AT = "2026-02-03T10:15:30Z"
SOURCE = f"sources: [{{tool: acmeci, name: main, secret: {{value: {SECRET}}}}}]\n"
FIRST = mapping_text(a_rule("state: $.state"), proof="{scheme: hmac_sha256, header: x-acme-signature}") + SOURCE
SECOND = FIRST.replace("$.state", "$.status")


def sent(ingester: Ingester, body: Any, secret: str = SECRET) -> tuple[int, str]:  # noqa: ANN401 - any JSON
    """Send a signed delivery and return the status and the outcome."""
    raw = json.dumps(body).encode()
    headers = signed(
        "acmeci", secret.encode(), {"content-type": "application/json"}, raw, schemes=schemes_of(parse(FIRST))
    )
    answer = httpx.post(f"{ingester.url}/webhooks/acmeci/main", content=raw, headers=headers)
    return answer.status_code, answer.json()["outcome"]


def reloaded(ingester: Ingester, config: str) -> None:
    """Give the ingester another file and wait until it has taken it."""
    ingester.config.write_text(config)
    ingester.hang_up()
    while 'vsm_ingest_reloads_total{outcome="done"} 1.0' not in httpx.get(f"{ingester.url}/metrics").text:
        threading.Event().wait(0.01)


def test_a_mapped_tool_is_one_like_any_other(tmp_path: Path) -> None:
    """Accepted, dead-lettered, refused; a reload brings another mapping without a restart."""
    ingester = Ingester(tmp_path, FIRST).start()
    answers = [
        sent(ingester, {"id": "12", "at": AT, "state": "open", "status": "told anew"}),
        sent(ingester, {"id": "12"}),
        sent(ingester, {"id": "12", "at": AT}, secret="another"),
    ]
    reloaded(ingester, SECOND)
    sent(ingester, {"id": "12", "at": AT, "state": "open", "status": "told anew"})
    ingester.stop()
    states = [(event.tool, event.subject_id, event.state) for event in ingester.events()]
    assert (answers, states, [letter.detail for letter in ingester.letters()]) == (
        [(202, "accepted"), (202, "dead-lettered"), (401, "rejected")],
        [("acmeci", "ticket:acmeci/12", "open"), ("acmeci", "ticket:acmeci/12", "told anew")],
        ["$.at is missing"],
    )


def test_a_mended_mapping_takes_what_it_could_not_read(tmp_path: Path) -> None:
    """Dead letters are signed by the file's scheme and sent again: the event is the one that it would have been."""
    ingester = Ingester(tmp_path, FIRST).start()
    sent(ingester, {"id": "12", "when": AT, "state": "open"})
    reloaded(ingester, FIRST.replace("at: $.at", "at: {path: [$.at, $.when]}"))
    replay = ["dead-letters", "replay", "all", "--to", ingester.url, "--config", str(ingester.config)]
    ran = CliRunner().invoke(app, [*replay, "--data", str(tmp_path / "data")], env={"VSM_IDENTITY_KEY": KEY})
    ingester.stop()
    assert (ran.exit_code, [(event.subject_id, event.state) for event in ingester.events()]) == (
        0, [("ticket:acmeci/12", "open")],
    ), ran.output  # fmt: skip


def test_a_recording_of_a_mapped_tool_is_signed(tmp_path: Path) -> None:
    """`vsm send` knows the scheme from the value-stream file."""
    ingester = Ingester(tmp_path, FIRST).start()
    recording = tmp_path / "deliveries.jsonl"
    recording.write_text(json.dumps({"tool": "acmeci", "source": "main", "body": {"id": "12", "at": AT}}))
    ran = CliRunner().invoke(
        app, ["send", str(recording), "--to", ingester.url, "--config", str(ingester.config), "--data", str(tmp_path)]
    )
    ingester.stop()
    assert (ran.exit_code, [event.subject_id for event in ingester.events()]) == (0, ["ticket:acmeci/12"])
