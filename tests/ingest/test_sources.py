"""What the ingester tells of each source and holds it to, asked of a running one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders.ingester import CONFIG, SECRET, Ingester, push_body, signed

QUOTA = f"  - {{tool: github, name: metered, secret: {{value: {SECRET}}}, quota_per_day: 2, silent_after: 12h}}\n"
METERED = CONFIG.replace("sources:\n", f"sources:\n{QUOTA}", 1)


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingester]:
    """An ingester with a source that has a quota."""
    started = Ingester(tmp_path_factory.mktemp("metered"), METERED).start()
    yield started
    started.stop()


def post(ingester: Ingester, source: str, seed: str, event: str = "push", secret: str = SECRET) -> httpx.Response:
    """One delivery of GitHub's."""
    body = push_body(seed=seed)
    headers = signed(body, event=event, secret=secret)
    return httpx.post(f"{ingester.url}/webhooks/github/{source}", content=body, headers=headers)


def value(ingester: Ingester, name: str, source: str) -> float | None:
    """What the metrics page says of a source; None where it says nothing."""
    page = httpx.get(f"{ingester.url}/metrics").text
    found = re.search(rf'^{name}{{source="{source}",tool="github"}} (\S+)$', page, re.MULTILINE)
    return None if found is None else float(found[1])


def test_a_quota_that_is_used_up_is_429_until_more_is_there(metered: Ingester) -> None:
    """Beyond the day's deliveries a source is told to come again, and a reload gives it no second quota."""
    codes = [post(metered, "metered", f"q{n}").status_code for n in range(3)]
    metered.hang_up()
    while 'vsm_ingest_reloads_total{outcome="done"} 1.0' not in httpx.get(f"{metered.url}/metrics").text:
        threading.Event().wait(0.01)
    again = post(metered, "metered", "q4")
    assert (codes, again.status_code, 3_600 < int(again.headers["retry-after"]) <= 43_200) == (
        [202, 202, 429],
        429,
        True,
    )


def test_a_source_tells_when_it_was_last_heard(metered: Ingester) -> None:
    """Proven deliveries set the time; a source that nothing came from has none, and is silent since the start."""
    post(metered, "acme", "heard")
    told = [value(metered, "vsm_ingest_source_last_delivery_timestamp_seconds", s) for s in ("acme", "rotating")]
    silent = value(metered, "vsm_ingest_source_silent_seconds", "rotating")
    assert (told[0] is not None, told[1], silent is not None and silent > 0) == (True, None, True)


def test_what_proves_nothing_is_not_heard(metered: Ingester) -> None:
    """A wrong signature is counted under its source and reason, and breaks no silence."""
    post(metered, "default", "forged", secret="another")
    page = httpx.get(f"{metered.url}/metrics").text
    reason = (
        'vsm_ingest_reasons_total{outcome="rejected",reason="signature is wrong",source="default",tool="github"} 1.0'
    )
    seen = value(metered, "vsm_ingest_source_last_delivery_timestamp_seconds", "default")
    assert (reason in page, seen) == (True, None)


def test_each_source_says_when_it_is_called_silent(metered: Ingester) -> None:
    """The limit stands beside the silence, so that one alert rule serves all."""
    limits = [value(metered, "vsm_ingest_source_silent_after_seconds", s) for s in ("metered", "acme")]
    assert limits == [43_200.0, 259_200.0]


def test_why_deliveries_are_ignored_is_told_by_source(metered: Ingester) -> None:
    """Reasons come from a closed set, with the source they were counted for."""
    post(metered, "acme", "ping", event="ping")
    page = httpx.get(f"{metered.url}/metrics").text
    line = (
        'vsm_ingest_reasons_total{outcome="ignored",reason="event type is not of interest",source="acme",tool="github"}'
    )
    assert line in page


def test_a_source_that_is_gone_is_no_longer_told_of(tmp_path: Path) -> None:
    """After a reload only configured sources have series of silence."""
    ingester = Ingester(tmp_path, METERED).start()
    ingester.config.write_text(CONFIG)
    ingester.hang_up()
    while value(ingester, "vsm_ingest_source_silent_seconds", "metered") is not None:
        threading.Event().wait(0.01)
    assert value(ingester, "vsm_ingest_source_silent_seconds", "acme") is not None
    ingester.stop()


def test_how_complete_a_source_is_stands_beside_its_silence(metered: Ingester) -> None:
    """What the last comparison with the tool found is shown for configured sources; broken notes are no page's end."""
    folder = metered.folder / "data" / "reconciled"
    folder.mkdir(parents=True, exist_ok=True)
    for name, said in {
        "github-acme": '{"tool":"github","source":"acme","completeness_ratio":0.96}',
        "github-gone": '{"tool":"github","source":"gone","completeness_ratio":0.5}',
        "broken": '{"tool":',
    }.items():
        (folder / f"{name}.json").write_text(said)
    told = [value(metered, "vsm_ingest_source_complete_ratio", source) for source in ("acme", "gone", "metered")]
    assert told == [0.96, None, None]
