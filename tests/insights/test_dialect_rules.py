"""Rules that others publish as code or SQL, written anew in SQL, give the same answers on the same histories."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given, settings

from insights.dialects.catalogue import dialect_answer
from insights.dialects.history import DAY, History
from tests.builders.dialect_histories import week
from tests.builders.dialect_tables import histories, tables

_LIVE: Final = "environment = 'production' AND outcome = 'success'"
_IN: Final = "BETWEEN :since AND :until"
_LAID: Final = f"""
laid AS (
    SELECT i.id AS incident, i.detected, i.resolved,
        (SELECT d.id FROM deployments d WHERE d.{_LIVE.replace("AND outcome", "AND d.outcome")}
            AND d.finished < i.detected ORDER BY d.finished DESC, d.id DESC LIMIT 1) AS deployment
    FROM incidents i
)"""  # noqa: S608 - constants


def _lower_median(rows: str, value: str) -> str:
    return f"""SELECT max({value}) FROM
        (SELECT {value}, percent_rank() OVER (ORDER BY {value}) AS ranks FROM ({rows})) WHERE ranks <= 0.5"""  # noqa: S608 - constants


def _median(rows: str, value: str) -> str:
    return f"""SELECT avg({value}) FROM
        (SELECT {value}, row_number() OVER (ORDER BY {value}) AS place, count(*) OVER () AS n FROM ({rows}))
        WHERE place IN ((n + 1) / 2, (n + 2) / 2)"""  # noqa: S608 - constants


def _daily(rows: str, value: str) -> str:
    return _median(
        f"""SELECT avg({value}) AS {value} FROM
        (SELECT lane, day, {value}, row_number() OVER (PARTITION BY lane, day ORDER BY {value}) AS place,
            count(*) OVER (PARTITION BY lane, day) AS n FROM ({rows}))
        WHERE place IN ((n + 1) / 2, (n + 2) / 2) GROUP BY lane, day""",  # noqa: S608 - constants
        value,
    )


def _up(start: str, end: str) -> str:
    minutes = f"ceil(({end} - {start}) / 60000000.0)"
    return f"CASE WHEN {minutes} >= 0 THEN {minutes} * 60 END"


_CYCLES: Final = f"""
SELECT id, coalesce({_up("(SELECT min(authored) FROM commits WHERE change = c.id)", "opened")}, 0)
    + coalesce({_up("opened", "merged")}, 0) + coalesce({_up("merged", "deployed")}, 0) AS cycle
FROM changes c WHERE environment = 'production' AND NOT censored AND merged IS NOT NULL AND deployed {_IN}"""  # noqa: S608 - constants

_COMMITS: Final = f"""
SELECT d.id AS deployment, k.sha, (d.finished - k.authored) / 60000000 * 60 AS span
FROM deployments d JOIN carried x ON x.deployment = d.id JOIN commits k ON k.change = x.change
WHERE d.outcome = 'success' AND d.finished {_IN}"""  # noqa: S608 - constants

_ROLLED_BACK: Final = f"""
lanes AS (SELECT *, row_number() OVER lane AS place, lag(version) OVER lane AS before FROM deployments
    WHERE {_LIVE} WINDOW lane AS (PARTITION BY service ORDER BY finished, id)),
back AS (SELECT r.service, r.finished, max(t.place) AS target FROM lanes r JOIN lanes t
    ON t.service = r.service AND t.version = r.version AND t.place < r.place
    WHERE r.before <> r.version GROUP BY r.service, r.place),
