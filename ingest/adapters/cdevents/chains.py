"""CDEvents' own links: embedded in an event's context, or sent by themselves; and the ids of things in other systems.

A link's end is an event (`contextId`) or a thing (`domainId`). An event's id names no entity: what it is about is known
only where that event is, so such an end is kept as a text and leads nowhere. A thing whose provider is known is the
entity that other tools name alike.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from ingest.adapters.cdevents import names
from ingest.adapters.cdevents.bodies import Alone, Embedded, End
from ingest.facts import MOST_CHARACTERS
from ingest.vocabulary.entity_names import artifact
from ingest.vocabulary.keys import KEY
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import change_uri, commit_uri, entity_kind, ticket_uri

MOST_EVENTS: Final = 16
"""The ids of so many linked events are kept."""

_DOMAIN: Final = re.compile(r"cdevents:v0:[^:]*:[^:]*:[^:]*:(?:[^:/](?:[^:]*[^:/])?)?:[^:]+:.+")
_HOSTS: Final = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_BY_KEY: Final = frozenset({"jira", "linear"})
_BY_REPOSITORY: Final = frozenset({"github", "gitlab"})
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TICKET_KEY: Final = re.compile(KEY)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")
_LETTERS: Final = re.compile(r"[^a-z]")
_UPWARD: Final = {
    "run": {"change": LinkKind.PART_OF, "commit": LinkKind.PART_OF, "ticket": LinkKind.PART_OF},
    "custom": {"change": LinkKind.PART_OF, "commit": LinkKind.PART_OF, "ticket": LinkKind.PART_OF},
    "commit": {"change": LinkKind.PART_OF, "ticket": LinkKind.PART_OF},
    "change": {"ticket": LinkKind.PART_OF},
    "artifact": {"commit": LinkKind.BUILT_FROM, "change": LinkKind.PART_OF, "ticket": LinkKind.PART_OF},
    "deployment": {"commit": LinkKind.DEPLOYS, "artifact": LinkKind.DEPLOYS},
}  # fmt: skip
_CAUSES: Final = frozenset({"artifact", "change", "commit", "deployment"})
_MEMBERSHIP: Final = frozenset(
    {
        "", "artifact", "belongsto", "builtfrom", "cause", "caused", "causedby", "change", "closes", "commit",
        "composition", "contains", "deploys", "fixes", "implements", "issue", "partof", "pr", "resolves", "ticket",
        "trigger", "triggered", "triggeredby",
    }
)  # fmt: skip
"""The words for a relation, their letters alone, that say what came of what; any other only relates."""


def thing(domain: str | None) -> str | None:
    """Return the uri of the change, commit, ticket or artifact that a domain id names; None for anything else."""
    return _thing(domain) if domain and len(domain) <= MOST_CHARACTERS else None


@lru_cache(maxsize=4096)
def _thing(domain: str) -> str | None:
    if not _DOMAIN.fullmatch(domain):
        return None
    _, _, provider, instance, namespace, groups, kind, name = [unquote(part) for part in domain.split(":", 7)]
    host = instance if _HOST.fullmatch(instance) else _HOSTS.get(provider) if not instance else None
    home = f"{namespace}/{groups}"
    match kind:
        case "commit" if _SHA.fullmatch(name.lower()):
            return commit_uri(name)
        case "pr" if host and namespace and groups and _NUMBER.fullmatch(name):
            return change_uri(f"{host}/{home}", name)
        case "issue" if provider in _BY_KEY and _TICKET_KEY.fullmatch(name):
            return ticket_uri(provider, name)
        case "issue" if provider in _BY_REPOSITORY and namespace and groups and _NUMBER.fullmatch(name):
            return ticket_uri(provider, f"{home}/{name}")
        case "artifact":
            return artifact(name)
    return None


def embedded_links(links: tuple[Embedded, ...] | None, subject: str) -> list[Link]:
    """Return the links of an event's subject to the things that its context names."""
    found = []
    for link in links or ():
        end = link.target if link.type == "RELATION" else link.origin
        uri = thing(end.domain) if end is not None else None
        if uri is not None and uri != subject:
            found.append(Link(uri=uri, kind=meant(subject, uri, link.kind), method=LinkMethod.EXPLICIT))
    return found


def linked_events(links: tuple[Embedded, ...] | None) -> str | None:
    """Return the ids of the events that a context's links name, apart by blanks; None without any."""
    ends = [end for link in links or () for end in (link.target, link.origin) if end is not None and end.event]
    return " ".join(dict.fromkeys(names.plain(end.event or "") for end in ends[:MOST_EVENTS])) or None


def ends_chain(links: tuple[Embedded, ...] | None) -> bool:
    """Tell whether an event says that it ends its chain."""
    return any(link.type == "END" for link in links or ())


def ends(link: Alone) -> tuple[End | None, End | None]:
    """Return what a link that was sent by itself is said of, and what of it: (subject, target); None for neither."""
    match link.type:
        case "RELATION":
            return link.source, link.target
        case "PATH":
            return link.to, link.origin
        case "END":
            return link.end, link.origin
    return None, None


def meant(subject: str, target: str, word: str | None) -> LinkKind:
    """Return what a relation means between two entities: membership, cargo or cause where the word says so."""
    told = _LETTERS.sub("", (word or "").lower())
    below, above = entity_kind(subject), entity_kind(target)
    if below == "incident":
        return LinkKind.CAUSED_BY if told.startswith("cause") and above in _CAUSES else LinkKind.RELATES_TO
    return _UPWARD.get(below, {}).get(above, LinkKind.RELATES_TO) if told in _MEMBERSHIP else LinkKind.RELATES_TO
