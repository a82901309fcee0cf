"""The uris of the entities that a mapping's rules name, and the links that lead to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ingest.adapter import Context, Untranslatable
from ingest.facts import MOST_LINKS
from ingest.mapping.shape import Shape
from ingest.mapping.values import Scope, every_text, name_of, required, text_of
from ingest.vocabulary.entity_names import artifact, change_at, plain, ticket_at
from ingest.vocabulary.keys import (
    CONFIDENCES,
    branch_links,
    key_links,
    keys_in_branch,
    keys_in_text,
    keys_named_in_body,
    unique_links,
)
from ingest.vocabulary.repositories import repository_of
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import (
    branch_uri,
    change_uri,
    commit_uri,
    deployment_uri,
    incident_uri,
    run_uri,
    ticket_uri,
)
from schemas.mapping import Entity, EntityLink

Uri = Callable[[str, str | None, Context], str | None]
"""Makes a uri of an id and what stands beside it; None where the id is none of this kind."""

Subject = Callable[[Scope, Context], str]
Links = Callable[[Scope, Context], tuple[Link, ...]]

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PACKAGE: Final = re.compile(r"pkg:[\w.+-]+/\S+|(?:\S*@)?sha256:[0-9a-f]{64}")
_OPAQUE: Final = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{5,40}")
_KEY_OF_PROJECT: Final = re.compile(r"([A-Z][A-Z0-9_]{1,9})-[1-9][0-9]{0,6}")


def kept_id(text: str) -> str:
    """Return what of an id stands in a uri: each part between slashes that names nobody, of any other a digest."""
    return "/".join([part if _OPAQUE.fullmatch(part) else plain(part) for part in text.split("/")])


def ticket_project(uri: str) -> str | None:
    """Return `tracker/KEY` of a ticket's uri whose key has one; None for another."""
    tracker, _, key = uri.removeprefix("ticket:").rpartition("/")
    known = _KEY_OF_PROJECT.fullmatch(key)
    return f"{tracker}/{known[1]}" if known else None


def _ticket(name: str, tracker: str | None, context: Context) -> str:
    return ticket_at(name) or ticket_uri(tracker or context.tool, kept_id(name))


def _change(name: str, repository: str | None, _context: Context) -> str | None:
    if at := change_at(name):
        return at
    home = repository_of(repository) if repository else None
    return change_uri(home, plain(name)) if home else None


def _commit(name: str, _beside: str | None, _context: Context) -> str | None:
    sha = name.lower()
    return commit_uri(sha) if _COMMIT.fullmatch(sha) else None


def _run(name: str, attempt: str | None, context: Context) -> str:
    return run_uri(context.tool, context.source, kept_id(name), plain(attempt or "1"))


def _artifact(name: str, _beside: str | None, _context: Context) -> str | None:
    return artifact(name) if _PACKAGE.fullmatch(name) else None


def _branch(name: str, repository: str | None, _context: Context) -> str | None:
    home = repository_of(repository) if repository else None
    return branch_uri(home, name.removeprefix("refs/heads/")) if home else None


def _repository(name: str, _beside: str | None, _context: Context) -> str | None:
    home = repository_of(name)
    return f"repository:{home}" if home else None


def _other(kind: str) -> Uri:
    """Return what makes the uri of an entity that only this tool knows."""
    return lambda name, _beside, context: f"{kind}:{context.tool}/{kept_id(name)}"


_URIS: Final[dict[str, Uri]] = {
    "activity": _other("activity"),
    "approval": _other("approval"),
    "artifact": _artifact,
    "branch": _branch,
    "change": _change,
    "commit": _commit,
    "deployment": lambda name, _beside, context: deployment_uri(context.tool, kept_id(name)),
    "environment": _other("environment"),
    "feature": _other("feature"),
    "incident": lambda name, _beside, context: incident_uri(context.tool, kept_id(name)),
    "repository": _repository,
    "run": _run,
    "service": _other("service"),
    "testoutput": _other("testoutput"),
    "ticket": _ticket,
}

_METHODS: Final = {"artifact": LinkMethod.DIGEST, "commit": LinkMethod.COMMIT}
_READ: Final[dict[str, tuple[Callable[[str], Sequence[str]], LinkMethod]]] = {
    "keys_in_branch": (keys_in_branch, LinkMethod.KEY_IN_BRANCH),
    "keys_in_title": (keys_in_text, LinkMethod.KEY_IN_TITLE),
    "keys_in_message": (keys_in_text, LinkMethod.KEY_IN_MESSAGE),
    "keys_named_in": (keys_named_in_body, LinkMethod.KEY_IN_MESSAGE),
}


def subject_of(entity: Entity, shape: Shape) -> Subject:
    """Return what makes the uri of a rule's subject. It raises Untranslatable, naming the path, where it cannot."""
    look, beside, make = text_of(entity.name, shape), text_of(entity.beside, shape), _URIS[entity.kind]
    name = name_of(entity.name)

    def subject(scope: Scope, context: Context) -> str:
        uri = make(required(look(scope), name), beside(scope), context)
        if uri is None:
            raise Untranslatable(f"{name} makes no {entity.kind}")
        return uri

    return subject


def links_of(links: Sequence[EntityLink], shape: Shape) -> Links:
    """Return what makes the links of a rule's facts, each once; a target that is not there makes none."""
    made = [_read(link, shape) if link.target.kind in _READ else _linked(link, shape) for link in links]
    if not made:
        return lambda _scope, _context: ()

    def linked(scope: Scope, context: Context) -> tuple[Link, ...]:
        return unique_links([link for each in made for link in each(scope, context)])

    return linked


def _linked(link: EntityLink, shape: Shape) -> Callable[[Scope, Context], Sequence[Link]]:
    target = link.target
    look, beside, make = every_text(target.name, shape), text_of(target.beside, shape), _URIS[target.kind]
    method = _METHODS.get(target.kind, LinkMethod.EXPLICIT)

    def linked(scope: Scope, context: Context) -> Sequence[Link]:
        texts = look(scope)
        if not texts:
            return ()
        stands_beside = beside(scope)
        uris = [make(text, stands_beside, context) for text in texts[:MOST_LINKS]]
        return [Link(uri=uri, kind=link.kind, method=method, confidence=link.confidence) for uri in uris if uri]

    return linked


def _read(link: EntityLink, shape: Shape) -> Callable[[Scope, Context], Sequence[Link]]:
    look = every_text(link.target.name, shape)
    keys, method = _READ[link.target.kind]

    if keys is keys_in_branch and (link.kind, link.confidence) == (LinkKind.PART_OF, 1.0):
        return lambda scope, _context: [one for text in look(scope)[:MOST_LINKS] for one in branch_links(text)]

    def read(scope: Scope, _context: Context) -> Sequence[Link]:
        found = [name for text in look(scope)[:MOST_LINKS] for name in key_links(keys(text), method)]
        sure = min(link.confidence, CONFIDENCES[method])
        return [Link(uri=one.uri, kind=link.kind, method=method, confidence=sure) for one in found]

    return read
