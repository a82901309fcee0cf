"""How facts and entities are named: deterministic ids and URIs, buildable by whoever names the entity."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_SEPARATOR: Final = "\x1f"
_ID_BYTES: Final = 16
_REMEMBERED_CHARACTERS: Final = 256


def event_id(tool: str, event_type: str, subject_id: str, occurred_at: int, distinguishing: Iterable[str] = ()) -> str:
    """Return the id of a fact: 32 hex digits of SHA-256 over what makes it that fact.

    `distinguishing` is what else tells two facts of one subject, type and time apart (a state, an outcome, a review
    id);
    never the delivery, channel, arrival, stream or actor, so that a backfilled fact is the live one.
    """
    text = _SEPARATOR.join((tool, event_type, subject_id, str(occurred_at), *distinguishing))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[: 2 * _ID_BYTES]


def pseudonym(identity_key: bytes, tool: str, account_id: str) -> str:
    """Return the keyed hash that stands for an account of a tool: 16 hex digits of HMAC-SHA256, never reversible."""
    message = f"actor{_SEPARATOR}{tool}{_SEPARATOR}{account_id}".encode("utf-8", "surrogatepass")
    return hmac.digest(identity_key, message, "sha256").hex()[:16]


def ticket_uri(tracker: str, ticket_key: str) -> str:
    """Return `ticket:jira/CHK-12`; GitHub's is `ticket:github/acme/app/12`."""
    return f"ticket:{tracker}/{ticket_key}"


def bare_ticket_uri(ticket_key: str) -> str:
    """Return the uri of a key found in text, of whatever tracker: `ticket:*/CHK-12`."""
    return f"ticket:*/{ticket_key.upper()}"


def change_uri(repository: str, number: str | int) -> str:
    """Return `change:github.com/acme/app/97` for a repository `host/owner/name`."""
    return f"change:{repository}/{number}"


def commit_uri(sha: str) -> str:
    """Return `commit:<40 hex>`."""
    return f"commit:{sha.lower()}"


def run_uri(tool: str, source: str, run_id: str | int, attempt: str | int = 1) -> str:
    """Return `run:<tool>/<source>/<id>/<attempt>`."""
    return f"run:{tool}/{source}/{run_id}/{attempt}"


def branch_uri(repository: str, name: str) -> str:
    """Return `branch:github.com/acme/app/<digest of the name>`: what people call a branch is no one's to read."""
    return f"branch:{repository}/{short_digest(name)}"


def short_digest(text: str) -> str:
    """Return what stands in a uri for a text that must not: 16 hex digits of its SHA-256, without any key."""
    return _short_text(text) if len(text) <= _REMEMBERED_CHARACTERS else _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_BYTES]


_short_text: Final = lru_cache(maxsize=4096)(_digest)


def artifact_uri(digest: str) -> str:
    """Return `artifact:sha256:...` for a digest `sha256:...`."""
    return f"artifact:{digest}"


def deployment_uri(tool: str, identity: str) -> str:
    """Return `deployment:<tool>/<identity>`; the identity is the operation's own (Argo CD: application and start)."""
    return f"deployment:{tool}/{identity}"


def feature_uri(tool: str, project: str, flag: str) -> str:
    """Return `feature:<tool>/<project>/<flag>`; it is the same feature in every environment."""
    return f"feature:{tool}/{project}/{flag}"


def incident_uri(tool: str, incident_id: str) -> str:
    """Return `incident:<tool>/<id>`."""
    return f"incident:{tool}/{incident_id}"


def entity_kind(uri: str) -> str:
    """Return the kind of the entity a uri names: the part before the first colon."""
    return uri.partition(":")[0]
