"""CDEvents subjects as our uris, so that they meet what other tools say of the same entity; pure.

CDEvents names an entity by an id that is unique within its source. Where the two hold a known address (a pull request,
a ticket, a digest, a full commit) the uri is that of the entity itself. Else it holds both: of the source a digest, for
it is whatever its maker wrote, and of the id too, unless that is a number, a ticket key or the like.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ingest.facts import MOST_CHARACTERS
from ingest.keys import KEY
from ingest.repositories import repository_of
from schemas.identity import artifact_uri, change_uri, commit_uri, incident_uri, short_digest, ticket_uri

TOOL: Final = "cdevents"

_CHANGE_ADDRESS: Final = re.compile(
    r"(?P<repository>https?://[^\s?#]+?)(?:/-)?/(?:pull|pulls|merge_requests|pull-requests)/(?P<number>\d{1,9})(?:[/?#].*)?"
)
_JIRA_ADDRESS: Final = re.compile(r"https?://[^\s?#]+/browse/([A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,6})(?:[/?#].*)?")
_ISSUE_ADDRESS: Final = re.compile(r"https?://github\.com/([\w.-]+/[\w.-]+)/issues/([1-9][0-9]{0,8})(?:[/?#].*)?")
_SHA: Final = re.compile(r"[0-9a-fA-F]{40}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_COUNTED: Final = r"(?:alert|approval|build|deployment|inc|incident|issue|job|pipelinerun|run|task|taskrun|ticket)[-_]?"
_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HASH: Final = "(?=[a-f]*[0-9])[0-9a-f]{12,64}"
_JOB: Final = re.compile(r"%|/jobs?/")
_PLAIN: Final = re.compile(rf"{KEY}|(?:{_COUNTED})?[0-9][0-9._-]{{0,63}}|{_UUID}|{_HASH}")


def own(name: str, source: str) -> str:
    """Return what stands for an id together with the source it is unique in; an absolute address needs no source."""
    return short_digest(name) if "://" in name else f"{short_digest(source.rstrip('/'))}/{plain(name)}"


def plain(name: str) -> str:
    """Return an id that names nobody (a number, a UUID, a hash, a ticket key) as it is, of any other the digest."""
    return name if not name or _PLAIN.fullmatch(name) else short_digest(name)


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
        if (
            len(written) <= MOST_CHARACTERS
            and (found := _CHANGE_ADDRESS.fullmatch(written))
            and (there := repository_of(found["repository"]))
        ):
            return change_uri(there, found["number"])
    if _SHA.fullmatch(name):
        return commit_uri(name)
    home = in_repository or repository_at(source)
    if home is None:
        return change_uri(TOOL, own(name, source))
    return change_uri(home, plain(name.removeprefix(f"{home}/")))


def ticket(name: str, source: str, address: str | None) -> str:
    """Return the ticket's uri: Jira's or GitHub's where its address says so, else `ticket:cdevents/<source>/<id>`."""
    for written in (address or "", name):
        if found := _JIRA_ADDRESS.fullmatch(written):
            return ticket_uri("jira", found[1])
        if found := _ISSUE_ADDRESS.fullmatch(written):
            return ticket_uri("github", f"{found[1]}/{found[2]}")
    return ticket_uri(TOOL, own(name, source))


def artifact(package: str) -> str:
    """Return the artifact's uri: by digest where the package url holds one, else by the package url itself."""
    found = _DIGEST.search(unquote(package))
    return artifact_uri(found[0] if found else package)


def incident(name: str, source: str) -> str:
    """Return the incident's uri."""
    return incident_uri(TOOL, own(name, source))
