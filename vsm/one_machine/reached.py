"""Have the derived rows reached the tables, as far as they went at a moment? Under traffic nothing is ever at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas import topics
from schemas.log import Log

ENTITIES: Final = (
    topics.STEP_VISITS, topics.WORK_ITEMS, topics.CHANGES, topics.DEPLOYMENTS, topics.INCIDENTS,
)  # fmt: skip
"""The topics whose rows a generation is made of. All are compacted: the last record of a partition always stays."""

Ends = Mapping[str, Sequence[int]]
"""Topic -> the next offset of each partition."""


SHOWN: Final = (*ENTITIES, topics.MEASUREMENTS)
"""The topics of everything that a board shows."""


def ends(log: Log, of: Sequence[topics.Topic] = ENTITIES) -> Ends:
    """Return where derived topics end now. Raises LogUnavailable."""
    return {topic.name: log.end_offsets(topic.name) for topic in of}


def has_passed(log: Log, group: str, wanted: Ends) -> bool:
    """Return whether a group has committed everything before `wanted`. Raises LogUnavailable."""
    return all(
        (committed or 0) >= end
        for topic, each in wanted.items()
        for committed, end in zip(log.group_offsets(group, topic), each, strict=True)
    )
