"""Scores which service each commit belongs to: in a repository of several, the folders that it touches tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lab.score_rows import Measured, ScoreRow
from lab.truth import Truth
from schemas.identity import commit_uri

SERVICES: Final = (
    "SELECT DISTINCT value_stream, subject_id, attributes['service'] AS service FROM vsm.flow_events_current "
    "WHERE type IN ('commit.created', 'commit.landed')"
)
"""The query that reads of which service the events of commits are."""


def score_services(truth: Truth, measured: Measured) -> Iterator[ScoreRow]:
    """Yield a row for each stream: every pushed commit belongs to the service that it was made for, and to no other."""
    true = {
        (origin.value_stream, commit_uri(sha), origin.service) for origin in truth.origins for sha in origin.commits
    }
    seen = {(row["value_stream"], row["subject_id"], row["service"]) for row in measured.query(SERVICES)}
    for stream in truth.streams:
        expected, found = ({one for one in each if one[0] == stream} for each in (true, seen))
        missing, extra = len(expected - found), len(found - expected)
        told = f"{len(expected & found)} the same, {missing} missing, {extra} too many"
        yield ScoreRow(
            group="services of commits", value_stream=stream, what="every commit's service",
            expected=str(len(expected)), measured=told, allowed="exactly", n=len(expected),
            met=not missing and not extra,
        )  # fmt: skip
