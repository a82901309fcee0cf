"""What is asked of the tables for a log in OCEL; pure.

Every question takes what `FACTS` takes; those that are answered in pages take `page`
and where the last one ended too, `after`.
"""

from __future__ import annotations

from typing import Final

from insights.stream_facts import FACTS

BARE: Final = "ticket:*/"
"""What the uri of a key found in a text begins with; it leads to the work item's ticket of that key."""

_EDGES: Final = f"""edges AS
(
    SELECT f.subject_id AS source, tupleElement(link, 1) AS target, tupleElement(link, 2) AS relation
    FROM {FACTS} AS f ARRAY JOIN f.links AS link WHERE NOT startsWith(tupleElement(link, 1), '{BARE}')
    UNION ALL
    SELECT b.source, w.item, b.relation
    FROM
    (
        SELECT f.subject_id AS source, substring(tupleElement(link, 1), {len(BARE) + 1}) AS key,
            tupleElement(link, 2) AS relation
        FROM {FACTS} AS f ARRAY JOIN f.links AS link WHERE startsWith(tupleElement(link, 1), '{BARE}')
    ) AS b
    JOIN
    (
        SELECT arrayJoin(arrayConcat(links, [item_id])) AS member, item_id AS item,
            upperUTF8(splitByChar('/', item_id)[-1]) AS key
        FROM vsm.work_items_current
        WHERE value_stream = {{stream:String}} AND moved_to IS NULL AND startsWith(item_id, 'ticket:')
    ) AS w ON w.member = b.source AND w.key = b.key
    UNION ALL
    SELECT deployment_id, arrayJoin(change_ids), 'carries' FROM vsm.deployments_current
    WHERE value_stream = {{stream:String}} AND deployment_id IN (SELECT subject_id FROM {FACTS})
    UNION ALL
    SELECT incident_id, assumeNotNull(deployment_id), 'caused_by' FROM vsm.incidents_current
    WHERE value_stream = {{stream:String}} AND deployment_id IS NOT NULL
        AND incident_id IN (SELECT subject_id FROM {FACTS})
)"""  # noqa: S608 - constants

EVENT_TYPES_SQL: Final = f"""
SELECT if(startsWith(type, 'activity.') AND attributes['activity'] != '', attributes['activity'], type) AS name,
    groupUniqArrayArray(mapKeys(attributes)) AS texts, groupUniqArrayArray(mapKeys(quantities)) AS numbers
FROM {FACTS} GROUP BY name ORDER BY name
"""  # noqa: S608 - constants
"""What the events are called, with the names of their attributes and quantities."""

OBJECT_TYPES_SQL: Final = f"""
WITH {_EDGES}
SELECT DISTINCT if(startsWith(uri, 'object:'), splitByChar('/', uri)[1], splitByChar(':', uri)[1]) AS kind
FROM (SELECT subject_id AS uri FROM {FACTS} UNION ALL SELECT target FROM edges) ORDER BY kind
"""  # noqa: S608 - constants
"""What kinds of entities there are, `object:<type>` of what an imported log called its objects."""

SUBJECTS_SQL: Final = f"""
WITH {_EDGES}
SELECT f.subject_id AS uri, any(m.items) AS items,
    arraySort(groupUniqArrayArray(arrayMap(pair -> (toUnixTimestamp64Micro(f.occurred_at), pair.1, pair.2),
        arrayFilter(pair -> pair.2 != '', [
            ('state', ifNull(f.state, '')), ('outcome', ifNull(f.outcome, '')), ('url', ifNull(f.subject_url, '')),
            ('environment', ifNull(f.environment, '')), ('work_kind', ifNull(f.work_kind, '')),
            ('repository', f.attributes['repository']), ('project', f.attributes['project']),
            ('service', f.attributes['service']), ('branch', f.attributes['branch'])
        ])))) AS said,
    arraySort(groupUniqArrayArray(arrayMap(l -> (l.1, l.2), f.links))) AS links, any(e.relations) AS relations
FROM {FACTS} AS f
LEFT JOIN
(
    SELECT source, groupUniqArray((target, relation)) AS relations FROM edges GROUP BY source
) AS e ON e.source = f.subject_id
LEFT JOIN
(
    SELECT arrayJoin(arrayConcat(links, [item_id])) AS member, groupUniqArray(item_id) AS items
    FROM vsm.work_items_current WHERE value_stream = {{stream:String}} AND moved_to IS NULL GROUP BY member
) AS m ON m.member = f.subject_id
WHERE f.subject_id > {{after:String}}
GROUP BY f.subject_id ORDER BY uri LIMIT {{page:UInt32}}
"""  # noqa: S608 - constants
"""A page of the entities that facts are about. Takes what FACTS takes, and the last page's end: after."""

TARGETS_SQL: Final = f"""
WITH {_EDGES}
SELECT DISTINCT target AS uri FROM edges
WHERE target NOT IN (SELECT subject_id FROM {FACTS}) AND target > {{after:String}} ORDER BY uri LIMIT {{page:UInt32}}
"""  # noqa: S608 - constants
"""A page of the entities that are only linked to."""

ITEMS_SQL: Final = f"""
SELECT item_id AS uri, any(kind) AS kind, any(state) AS state, any(created_at) AS created_at,
    any(started_at) AS started_at, any(finished_at) AS finished_at, arraySort(groupArray(member)) AS members
FROM vsm.work_items_current ARRAY JOIN arrayConcat(links, [item_id]) AS member
WHERE value_stream = {{stream:String}} AND moved_to IS NULL AND item_id > {{after:String}}
    AND member IN (SELECT subject_id FROM {FACTS})
GROUP BY item_id ORDER BY uri LIMIT {{page:UInt32}}
"""  # noqa: S608 - constants
"""A page of the work items that have facts."""
