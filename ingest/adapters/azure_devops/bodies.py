"""The parts that Azure DevOps' service hook bodies share, typed: only the fields that a translation needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.keys import MOST_KEYS
from ingest.vocabulary.named_tickets import Tracker
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import Moment, moment
from schemas.event import ActorClass, Outcome

TOOL: Final = "azure_devops"

OUTCOMES: Final = {
    "succeeded": Outcome.SUCCESS, "partiallySucceeded": Outcome.SUCCESS, "succeededWithIssues": Outcome.SUCCESS,
    "failed": Outcome.FAILURE, "rejected": Outcome.FAILURE, "canceled": Outcome.CANCELLED,
    "stopped": Outcome.CANCELLED, "abandoned": Outcome.CANCELLED,
}  # fmt: skip
"""What the results of builds, runs, stages and deployments mean; what only partially succeeded came to its end."""

_NO_TIME: Final = ("0001-", "9999-")
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MENTION: Final = re.compile(r"(?<![\w/&#])(?:AB)?#([1-9][0-9]{0,8})(?![\w-])")
_READ_CHARACTERS: Final = 65_536
_LONGEST: Final = 512
_SERVICES: Final = ("svc.", "aadsp.")


class Identity(Struct, frozen=True, rename="camel", gc=False):
    """An account; its names tell its class and are not kept. `is_container`: a group."""

    id: str | None = None
    display_name: str | None = None
    unique_name: str | None = None
    descriptor: str | None = None
    is_container: bool = False


class Address(Struct, frozen=True, gc=False):
    """A link."""

    href: str | None = None


class Links(Struct, frozen=True, gc=False):
    """The links of an entity: its page."""

    web: Address | None = None
    html: Address | None = None


class Named(Struct, frozen=True, gc=False):
    """Anything of which only the name matters."""

    name: str | None = None


class Container(Struct, frozen=True, rename="camel", gc=False):
    """An organisation or collection, by its address."""

    base_url: str | None = None


class Containers(Struct, frozen=True, gc=False):
    """Where a delivery comes from; older resource versions tell no addresses."""

    collection: Container | None = None
    account: Container | None = None


def organisation(containers: Containers | None, url: str | None) -> str:
    """Return the organisation (on a server: the collection) that an address tells. Raises Untranslatable without."""
    told = (containers.collection, containers.account) if containers else ()
    for address in (*(one.base_url for one in told if one), url):
        found = _organisation(address) if address and len(address) <= _LONGEST else None
        if found:
            return found
    raise Untranslatable("no address tells the organisation")


@lru_cache(maxsize=256)
def _organisation(address: str) -> str | None:
    host, _, path = address.partition("//")[2].partition("/")
    if host.lower().endswith(".visualstudio.com"):
        return host.partition(".")[0].lower()
    parts = [part for part in path.partition("_apis")[0].split("/") if part]
    if host.lower().endswith("dev.azure.com"):
        return parts[0].lower() if parts else None
    named = [part for part in parts if not _GUID.fullmatch(part)]
    return named[-1].lower() if named else None


def by(identity: Identity | None, context: Context) -> Actor:
    """Return the class and keyed hash of an account; null is unknown."""
    if identity is None:
        return UNKNOWN
    return Actor(class_of(identity), context.pseudonym(identity.id) if identity.id else None)


def class_of(identity: Identity) -> ActorClass:
    """Return the class of an account: a service by its descriptor or sign-in name, never a person by their name."""
    unique = identity.unique_name or ""
    service = (identity.descriptor or "").startswith(_SERVICES) or unique.startswith("Build\\")
    return ActorClass.BOT if service else class_of_name(identity.display_name or "", unique)


def class_of_name(name: str, address: str) -> ActorClass:
    """Return the class of somebody known by a name and an address only, as the author of a commit is."""
    if " Build Service (" in name or name.startswith("Microsoft.VisualStudio"):
        return ActorClass.BOT
    return classify(address.partition("@")[0] or name)


def project_of(project: Named | None) -> str | None:
    """Return `azure_devops/<project>`; None where no project is told."""
    return f"{TOOL}/{project.name}" if project and project.name else None


def full_name(address: str | None) -> str | None:
    """Return `host/owner/name` of a repository's address; None where it tells none."""
    return repository_of(address) if address else None


def first_time(field: str, *written: str | None) -> Moment:
    """Return the first time that is told; a year 1 or 9999 stands for none. Raises Untranslatable without any."""
    return moment(next((text for text in written if text and not text.startswith(_NO_TIME)), None), field)


def is_told(written: str | None) -> bool:
    """Tell whether a text is a time, and not one of the years that stand for none."""
    return bool(written) and not str(written).startswith(_NO_TIME)


def _mentioned(text: str | None, home: str) -> Sequence[str]:
    """Return the work items that a text mentions (`#12`, `AB#12`), of the organisation `home`, each once."""
    if not text or "#" not in text:
        return ()
    numbers = dict.fromkeys(_MENTION.findall(text[:_READ_CHARACTERS]))
    return [f"{home}/{number}" for number in numbers][:MOST_KEYS]


TRACKER: Final = Tracker(TOOL, _mentioned)
"""The tracker of work items: `ticket:azure_devops/acme/12`."""
