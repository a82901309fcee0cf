"""Asks the facts when whoever worked on an item worked on another one; pure. No account leaves the query."""

from __future__ import annotations

from typing import Final

from insights.waste.questions import PAGE

_FACTS: Final = """
    SELECT f.actor AS actor, toUnixTimestamp64Micro(f.occurred_at) AS at, m.item AS item
    FROM vsm.flow_events AS f
    INNER JOIN
    (
        SELECT arrayJoin(arrayPushBack(links, item_id)) AS member, any(item_id) AS item
        FROM vsm.work_items_current
        WHERE value_stream = {stream:String} AND moved_to IS NULL
            AND started_at < fromUnixTimestamp64Micro({until:Int64})
            AND (finished_at IS NULL OR finished_at > fromUnixTimestamp64Micro({earliest:Int64}))
        GROUP BY member HAVING uniqExact(item_id) = 1
    ) AS m ON m.member = f.subject_id
    WHERE f.value_stream = {stream:String} AND f.actor_class = 'human' AND f.actor IS NOT NULL
        AND f.occurred_at >= fromUnixTimestamp64Micro({earliest:Int64})
        AND f.occurred_at < fromUnixTimestamp64Micro({until:Int64})
"""
"""What people did, each fact with its item; facts of an entity of several items tell of none."""

ELSEWHERE_SQL: Final = f"""
WITH facts AS
(
    SELECT actor, item, at, min(at) OVER
        (PARTITION BY item ORDER BY at DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS later
    FROM ({_FACTS})
),
followed AS
(
    SELECT actor, item, at, later, lagInFrame(item, 1, '') OVER own AS item_before, lagInFrame(at, 1, toInt64(0)) OVER own AS at_before
    FROM facts WINDOW own AS (PARTITION BY actor ORDER BY at, item ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
),
comings AS
(
    SELECT item, item_before, at_before AS until, lagInFrame(at, 1, toInt64(0)) OVER own AS begin,
        lagInFrame(later, 1, toInt64(0)) OVER own AS told_next
    FROM followed
    WINDOW own AS (PARTITION BY actor, item ORDER BY at, item_before = item ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
SELECT item AS item_id, groupArray(begin) AS begins, groupArray(until) AS ends
FROM comings
WHERE item_before != '' AND item_before != item AND begin > 0 AND begin < until AND told_next >= until
    AND item IN (SELECT item_id FROM {PAGE})
GROUP BY item_id
"""  # noqa: S608, E501 - constants
"""The spans in which whoever worked on one of a page's items worked on another, a row for each item, in no order.

A fact ends the work that it tells of: so from an account's last fact on the item to its last fact on others before it
comes back. Left out where anything was told of the item meanwhile: whoever is away tells nothing, so another account
did. What is told next of an item is found from its last fact on, so that each is looked at once. Takes what a page
takes, and earliest.
"""
