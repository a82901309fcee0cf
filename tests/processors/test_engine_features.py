"""Who may have a feature: a release moves nothing that deployments are measured by, and a step may be told by it."""

from __future__ import annotations

from msgspec.structs import replace

from processors.batch import derive
from schemas.definition import Rule, Step
from schemas.derived import Derived, WorkItem
from schemas.event import FlowEvent
from tests.builders import engine_events as say
from tests.builders.engine_rows import Told, derived, hours, one_stream

FEATURE = "feature:launchdarkly/shop/new-cart"
RELEASE = Step(
    name="Release",
    queue=Rule(on=("service.deployed",), where={"environment": ("production",)}),
    finish=Rule(on=("feature.exposed",), where={"environment": ("production",)}),
    returned=Rule(on=("feature.withdrawn",)),
)
WORK = (
    say.created("CHK-1", 0),
    say.opened(9, -9), say.merged(9, -8, "m9"), say.deployed("d0", -7, "m9"),
    say.opened(1, 1, say.named("CHK-1")), say.merged(1, 2, "m1"), say.deployed("d1", 3, "m1"),
    say.incident("detected", "i1", 4), say.closed("CHK-1", 5),
)  # fmt: skip


def exposed(at: float, *keys: str, environment: str = "production") -> FlowEvent:
    """A flag lets people have the feature."""
    links = (say.named(key) for key in keys)
    return say.fact("feature.exposed", FEATURE, at, *links, state="exposed", environment=environment, project="ld/shop")


def withdrawn(at: float, *keys: str) -> FlowEvent:
    """A flag lets nobody have it any more."""
    links = (say.named(key) for key in keys)
    return say.fact("feature.withdrawn", FEATURE, at, *links, state="withdrawn", environment="production")


def bare(told: Told) -> list[Derived]:
    """The rows without when they were known, and items without their members."""
    rows = [replace(row, revision=0, known_at=0) for row in told.rows]
    return sorted((replace(row, links=()) if isinstance(row, WorkItem) else row for row in rows), key=repr)


def test_a_feature_alone_is_nothing() -> None:
    """A flag that belongs to no ticket is no item, no deployment, nothing."""
    assert derived(exposed(1), withdrawn(2), exposed(3, environment="staging")).rows == []


def test_a_key_of_no_ticket_makes_no_item() -> None:
    """A word that looks like a key is inert."""
    assert derived(exposed(1, "UTF-8")).rows == []


def test_a_release_changes_no_row() -> None:
    """Deployments, incidents, changes, visits and items are what they were without it."""
    told = derived(*WORK, exposed(3.5, "CHK-1"), withdrawn(4.5, "CHK-1"), exposed(6))
    assert bare(told) == bare(derived(*WORK))


def test_a_feature_belongs_to_the_ticket_that_its_flag_names() -> None:
    """It is among the members of the ticket's item."""
    assert FEATURE in derived(*WORK, exposed(3.5, "CHK-1")).item(say.ticket("CHK-1")).links


def test_a_step_may_be_told_by_a_release() -> None:
    """Deployed at three, the feature waited for its release until six."""
    definition = one_stream(steps=(*one_stream().value_streams[0].steps, RELEASE))
    told = derived(*WORK, exposed(3.5, "CHK-1", environment="staging"), exposed(6, "CHK-1"), definition=definition)
    visits = told.visits("Release", say.ticket("CHK-1"))
    assert [(hours(v.queued_at), hours(v.finished_at)) for v in visits] == [(3, 6)]


def test_streaming_and_batch_agree_on_features() -> None:
    """The plain definition gives the same rows, in whatever order the facts came."""
    definition = one_stream(steps=(*one_stream().value_streams[0].steps, RELEASE))
    facts = (*WORK, exposed(3.5, "CHK-1"), withdrawn(4.5, "CHK-1"), exposed(6, "CHK-1"), exposed(7))
    plain = Told(derive(facts, definition))
    assert bare(derived(*reversed(facts), definition=definition)) == bare(plain)
