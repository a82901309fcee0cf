"""A GitHub repository whose history is asked for, and what all its deliveries carry; pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from ingest.history.history import Ask, Json, Told, Unit, told

PAGE: Final = 100
"""How many things a page of a list holds at most."""

THREADS: Final = 30
"""How many issues and pull requests a page holds: each costs up to three requests more."""


class Home(Struct, frozen=True):
    """A repository: `owner/name`, its address on the web and its main line."""

    name: str
    html_url: str
    main: str


def home_of(unit: Unit) -> Home:
    """Return the repository that a unit is about."""
    return Home(unit.of["name"], unit.of["html_url"], unit.of["main"])


def repository(home: Home, what: str, *, gone: bool = False, **params: str) -> Ask:
    """Return the question for something of a repository, lists in the largest pages."""
    return Ask(f"repos/{home.name}/{what}", {"per_page": str(PAGE), **params}, may_be_gone=gone)


def delivery(event: str, at: str, home: Home, sender: Json | None, **body: object) -> Told:
    """Return the delivery of an event, made at a time that GitHub wrote: for a push that is when it came."""
    place: Json = {"full_name": home.name, "html_url": home.html_url, "default_branch": home.main, "pushed_at": at}
    return told(at, {**body, "repository": place, "sender": sender}, {"x-github-event": event})
