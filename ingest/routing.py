"""Which value streams claim an event; pure, compiled once from the definition's selectors.

A selector claims an event when each of its fields matches. A field's value is a glob over the reserved attribute;
`"*"` alone also matches an event that lacks it. `repository` and `project` also match the URIs the event's links name
(a change's repository, a ticket's tracker and project), so that a deployment made elsewhere is claimed by the streams
whose changes it carries; a link that only relates (epic, blocks) claims nothing. A bare key found in text matches a
project by its key, unless the selector leaves the key wholly open: words such as UTF-8 look like keys.

An event's service is the one its tool tells. Else it is told by its code: the services whose `paths` its files lie in;
without any of these (or if it tells no files) the service that is tied to the whole repository; else the repository's
name. An event of several services is claimed as each of them, and carries the one it was claimed as, if it was one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Final

from msgspec import Struct, structs

from ingest.path_globs import any_path
from schemas.definition import Definition, ServicePaths, ValueStream
from schemas.event import PATHS, UNROUTED, FlowEvent, Link, LinkKind

ANY: Final = "*"
SERVICE_BY: Final = "service_by"
"""Marks a copy whose service was found here, so that another definition may find another one."""

_ROUTED_BY: Final = "routed_by"
_CACHED: Final = 16_384
_BARE: Final = "*/"

_Matches = Callable[[str], object]


class Claim(Struct, frozen=True):
    """A stream that claims an event, and the service it claims it as (None: unknown, or several)."""

    stream: str
    service: str | None


class _Field(Struct, frozen=True, kw_only=True):
    name: str
    open: bool
    matches: _Matches
    matches_key: _Matches | None


class _Service(Struct, frozen=True, kw_only=True):
    said: ServicePaths
    repositories: tuple[_Matches, ...]
    holds: Callable[[str], bool]


class _Stream(Struct, frozen=True, kw_only=True):
    name: str
    selectors: tuple[tuple[_Field, ...], ...]
    services: tuple[_Service, ...]


class Router:
    """Routes events by a definition; remembers what it decided for each combination of what selectors read."""

    def __init__(self, definition: Definition) -> None:
        self._streams = tuple(_compile(stream) for stream in definition.value_streams)
        read = {field for stream in definition.value_streams for selector in stream.select for field in selector}
        self._read = tuple(sorted(read | {"repository", "service"}))
        self._links_matter = bool(read & {"repository", "project"})
        self._with_paths = {s.said: s for stream in self._streams for s in stream.services if s.said.paths}
        self._decided: dict[tuple[object, ...], tuple[Claim, ...]] = {}

    @property
    def reads_paths(self) -> bool:
        """Whether some service of the definition goes by the paths of files."""
        return bool(self._with_paths)

    def claims(self, event: FlowEvent) -> tuple[Claim, ...]:
        """Return the streams that claim an event, in the file's order; () when none does."""
        attributes = event.attributes
        named = _named(event.links) if event.links and self._links_matter else ()
        touched = self._touched(attributes) if self._with_paths and PATHS in attributes else ()
        known = (*[attributes.get(name) for name in self._read], named, touched)
        decided = self._decided.get(known)
        if decided is None:
            decided = self._decide(dict(attributes), named, touched)
            if len(self._decided) >= _CACHED:
                self._decided.clear()
            self._decided[known] = decided
        return decided

    def route(self, event: FlowEvent) -> tuple[FlowEvent, ...]:
        """Return one copy a claiming stream, all with the same `event_id`; one copy for `unrouted` when none claims.

        A copy carries `routed_by` and, where the event names none itself, the service it was claimed as. The paths of
        its files are kept only where some service of the definition goes by paths.
        """
        claims = self.claims(event) or (Claim(UNROUTED, _repository_name(event.attributes.get("repository"))),)
        return tuple([self._addressed(event, claim) for claim in claims])

    def _touched(self, attributes: Mapping[str, str]) -> tuple[ServicePaths, ...]:
        """Return the services that go by paths and hold a file of the event."""
        repository, paths = attributes.get("repository", ""), attributes[PATHS]
        return tuple(
            [
                said
                for said, service in self._with_paths.items()
                if any(matches(repository) for matches in service.repositories) and service.holds(paths)
            ]
        )

    def _decide(
        self, attributes: Mapping[str, str], named: Sequence[str], touched: Sequence[ServicePaths]
    ) -> tuple[Claim, ...]:
        claims = []
        for stream in self._streams:
            claimed_as = [
                service
                for service in _services(stream, attributes, touched)
                if _claims(stream, {**attributes, "service": service} if service else attributes, named)
            ]
            if claimed_as:
                claims.append(Claim(stream.name, claimed_as[0] if len(claimed_as) == 1 else None))
        return tuple(claims)

    def _addressed(self, event: FlowEvent, claim: Claim) -> FlowEvent:
        attributes = {**event.attributes, _ROUTED_BY: "select"}
        if not self._with_paths:
            attributes.pop(PATHS, None)
        if claim.service and not attributes.get("service"):
            attributes["service"] = claim.service
            attributes[SERVICE_BY] = "routing"
        return structs.replace(event, value_stream=claim.stream, attributes=attributes)


def as_told(event: FlowEvent) -> FlowEvent:
    """Return the event that a routed copy was made of, as far as it was kept: without what routing wrote into it."""
    attributes = {name: text for name, text in event.attributes.items() if name not in (_ROUTED_BY, SERVICE_BY)}
    if SERVICE_BY in event.attributes:
        attributes.pop("service", None)
    return structs.replace(event, value_stream=UNROUTED, attributes=attributes)


def _claims(stream: _Stream, attributes: Mapping[str, str], named: Sequence[str]) -> bool:
    return any(all(_field_matches(f, attributes.get(f.name), named) for f in fields) for fields in stream.selectors)


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


def _services(stream: _Stream, attributes: Mapping[str, str], touched: Sequence[ServicePaths]) -> Sequence[str | None]:
    """Return the services that an event belongs to as a stream sees it: at least one, None for unknown."""
    own, repository = attributes.get("service"), attributes.get("repository")
    if own or not repository:
        return (own or None,)
    by_paths = dict.fromkeys(s.said.service for s in stream.services if s.said in touched)
    if by_paths:
        return tuple(by_paths)
    for service in stream.services:
        if not service.said.paths and any(matches(repository) for matches in service.repositories):
            return (service.said.service,)
    return (_repository_name(repository),)


def _repository_name(repository: str | None) -> str | None:
    return (repository or "").rpartition("/")[2] or None


def _compile(stream: ValueStream) -> _Stream:
    return _Stream(
        name=stream.name,
        selectors=tuple(tuple(_field(name, glob) for name, glob in s.items()) for s in stream.select if s),
        services=tuple(_service(said) for said in stream.services),
    )


def _service(said: ServicePaths) -> _Service:
    repositories = tuple(_glob(glob) for glob in said.repositories)
    return _Service(said=said, repositories=repositories, holds=any_path(said.paths))


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
