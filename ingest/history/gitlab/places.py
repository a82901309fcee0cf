"""A GitLab project whose history is asked for, and how its deliveries are written; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from ingest.history.history import Ask, Json, Told, Unit, micros, told

PAGE: Final = 100
"""How many things a page of a list holds at most."""

THREADS: Final = 30
"""How many issues, merge requests or pipelines a page holds: each costs up to five requests more."""


class Home(Struct, frozen=True):
    """A project: its number, its address on the web and its main line."""

    id: int
    web_url: str
    main: str


def home_of(unit: Unit) -> Home:
    """Return the project that a unit is about."""
    return Home(unit.of["id"], unit.of["web_url"], unit.of["main"])


def project(name: str) -> Ask:
    """Return the question for a project `group/name`."""
    return Ask(f"projects/{quote(name, safe='')}")


def of_project(home: Home, what: str, *, gone: bool = True, **params: str) -> Ask:
    """Return the question for something of a project, lists in the largest pages."""
    return Ask(f"projects/{home.id}/{what}", {"per_page": str(PAGE), **params}, may_be_gone=gone)


def second(written: str) -> str:
    """Return a time as webhooks write it: in whole seconds, where the API tells milliseconds."""
    return datetime.fromtimestamp(micros(written) // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(thing: Json) -> Json:
    """Return a thing with all its times as webhooks write them."""
    return {name: second(value) if value and name.endswith("_at") else value for name, value in thing.items()}


def delivery(event: str, at: str, home: Home, user: Json | None, **body: object) -> Told:
    """Return the delivery of an event, made at a time that GitLab wrote."""
    place = {"id": home.id, "web_url": home.web_url, "default_branch": home.main}
    return told(at, {"project": place, "user": person(user), **body}, {"x-gitlab-event": f"{event} Hook"})


def person(user: Json | None) -> Json | None:
    """Return an account as webhooks tell it."""
    return {name: user.get(name) for name in ("id", "name", "username")} if user else None


def titled(names: list[str]) -> list[Json]:
    """Return labels as webhooks tell them."""
    return [{"title": name} for name in names]
