"""A list that leads on and on is given up, wherever it leads."""

from __future__ import annotations

from itertools import repeat
from typing import Final

import pytest

from ingest.history.github import HISTORY as GITHUB
from ingest.history.history import MOST_PAGES, Answer, Ask, Endless, Unit, going_on, pages
from ingest.history.jira import HISTORY as JIRA
from tests.builders.pasts import march
from vsm.history.checkpoints import Progress
from vsm.history.walking import UnforeseenAnswer, batches

NEXT: Final = Ask("/things?page=2")


def test_pages_without_an_end_are_not_all_asked() -> None:
    """A server that always knows of one more page is believed for so long."""
    asking = pages(Ask("things"))
    next(asking)
    with pytest.raises(Endless):
        list(map(asking.send, repeat(Answer([], NEXT), MOST_PAGES)))


def test_a_page_that_leads_to_itself_ends_the_walk() -> None:
    """The unit of the next page would be the same again."""
    again = going_on(Unit("things", {}), NEXT)
    with pytest.raises(Endless):
        going_on(again[0], NEXT)


def test_a_search_of_jira_that_leads_to_itself_ends_in_words() -> None:
    """Its page's token is that of the page before."""
    page = Unit("page", {"cloud": True, "categories": {}})
    answer = Answer({"issues": [], "nextPageToken": "again"})
    with pytest.raises(UnforeseenAnswer, match="GET rest/api/3/search/jql is not as expected"):
        list(batches(JIRA, march("jira"), Progress([page]), lambda _: answer))


def test_a_total_that_is_too_low_ends_no_search_of_jira() -> None:
    """As long as pages are full there may be more."""
    issue = {"id": "1", "key": "CHK-1", "fields": {"created": "2026-03-05T08:00:00.000+0000"}}
    asked: list[str] = []

    def search(ask: Ask) -> Answer:
        asked.append(ask.params.get("startAt", "0"))
        return Answer({"startAt": int(asked[-1]), "total": 50, "issues": [issue] * (50 if len(asked) < 3 else 1)})

    page = Unit("page", {"cloud": False, "categories": {}})
    told = [one for batch in batches(JIRA, march("jira"), Progress([page]), search) for one in batch]
    assert (asked, len(told)) == (["0", "50", "100"], 101)


def test_a_run_of_github_without_an_end_of_attempts_ends_in_words() -> None:
    """No run is tried again so often."""
    run = {"id": 7, "created_at": "2026-03-05T08:00:00Z", "updated_at": "2026-03-05T09:00:00Z", "run_attempt": 10**9}
    unit = Unit("runs", {"name": "acme/shop", "html_url": "", "main": "main"})
    walk = batches(GITHUB, march("github"), Progress([unit]), lambda _: Answer({"workflow_runs": [run]}))
    with pytest.raises(UnforeseenAnswer, match="GET repos/acme/shop/actions/runs is not as expected"):
        list(walk)
