"""Fake identities that are put where real tools put people: none of them may be seen past an adapter.

They name nobody. A test searches every topic, table, label, log and page of a run for every string of `PLANTED`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_TREES: Final = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper", "Kapok", "Larch",
    "Maple", "Neem", "Oak", "Poplar", "Quince", "Rowan", "Sumac", "Tamarack", "Umbu", "Viburnum", "Willow", "Yew",
)  # fmt: skip


class Account(Struct, frozen=True, kw_only=True):
    """One account in every tool: its ids, and the display name and mail address that must not travel."""

    name: str
    mail: str
    login: str
    github_id: int
    jira_id: str
    pagerduty_id: str
    bot: bool = False


def _account(index: int, tree: str) -> Account:
    low = tree.lower()
    return Account(
        name=f"Planted {tree}",
        mail=f"planted.{low}@people.invalid",
        login=f"planted-{low}",
        github_id=4_200_100 + index,
        jira_id=f"712020:5eed{index:04d}-{low}",
        pagerduty_id=f"PSEED{index:02d}",
    )


def _bot(login: str, github_id: int) -> Account:
    return Account(
        name=login, mail=f"{github_id}+{login}@users.noreply.github.com", login=login, github_id=github_id,
        jira_id=f"bot:{github_id}", pagerduty_id=f"PBOT{github_id % 100}", bot=True,
    )  # fmt: skip


PEOPLE: Final = tuple(_account(index, tree) for index, tree in enumerate(_TREES))
"""The accounts of the organisation's humans."""

UPDATER: Final = _bot("dependabot[bot]", 49_699_333)
"""The bot that opens dependency updates."""

REVIEW_BOT: Final = _bot("lint-review[bot]", 61_000_017)
"""The bot that comments on changes; it must not start a review."""

HOSTING: Final = _bot("web-flow", 19_864_447)
"""The account by which GitHub itself commits merges."""

PLANTED: Final = tuple(text for person in PEOPLE for text in (person.name, person.mail, person.login, person.jira_id))
"""Every string that must be found nowhere past the adapters."""
