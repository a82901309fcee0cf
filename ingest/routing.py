"""Which value streams claim an event; pure, compiled once from the definition's selectors.

A selector claims an event when each of its fields matches. A field's value is a glob over the reserved attribute;
`"*"` alone also matches an event that lacks it. `repository` and `project` also match the URIs the event's links name
(a change's repository, a ticket's tracker and project), so that a deployment made elsewhere is claimed by the streams
whose changes it carries; a link that only relates (epic, blocks) claims nothing. A bare key found in text matches a
project by its key, unless the selector leaves the key wholly open: words such as UTF-8 look like keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Final

from msgspec import Struct, structs

from schemas.definition import Definition, ServicePaths, ValueStream
from schemas.event import UNROUTED, FlowEvent, Link, LinkKind

ANY: Final = "*"
_CACHED: Final = 16_384
_BARE: Final = "*/"

_Matches = Callable[[str], object]


class Claim(Struct, frozen=True):
    """A stream that claims an event, and the service it sees it belong to (None: unknown)."""

    stream: str
    service: str | None


class _Field(Struct, frozen=True, kw_only=True):
    name: str
    open: bool
    matches: _Matches
    matches_key: _Matches | None


class _Stream(Struct, frozen=True, kw_only=True):
    name: str
    selectors: tuple[tuple[_Field, ...], ...]
    services: tuple[tuple[str, tuple[_Matches, ...]], ...]


class Router:
    """Routes events by a definition; remembers what it decided for each combination of what selectors read."""

    def __init__(self, definition: Definition) -> None:
        self._streams = tuple(_compile(stream) for stream in definition.value_streams)
        read = {field for stream in definition.value_streams for selector in stream.select for field in selector}
        self._read = tuple(sorted(read | {"repository", "service"}))
        self._links_matter = bool(read & {"repository", "project"})
        self._decided: dict[tuple[object, ...], tuple[Claim, ...]] = {}

    def claims(self, event: FlowEvent) -> tuple[Claim, ...]:
        """Return the streams that claim an event, in the file's order; () when none does."""
        attributes = event.attributes
        named = _named(event.links) if event.links and self._links_matter else ()
        known = (*[attributes.get(name) for name in self._read], named)
        decided = self._decided.get(known)
        if decided is None:
            decided = self._decide(dict(attributes), named)
            if len(self._decided) >= _CACHED:
                self._decided.clear()
            self._decided[known] = decided
        return decided

    def route(self, event: FlowEvent) -> tuple[FlowEvent, ...]:
        """Return one copy a claiming stream, all with the same `event_id`; one copy for `unrouted` when none claims.

        A copy carries `routed_by` and, when the event names none itself, the stream's service for its repository.
        """
        claims = self.claims(event)
        if not claims:
            return (_addressed(event, Claim(UNROUTED, _default_service(event.attributes))),)
        return tuple([_addressed(event, claim) for claim in claims])

    def _decide(self, attributes: Mapping[str, str], named: Sequence[str]) -> tuple[Claim, ...]:
        claims = []
        for stream in self._streams:
            service = attributes.get("service") or _service(stream, attributes.get("repository"))
            seen = {**attributes, "service": service} if service else attributes
            if any(all(_field_matches(f, seen.get(f.name), named) for f in fields) for fields in stream.selectors):
                claims.append(Claim(stream.name, service))
        return tuple(claims)


def _addressed(event: FlowEvent, claim: Claim) -> FlowEvent:
    attributes = {**event.attributes, "routed_by": "select"}
    if claim.service:
        attributes["service"] = claim.service
    return structs.replace(event, value_stream=claim.stream, attributes=attributes)


def _field_matches(field: _Field, value: str | None, named: Sequence[str]) -> bool:
    if field.open:
        return True
    if value is not None and field.matches(value):
        return True
    for name in named:
        kind, _, rest = name.partition(":")
        if kind != field.name:
            continue
        if rest.startswith(_BARE):
            if field.matches_key is not None and field.matches_key(rest[len(_BARE) :]):
                return True
        elif field.matches(rest):
            return True
    return False


def _named(links: Sequence[Link]) -> tuple[str, ...]:
    """Return `repository:...` and `project:...` of what links name: a change's repository, a ticket's project."""
    names: list[str] = []
    for link in links:
        kind, _, rest = link.uri.partition(":")
        if link.kind is LinkKind.RELATES_TO:
            continue
        if kind == "change":
            names.append("repository:" + rest.rpartition("/")[0])
        elif kind == "ticket":
            names.append("project:" + _project(rest))
    return tuple(names)


def _project(ticket: str) -> str:
    """Return the project of a ticket's `jira/CHK-12` (`jira/CHK`) or `github/acme/app/12` (`github/acme/app`)."""
    head, _, last = ticket.rpartition("/")
    key, dash, number = last.rpartition("-")
    return f"{head}/{key}" if dash and number.isdecimal() else head


def _service(stream: _Stream, repository: str | None) -> str | None:
    if not repository:
        return None
    for service, repositories in stream.services:
        if any(matches(repository) for matches in repositories):
            return service
    return repository.rpartition("/")[2] or None


def _default_service(attributes: Mapping[str, str]) -> str | None:
    repository = attributes.get("repository", "")
    return attributes.get("service") or repository.rpartition("/")[2] or None


def _compile(stream: ValueStream) -> _Stream:
    return _Stream(
        name=stream.name,
        selectors=tuple(tuple(_field(name, glob) for name, glob in s.items()) for s in stream.select if s),
        services=tuple(_paths(paths) for paths in stream.services),
    )


def _paths(paths: ServicePaths) -> tuple[str, tuple[_Matches, ...]]:
    return paths.service, tuple(_glob(glob) for glob in paths.repositories)


def _field(name: str, glob: str) -> _Field:
    key = glob.rpartition("/")[2]
    return _Field(
        name=name,
        open=glob == ANY,
        matches=_glob(glob),
        matches_key=_glob(key) if name == "project" and key.strip("*?") else None,
    )


def _glob(glob: str) -> _Matches:
    return re.compile(translate(glob)).match
