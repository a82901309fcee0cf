"""The flow event: one normalised fact of one tool, and the closed sets its fields draw from."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

UNROUTED: Final = "unrouted"
"""The value stream of an event that no selector claims."""

EARLIEST_MICROS: Final = 631_152_000_000_000
"""1990-01-01T00:00Z: an earlier time is implausible, kept as text and derives nothing."""

IMPLAUSIBLE_TIME: Final = "implausible_time"
"""Attribute that holds the tool's own text of a time before 1990; such an event derives nothing."""

NO_CAUSE: Final = "none"
"""What the attribute `cause` of an incident says where whoever writes its cause down has none: an earlier one falls."""


PATHS: Final = "paths"
"""Attribute that holds the paths of the files a fact touched, one a line; absent where they are not known."""


class LinkKind(StrEnum):
    """How a fact's subject relates to the entity it links to."""

    PART_OF = "part_of"
    """The subject belongs to the target and leads upward to it: change to ticket, commit to ticket or change,
    commit to the head commit of its push, run to commit or change."""
    CONTAINS = "contains"
    """The target is part of the subject: change to its head commit. Leads upward from the target."""
    MERGED_AS = "merged_as"
    """The change became this commit on its target branch (merge, squash or rebase)."""
    BUILT_FROM = "built_from"
    """The artifact was built from this commit; leads upward to the commit's change."""
    DEPLOYS = "deploys"
    """The deployment brought this commit or artifact to its environment; joins nothing, carries changes."""
    CAUSED_BY = "caused_by"
    """The incident was caused by this deployment (or commit, change, artifact)."""
    RELATES_TO = "relates_to"
    """Epic, blocks, duplicates, remediates: dependencies, never membership."""


class LinkMethod(StrEnum):
    """The evidence a link rests on."""

    EXPLICIT = "explicit"
    KEY_IN_BRANCH = "key_in_branch"
    KEY_IN_TITLE = "key_in_title"
    KEY_IN_MESSAGE = "key_in_message"
    COMMIT = "commit"
    DIGEST = "digest"
    TIME_AND_SERVICE = "time_and_service"


class Outcome(StrEnum):
    """How something that ran came out."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    ERROR = "error"


class WorkKind(StrEnum):
    """The Flow Framework's four kinds of work."""

    FEATURE = "feature"
    DEFECT = "defect"
    RISK = "risk"
    DEBT = "debt"


class ActorClass(StrEnum):
    """What kind of actor caused the fact."""

    HUMAN = "human"
    BOT = "bot"
    AGENT = "agent"
    UNKNOWN = "unknown"


class Link(Struct, frozen=True, kw_only=True, gc=False):
    """A relation from a fact's subject to another entity.

    `uri` names the target (a bare key found in text is `ticket:*/KEY`); `confidence` is in [0, 1].
    """

    uri: str
    kind: LinkKind
    method: LinkMethod
    confidence: float = 1.0


class FlowEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One fact of one tool, addressed to one value stream.

    Times are microseconds since the epoch, UTC. `order` is the tool's own sequence, else the position in the delivery,
    or None. `actor` is a keyed hash, never a name. Identity is (`value_stream`, `event_id`).
    """

    event_id: str
    type: str
    occurred_at: int
    received_at: int
    tool: str
    source: str
    delivery_id: str
    subject_id: str
    value_stream: str = UNROUTED
    order: int | None = None
    subject_url: str | None = None
    links: tuple[Link, ...] = ()
    state: str | None = None
    outcome: Outcome | None = None
    environment: str | None = None
    work_kind: WorkKind | None = None
    actor_class: ActorClass = ActorClass.UNKNOWN
    actor: str | None = None
    quantities: Mapping[str, float] = {}
    attributes: Mapping[str, str] = {}