failed AS (SELECT f.id, f.finished, min(back.finished) AS again FROM back JOIN lanes f
    ON f.service = back.service AND f.place = back.target + 1 GROUP BY f.id)"""  # noqa: S608 - constants

_BACKWARDS: Final = f"""
WITH RECURSIVE back(at) AS (SELECT :until UNION ALL SELECT at - {DAY} FROM back WHERE at - {DAY} > :since)
SELECT (at / {DAY} + 3) / 7 AS week, count(DISTINCT finished / {DAY}) AS deployed
FROM back LEFT JOIN deployments ON finished / {DAY} = at / {DAY} AND {_LIVE} GROUP BY week"""  # noqa: S608 - constants

_FORWARDS: Final = f"""
WITH RECURSIVE days(day) AS (SELECT :since / {DAY} UNION ALL SELECT day + 1 FROM days WHERE day < :until / {DAY})
SELECT (day + 4) / 7 AS week, count(DISTINCT finished / {DAY}) AS deployed
FROM days LEFT JOIN deployments ON finished / {DAY} = day AND outcome = 'success' AND finished {_IN}
GROUP BY week"""  # noqa: S608 - constants

_BROUGHT: Final = f"""
SELECT (d.finished - k.authored) / 1e6 AS span
FROM (SELECT *, lag(finished) OVER (PARTITION BY service ORDER BY finished, id) AS last
    FROM deployments WHERE {_LIVE}) d
