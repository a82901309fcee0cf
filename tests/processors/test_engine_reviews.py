"""The first look at a change: by somebody else, while it is on offer."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.event import ActorClass, FlowEvent
from tests.builders import engine_events as say
from tests.builders.engine_rows import hours, streamed

AUTHOR, OTHER = "00000000000000aa", "00000000000000bb"


def by(event: FlowEvent, account: str) -> FlowEvent:
    """Return the fact as caused by an account."""
    return replace(event, actor=account)


def first_look(*events: FlowEvent) -> float | None:
    """Return when the change was first reviewed, in hours."""
    return hours(streamed(*events).change(say.change(1)).first_reviewed_at)


OPENED = (say.committed("c1", 1), by(say.opened(1, 2, say.contains("c1")), AUTHOR))


def test_the_first_review_of_somebody_else_counts() -> None:
    """Whoever opened a change and remarks on it first has not picked it up."""
    assert first_look(*OPENED, by(say.reviewed(1, 3), AUTHOR), by(say.reviewed(1, 5), OTHER)) == 5


def test_where_no_account_is_known_any_human_counts() -> None:
    """Nothing says that it was the author."""
    assert first_look(say.committed("c1", 1), say.opened(1, 2, say.contains("c1")), say.reviewed(1, 3)) == 3


def test_a_machine_picks_nothing_up() -> None:
    """A bot's review comes first, a human's counts."""
    assert first_look(*OPENED, say.reviewed(1, 3, by=ActorClass.BOT), by(say.reviewed(1, 4), OTHER)) == 4


def test_a_review_after_the_merge_is_no_part_of_the_way() -> None:
    """Nobody looked before it was merged."""
    assert first_look(*OPENED, say.merged(1, 4, "m1"), by(say.reviewed(1, 9), OTHER)) is None


def test_a_look_at_a_draft_does_not_start_the_review() -> None:
    """It was not on offer yet."""
    draft = by(say.opened(1, 2, say.contains("c1"), state="draft"), AUTHOR)
    told = (
        say.committed("c1", 1),
        draft,
        by(say.reviewed(1, 3), OTHER),
        say.readied(1, 5),
        by(say.reviewed(1, 6), OTHER),
    )
    assert first_look(*told) == 6
