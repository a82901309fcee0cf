"""`vsm trace`: why is my webhook not on the map?"""

from __future__ import annotations

import csv

import pytest

from tests.builders.command import vsm
from tests.vsm.conftest import Ran

pytestmark = pytest.mark.timeout(180)


def asked(ran: Ran, sql: str) -> list[str]:
    """Return the first row of a query."""
    done = vsm("query", sql, "--data", ran.data, "--format", "csv")
    return list(csv.reader(done.stdout.splitlines()))[1]


def traced(ran: Ran, what: str) -> tuple[int, str]:
    """Return the status of a trace and what it said."""
    done = vsm("trace", what, "--data", ran.data)
    return done.returncode, done.stdout + done.stderr


def test_a_delivery_is_followed_to_its_visits(ran: Ran) -> None:
    """When it was received, from where, by which selector, which rules it matches, which item and visits came of it."""
    delivery, change, repository = asked(
        ran,
        "SELECT delivery_id, subject_id, attributes['repository'] FROM flow_events "
        "WHERE type = 'change.merged' AND tool = 'github' AND value_stream = 'checkout' ORDER BY occurred_at LIMIT 1",
    )
    status, said = traced(ran, delivery)
    wanted = (
        f"change.merged of {change}", f"from github/acme in delivery {delivery}", "routed to checkout by {repository: ",
        "Review.finish", "item ", "  visit Review 1: ",
    )  # fmt: skip
    assert (status, repository.startswith("github.com/acme/checkout-"), [w for w in wanted if w not in said]) == (
        0, True, [],
    ), said  # fmt: skip


def test_an_item_is_followed_through_its_events_and_steps(ran: Ran) -> None:
    """All events of its ticket, changes and commits; every visit with its times."""
    (item, visits) = asked(
        ran,
        "SELECT item_id, count() FROM step_visits_current WHERE value_stream = 'checkout' "
        "AND finished_at IS NOT NULL GROUP BY item_id ORDER BY count() DESC, item_id LIMIT 1",
    )
    status, said = traced(ran, item)
    shown = sum(line.startswith("  visit ") for line in said.splitlines())
    events = sum(line.startswith("  received ") for line in said.splitlines())
    assert (status, f"item {item} of checkout" in said, shown, events > 3) == (0, True, int(visits), True), said


def test_what_nobody_knows_is_told(ran: Ran) -> None:
    """With where to look next, and status 1."""
    status, said = traced(ran, "no-such-delivery")
    assert (status, "nothing is known of 'no-such-delivery'" in said, "vsm dead-letters list" in said) == (
        1, True, True,
    )  # fmt: skip
