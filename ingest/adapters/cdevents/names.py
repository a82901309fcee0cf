"""CDEvents subjects as our uris, so that they meet what other tools say of the same entity; pure.

CDEvents names an entity by an id that is unique within its source. Where the two hold a known address (a pull request,
a ticket, a digest, a full commit) the uri is that of the entity itself. Else it holds both: of the source a digest, for
it is whatever its maker wrote, and of the id too, unless that is a number, a ticket key or the like.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.vocabulary.entity_names import artifact, change_at, plain, ticket_at
from ingest.vocabulary.repositories import repository_of
from schemas.identity import change_uri, commit_uri, incident_uri, short_digest, ticket_uri

__all__ = ["TOOL", "artifact", "change", "incident", "own", "plain", "repository", "repository_at", "ticket"]

TOOL: Final = "cdevents"

_SHA: Final = re.compile(r"[0-9a-fA-F]{40}")
_JOB: Final = re.compile(r"%|/jobs?/")


def own(name: str, source: str) -> str:
    """Return what stands for an id together with the source it is unique in; an absolute address needs no source."""
    return short_digest(name) if "://" in name else f"{short_digest(source.rstrip('/'))}/{plain(name)}"


def repository(name: str, source: str | None, address: str | None = None) -> str | None:
    """Return `host/owner/name` of a repository's id, source and address, whichever tells it; None where none does."""
    for written in (address, name, f"{source.rstrip('/')}/{name}" if source else None, source):
        if written and (found := repository_of(written)):
            return found
    return None


def repository_at(source: str) -> str | None:
    """Return `host/owner/name` of a source that is a repository's address; None for another, a CI job's for one."""
    found = repository_of(source)
    return None if found is None or _JOB.search(found) else found


def change(name: str, source: str, in_repository: str | None) -> str:
    """Return the change's uri: by its address where id or source is one, else by its repository (or source) and id."""
    for written in (name, source):
        if found := change_at(written):
            return found
    if _SHA.fullmatch(name):
        return commit_uri(name)
    home = in_repository or repository_at(source)
    if home is None:
        return change_uri(TOOL, own(name, source))
    return change_uri(home, plain(name.removeprefix(f"{home}/")))


def ticket(name: str, source: str, address: str | None) -> str:
    """Return the ticket's uri: Jira's or GitHub's where its address says so, else `ticket:cdevents/<source>/<id>`."""
    for written in (address or "", name):
        if found := ticket_at(written):
            return found
    return ticket_uri(TOOL, own(name, source))


def incident(name: str, source: str) -> str:
    """Return the incident's uri."""
    return incident_uri(TOOL, own(name, source))
