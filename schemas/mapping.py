"""How the JSON of a tool that nobody has heard of becomes flow events, as values; read from the value-stream file.

Nothing here runs: `schemas.mappings_text` reads these values, `ingest.mapping` makes an adapter of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from schemas.event import LinkKind

Step = str | int | None
"""A step of a path: a member's name, an element's index, or every element (None)."""

ANY: Final = "*"
"""What a condition says of a path that only has to find something."""

SUBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "activity": "activity", "approval": "approval", "artifact": "artifact", "branch": "branch", "build": "run",
        "change": "change", "commit": "commit", "deployment": "deployment", "environment": "environment",
        "feature": "feature", "incident": "incident", "pipelinerun": "run", "repository": "repository",
        "service": "service", "taskrun": "run", "testcaserun": "run", "testoutput": "testoutput",
        "testsuiterun": "run", "ticket": "ticket",
    }
)  # fmt: skip
"""What an event's type begins with -> the kind of entity that it happens to."""

DEPLOYED: Final = frozenset({"service.deployed", "service.upgraded", "service.rolledback"})
"""The types of a service that happen to a deployment."""

COMPANIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"run": "attempt", "change": "repository", "branch": "repository", "ticket": "tracker"}
)
"""Kind of entity -> what may stand beside its id."""

READERS: Final = ("keys_in_branch", "keys_in_title", "keys_in_message", "keys_named_in")
"""Targets of links that are ticket keys read out of a text, which is not kept."""

REPOSITORY: Final = "repository"


class Path(Struct, frozen=True, gc=False):
    """A path into a body: from its top (`$`), or from the element of `each` (`$each`); `text` as it was written."""

    text: str
    steps: tuple[Step, ...]
    of_element: bool = False


class Value(Struct, frozen=True, kw_only=True, gc=False):
    """Where a text comes from: a constant, the first of several paths that finds one, a header, or several joined.

    `words` maps what was found, `otherwise` stands for a word that is not among them, `missing` where nothing was
    found. `slug`: letters and digits in lower case with single hyphens.
    """

    constant: str | None = None
    paths: tuple[Path, ...] = ()
    header: str | None = None
    parts: tuple[Value, ...] = ()
    words: Mapping[str, str] | None = None
    otherwise: str | None = None
    missing: str | None = None
    slug: bool = False


class Entity(Struct, frozen=True, kw_only=True, gc=False):
    """An entity by its kind and id, and what may stand beside the id (`COMPANIONS`)."""

    kind: str
    name: Value
    beside: Value | None = None


class EntityLink(Struct, frozen=True, kw_only=True, gc=False):
    """A link to an entity, or (kind `READERS`) to the tickets whose keys a text holds."""

    kind: LinkKind
    target: Entity
    confidence: float = 1.0


class Condition(Struct, frozen=True, gc=False):
    """A path, and the texts one of which it has to find; `ANY` for whatever it finds."""

    path: Path
    texts: tuple[str, ...]


class Account(Struct, frozen=True, kw_only=True, gc=False):
    """Who did it: the account's id (kept as a keyed hash), its name (read for its class, not kept), or the class."""

    id: Value | None = None
    name: Value | None = None
    actor_class: Value | None = None


class MappedEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One rule: on which deliveries (all of `when`, none of `unless`), one fact a delivery or one an element of `each`.

    `event_types` empty: any. `told_apart` None: by state, outcome and decision.
    """

    type: str
    subject: Entity
    at: Value
    event_types: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    each: Path | None = None
    order: Value | None = None
    url: Value | None = None
    state: Value | None = None
    outcome: Value | None = None
    environment: Value | None = None
    work_kind: Value | None = None
    labels: tuple[Path, ...] = ()
    actor: Account | None = None
    links: tuple[EntityLink, ...] = ()
    attributes: Mapping[str, Value] = {}
    quantities: Mapping[str, Path] = {}
    told_apart: tuple[Value, ...] | None = None


class Proof(Struct, frozen=True, kw_only=True, gc=False):
    """How a tool proves its deliveries: a scheme by its name, with what it needs to know."""

    scheme: str
    header: str = ""
    prefix: str = ""
    encoding: str = "hex"
    several: bool = False


class ToolMapping(Struct, frozen=True, kw_only=True, gc=False):
    """A whole tool, proven by any of `proofs`; the first one signs.

    `event_type` None: its deliveries are of one kind. `delivery_id` None: the hash of the body.
    """

    tool: str
    proofs: tuple[Proof, ...]
    event_type: Value | None = None
    delivery_id: Value | None = None
    events: tuple[MappedEvent, ...]
    ignores: tuple[str, ...] = ()
