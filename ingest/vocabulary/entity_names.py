"""Ids and addresses that tools write, as the uris of what they name, where what they hold is known; pure.

An id that names nobody (a number, a UUID, a hash, a ticket key) stands in a uri as it is; any other is whatever its
maker wrote, and stands as a digest. A known address (a pull request, an issue, an image) is the entity itself.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ingest.facts import MOST_CHARACTERS
from ingest.vocabulary.keys import KEY
from ingest.vocabulary.repositories import repository_of
from schemas.identity import artifact_uri, change_uri, short_digest, ticket_uri

_CHANGE_ADDRESS: Final = re.compile(
    r"(?P<repository>https?://[^\s?#]+?)(?:/-)?/(?:pull|pulls|merge_requests|pull-requests)/(?P<number>\d{1,9})(?:[/?#].*)?"
)
_JIRA_ADDRESS: Final = re.compile(r"https?://[^\s?#]+/browse/([A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,6})(?:[/?#].*)?")
_ISSUE_ADDRESS: Final = re.compile(r"https?://github\.com/([\w.-]+/[\w.-]+)/issues/([1-9][0-9]{0,8})(?:[/?#].*)?")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_COUNTED: Final = r"(?:alert|approval|build|deployment|inc|incident|issue|job|pipelinerun|run|task|taskrun|ticket)[-_]?"
_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HASH: Final = "(?=[a-f]*[0-9])[0-9a-f]{12,64}"
_PLAIN: Final = re.compile(rf"{KEY}|(?:{_COUNTED})?[0-9][0-9._-]{{0,63}}|{_UUID}|{_HASH}")


def plain(name: str) -> str:
    """Return an id that names nobody (a number, a UUID, a hash, a ticket key) as it is, of any other the digest."""
    return name if is_plain(name) else short_digest(name)


def is_plain(name: str) -> bool:
    """Tell whether an id names nobody by its form; '' does not."""
    return not name or _PLAIN.fullmatch(name) is not None


def change_at(address: str) -> str | None:
    """Return the uri of the pull or merge request at an address; None for any other text."""
    if len(address) > MOST_CHARACTERS or not (found := _CHANGE_ADDRESS.fullmatch(address)):
        return None
    there = repository_of(found["repository"])
    return change_uri(there, found["number"]) if there else None


def ticket_at(address: str) -> str | None:
    """Return the uri of Jira's or GitHub's ticket at an address; None for any other text."""
    if len(address) > MOST_CHARACTERS:
        return None
    if found := _JIRA_ADDRESS.fullmatch(address):
        return ticket_uri("jira", found[1])
    if found := _ISSUE_ADDRESS.fullmatch(address):
        return ticket_uri("github", f"{found[1]}/{found[2]}")
    return None


def artifact(package: str) -> str:
    """Return the artifact's uri: by digest where the package url holds one, else by the package url itself."""
    found = _DIGEST.search(unquote(package))
    return artifact_uri(found[0] if found else package)
