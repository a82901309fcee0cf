"""What a tool's history is made of: units of work that ask its API and end with deliveries; pure."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.vocabulary.times import moment

Json = dict[str, Any]
"""An object of an API's answer, or of a delivery's body."""


class Ask(Struct, frozen=True):
    """One GET. `path` is relative to the API's address, or begins with `/` and is the server's own.

    `may_be_gone`: an answer 404, 409, 410 or 422 is an answer too, with the body None.
    """

    path: str
    params: Mapping[str, str] = {}
    may_be_gone: bool = False


class Answer(Struct, frozen=True):
    """What the API said: the decoded body, and where the next page is (None after the last)."""

    body: Any
    following: Ask | None = None


class Unit(Struct, frozen=True):
    """A piece of the work, kept across runs: its kind and what it is about, all JSON values."""

    kind: str
    of: Json = {}


class Told(Struct, frozen=True):
    """One delivery as the tool would have sent it; `at` is when, microseconds UTC."""

    at: int
    body: bytes
    headers: Mapping[str, str] = {}


class Found(Struct, frozen=True):
    """What a unit ended with. The last of its further units is done first."""

    told: Sequence[Told] = ()
    units: Sequence[Unit] = ()


class Memory(Struct):
    """What later units must know of earlier ones: commits met so far, and the head of each main line."""

    seen: set[str] = msgspec.field(default_factory=set)
    heads: dict[str, str] = msgspec.field(default_factory=dict)


class Scope(Struct, frozen=True, kw_only=True):
    """What is asked for: `places` (repositories, projects) between `since` and `until` (excluded), microseconds UTC.

    `tells_paths`: somebody reads the paths of the files that commits touched, which cost one request a commit.
    """

    places: tuple[str, ...]
    since: int
    until: int
    tells_paths: bool = False

    def holds(self, at: int) -> bool:
        """Tell whether a time is asked for."""
        return self.since <= at < self.until


Asking = Generator[Ask, Answer, Found]
"""A unit at work: yields what it asks, is sent the answers, returns what it found."""

Work = Callable[[Unit, Scope, Memory], Asking]
"""Begins a unit."""


class History(Struct, frozen=True, kw_only=True):
    """One tool's history: the first units of a scope, and how each kind of unit is done.

    `place` is what a place is called; `takes` tells whether a text names one.
    """

    tool: str
    place: str
    takes: Callable[[str], bool]
    begin: Callable[[Scope], Sequence[Unit]]
    work: Mapping[str, Work]


DAY_MICROS: Final = 86_400_000_000

MOST_PAGES: Final = 10_000
"""A list of one thing (its events, its commits) has no more pages than this: a million entries."""


class Endless(ValueError):  # noqa: N818 - what an answer of an unforeseen shape makes a unit raise
    """A list leads on and on, or back to the page that was asked."""


def pages(ask: Ask, under: str = "") -> Generator[Ask, Answer, list[Any]]:
    """Ask for a list, page after page; return all of it, [] where it is gone.

    `under`: the answer is an object that has the list under this name. Raises Endless.
    """
    found: list[Any] = []
    waiting = ask
    for _ in range(MOST_PAGES):
        answer = yield waiting
        found += (answer.body or {}).get(under, []) if under else answer.body or []
        if answer.following is None:
            return found
        waiting = answer.following
    raise Endless


def asked(unit: Unit, first: Ask) -> Ask:
    """Return what a unit of a list asks: the page it was told to go on with, else the first one."""
    told = unit.of.get("next")
    return first if told is None else Ask(told["path"], told["params"], may_be_gone=first.may_be_gone)


def going_on(unit: Unit, following: Ask | None) -> list[Unit]:
    """Return the unit of the next page; none after the last. Raises Endless where a page leads to itself."""
    if following is None:
        return []
    then = {"path": following.path, "params": dict(following.params)}
    if then == unit.of.get("next"):
        raise Endless
    return [Unit(unit.kind, {**unit.of, "next": then})]


def micros(written: str | float | None) -> int:
    """Return a time of an API in microseconds UTC. Raises Untranslatable where it is none."""
    return moment(written, "a time of the API").micros


def told(at: str | float | None, body: Json, headers: Mapping[str, str] | None = None) -> Told:
    """Return a delivery made at a time that the API wrote."""
    return Told(at=micros(at), body=msgspec.json.encode(body), headers=headers or {})


def within(scope: Scope, deliveries: Iterable[Told]) -> Iterator[Told]:
    """Yield the deliveries of the time that is asked for."""
    return (delivery for delivery in deliveries if scope.holds(delivery.at))