JOIN carried x ON x.deployment = d.id JOIN commits k ON k.change = x.change
WHERE d.last IS NOT NULL AND d.finished - d.last <= 60 * {DAY} AND d.finished {_IN}"""  # noqa: S608 - constants

RULES: Final[Mapping[tuple[str, str], str]] = {
    ("devlake-2023", "change_lead_time"): _lower_median(_CYCLES, "cycle"),
    ("devlake-2023", "deployment_frequency"): _lower_median(_BACKWARDS, "deployed"),
    ("four-keys", "deployment_frequency"): _median(_FORWARDS, "deployed"),
    ("gitlab", "deployment_frequency"): f"""SELECT count(*) / 7.0 FROM deployments
        WHERE {_LIVE} AND finished >= :since AND finished < :until""",  # noqa: S608 - constants
    ("middleware", "deployment_frequency"): f"SELECT count(*) / 7 FROM deployments WHERE {_LIVE} AND finished {_IN}",  # noqa: S608 - constants
    ("datadog", "change_lead_time"): _median(_BROUGHT, "span"),
    ("devlake-2023", "change_fail"): f"""WITH {_LAID}
        SELECT avg(EXISTS (SELECT 1 FROM laid WHERE laid.deployment = d.id)) FROM deployments d
        WHERE d.environment = 'production' AND d.outcome = 'success' AND d.finished {_IN}""",  # noqa: S608 - constants
    ("devlake-2023", "failed_deployment_recovery"): f"WITH {_LAID} "  # noqa: S608 - constants
    + _lower_median(
        f"""SELECT (laid.resolved - d.finished) / 60000000 * 60 AS span FROM laid JOIN deployments d
            ON d.id = laid.deployment WHERE laid.resolved {_IN} AND d.finished {_IN}""",  # noqa: S608 - constants
        "span",
    ),
    ("devlake-2021", "failed_deployment_recovery"): _lower_median(
        f"SELECT (resolved - detected) / 60000000 * 60 AS span FROM incidents WHERE resolved {_IN}",  # noqa: S608 - constants
        "span",
    ),
    (
        "four-keys",
        "change_lead_time",
    ): f"SELECT coalesce(({_median(f'SELECT * FROM ({_COMMITS}) WHERE span > 0', 'span')}), 0)",  # noqa: S608 - constants
    ("four-keys", "change_fail"): f"""
        SELECT CASE WHEN count(DISTINCT deployment) = 0 THEN 0
            ELSE count(incident) * 1.0 / count(DISTINCT deployment) END
        FROM ({_COMMITS}) AS deployed LEFT JOIN causes ON causes.sha = deployed.sha""",  # noqa: S608 - constants
    ("gitlab", "change_lead_time"): _daily(
        f"""SELECT service AS lane, deployed / {DAY} AS day, max(0, (deployed - merged) / 1e6) AS span FROM changes
            WHERE environment = 'production' AND merged IS NOT NULL AND deployed >= :since AND deployed < :until""",  # noqa: S608 - constants
        "span",
    ),
    ("gitlab", "change_fail"): f"""
        WITH opened AS (SELECT count(*) AS n FROM incidents WHERE detected >= :since AND detected < :until),
            done AS (SELECT count(*) AS n FROM deployments WHERE {_LIVE} AND finished >= :since AND finished < :until)
        SELECT CASE WHEN opened.n + done.n > 0 THEN opened.n * 1.0 / max(done.n, 1) END FROM opened, done""",  # noqa: S608 - constants
    ("gitlab", "failed_deployment_recovery"): _daily(
        f"""SELECT '' AS lane, resolved / {DAY} AS day, (resolved - detected) / 1e6 AS span FROM incidents
            WHERE resolved >= :since AND resolved < :until""",  # noqa: S608 - constants
        "span",
    ),
    ("middleware", "change_lead_time"): f"""
        SELECT coalesce(avg(max(0, coalesce(opened - (SELECT min(authored) FROM commits WHERE change = c.id), 0))
            + coalesce(reviewed - opened, 0) + coalesce(approved - reviewed, 0) + max(0, coalesce(merged - approved, 0))
            + (deployed - merged) / 1000000 * 1000000) / 1e6, 0)
        FROM changes c WHERE deployed >= merged AND merged {_IN}""",  # noqa: S608 - constants
    ("middleware", "change_fail"): f"""
        WITH runs AS (SELECT id, finished, lead(finished) OVER (ORDER BY finished, id) AS following FROM deployments
            WHERE environment = 'production' AND finished {_IN})
        SELECT coalesce(avg(EXISTS (SELECT 1 FROM incidents WHERE detected >= finished AND detected {_IN}
            AND (following IS NULL OR detected < following))), 0) FROM runs""",  # noqa: S608 - constants
    (
        "middleware",
        "failed_deployment_recovery",
    ): f"SELECT avg(resolved - detected) / 1e6 FROM incidents WHERE resolved {_IN}",  # noqa: S608 - constants
    ("datadog", "change_fail"): f"""WITH {_ROLLED_BACK}
        SELECT avg(id IN (SELECT id FROM failed)) FROM lanes WHERE finished {_IN}""",  # noqa: S608 - constants
    ("datadog", "failed_deployment_recovery"): f"WITH {_ROLLED_BACK} "  # noqa: S608 - constants
    + _median(f"SELECT (again - finished) / 1e6 AS span FROM failed WHERE finished {_IN}", "span"),  # noqa: S608 - constants
}
"""The rules by dialect and metric; each returns one value."""


def by_rule(store: sqlite3.Connection, rule: str, asked: History) -> float | None:
    """Return what the rule gives."""
    found: float | None = store.execute(rule, {"since": asked.since, "until": asked.until}).fetchone()[0]
    return found


@pytest.mark.parametrize(("dialect", "metric"), RULES)
def test_the_rule_gives_what_is_worked_by_hand(dialect: str, metric: str) -> None:
    """On the week that every dialect is asked of."""
    assert by_rule(tables(week()), RULES[dialect, metric], week()) == pytest.approx(
        dialect_answer(week(), dialect, metric).value
    )


@given(histories())
@settings(max_examples=60, deadline=None)
def test_the_rule_gives_the_answer_on_any_history(asked: History) -> None:
    """Ties, unknown times, clocks that disagree, empty weeks: every rule says what the dialect says."""
    store = tables(asked)
    wrong = []
    for (dialect, metric), rule in RULES.items():
        found, said = by_rule(store, rule, asked), dialect_answer(asked, dialect, metric).value
        if said != (None if found is None else pytest.approx(found, rel=1e-9, abs=1e-6)):
            wrong.append((dialect, metric, found, said))
    store.close()
    assert wrong == []
