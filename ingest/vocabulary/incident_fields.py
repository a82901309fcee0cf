"""What the fields, labels and details that people give an incident tell: its service, its environment, its cause; pure.

Every incident tool has fields of this kind under its own word (custom fields, labels, annotations, details, tags); they
are read by name, and what else stands in them is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.adapter import Context
from ingest.facts import MOST_CHARACTERS
from ingest.vocabulary.kept_text import Pseudonym, kept_of_environment, kept_of_label, without_addresses
from ingest.vocabulary.keys import unique_links
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import artifact_uri, commit_uri

CAUSES: Final = frozenset({"artifact", "caused_by", "commit", "commit_sha", "deployment", "digest", "image", "sha"})
"""The names of fields that tell a cause."""

SERVICES: Final = (
    "service", "service_name", "service.name", "application", "app", "app_kubernetes_io_name", "job",
)  # fmt: skip
"""The names of labels that tell the service, the first that is there counts."""

ENVIRONMENTS: Final = (
    "environment", "env", "stage", "deployment_environment", "deployment_environment_name", "deployment.environment",
    "deployment.environment.name",
)  # fmt: skip
"""The names of fields that tell the environment, the first that is there counts."""

_SEVERITIES: Final = frozenset(
    {"average", "disaster", "emergency", "error", "fatal", "moderate", "page", "ticket", "warn", "warning"}
)
_COMMIT: Final = re.compile(r"(?<![0-9a-f])(?<!sha1:)[0-9a-f]{40}(?![0-9a-f])")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_DEPLOYMENT: Final = re.compile(r"deployment:[\w.-]+/[^\s,;()<>\"']{1,400}(?<!\.)")
_NOT_WORD: Final = re.compile(r"[^0-9a-z]+")
_NAME_CHARACTERS: Final = 256


class Told(Struct, frozen=True, gc=False):
    """What fields tell: service and environment or '', the tool's own word for it as kept, the causes named."""

    service: str
    environment: str
    environment_raw: str
    causes: tuple[Link, ...] = ()


def told_by(fields: Mapping[str, str], context: Context, services: Sequence[str] = SERVICES) -> Told:
    """Return what fields tell by their names, which are in lower case."""
    word, named = _first(fields, ENVIRONMENTS), _first(fields, services)
    environment, kept = kept_of_environment(word, context.environment, context.pseudonym)
    asked = CAUSES.intersection(fields)
    return Told(
        service=service_name(named, context.pseudonym) if named else "",
        environment=environment,
        environment_raw=kept,
        causes=causes((fields[name] for name in sorted(asked)), context.pseudonym) if asked else (),
    )


def _first(fields: Mapping[str, str], names: Sequence[str]) -> str:
    for name in names:
        if told := fields.get(name):
            return told
    return ""


def causes(texts: Iterable[str], pseudonym: Pseudonym) -> tuple[Link, ...]:
    """Return the links to what texts of such fields name as the cause, one a text at most, each once."""
    read = (without_addresses(text, pseudonym)[:MOST_CHARACTERS] for text in texts)
    return unique_links([link for text in read if (link := _cause(text))])


def service_name(name: str, pseudonym: Pseudonym) -> str:
    """Return a service's display name as deployments spell it: `Checkout API` is `checkout-api`."""
    return _spelled(without_addresses(name[:_NAME_CHARACTERS], pseudonym))


def severity(told: str | None, pseudonym: Pseudonym) -> str | None:
    """Return what is kept of a severity, in lower case: the usual words; None for none."""
    if not told:
        return None
    return told.lower() if told.lower() in _SEVERITIES else kept_of_label(told.lower(), pseudonym)


@lru_cache(maxsize=4096)
def _spelled(name: str) -> str:
    return _NOT_WORD.sub("-", name.lower()).strip("-")


@lru_cache(maxsize=1024)
def _cause(text: str) -> Link | None:
    """Return the link to the deployment, artifact or commit that a text names; None where it names none."""
    if found := _DEPLOYMENT.search(text):
        uri = found[0]
    elif found := _DIGEST.search(text):
        uri = artifact_uri(found[0])
    elif found := _COMMIT.search(text.lower()):
        uri = commit_uri(found[0])
    else:
        return None
    return Link(uri=uri, kind=LinkKind.CAUSED_BY, method=LinkMethod.EXPLICIT)
