"""GitHub issues and pull requests as they were: their life from what stands in their timeline; pure.

The API shows an issue as it is now. What it was at a moment is that without the events that came later: labels and
titles are taken back, being open, merged or a draft is told again from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ingest.history.history import Json, micros

_SIZES: Final = ("additions", "deletions", "changed_files", "commits")
_DRAFTING: Final = {"ready_for_review": True, "convert_to_draft": False, "converted_to_draft": False}
"""What a pull request was before: the first of these tells what it was opened as."""


def dated(events: Sequence[Json]) -> list[Json]:
    """Return the events that have a time, oldest first; a review's is when it was submitted."""
    timed = [{**event, "created_at": event.get("created_at") or event.get("submitted_at")} for event in events]
    return sorted((event for event in timed if event["created_at"]), key=lambda event: micros(event["created_at"]))


def as_of(thing: Json, events: Sequence[Json], count: int) -> Json:
    """Return an issue or pull request as it was after the first `count` of its events (at its opening for 0).

    What was done in the same second is done: GitHub tells the labels of a new issue in what it says of the opening.
    """
    then = {name: value for name, value in thing.items() if name not in _SIZES}
    then |= {"labels": list(thing.get("labels") or ()), "closed_at": None, "state": "open"}
    then["updated_at"] = events[count - 1]["created_at"] if count else thing["created_at"]
    for event in reversed(events[count:]):
        if micros(event["created_at"]) > micros(then["updated_at"]):
            _take_back(then, event)
    for event in events[:count]:
        if event["event"] == "closed":
            then |= {"closed_at": event["created_at"], "state": "closed"}
        elif event["event"] == "reopened":
            then |= {"closed_at": None, "state": "open"}
    return then


def pull_as_of(pull: Json, events: Sequence[Json], count: int) -> Json:
    """Return a pull request as it was; how large it was is only known of its last head."""
    then = as_of(pull, events, count)
    past = events[:count]
    then["draft"] = _was_draft(pull, events, past)
    merged = any(event["event"] == "merged" for event in past)
    then["merged"], then["merged_at"] = merged, pull["merged_at"] if merged else None
    if merged:
        then |= {"closed_at": pull["closed_at"], "state": "closed"}
    else:
        then["merge_commit_sha"] = None
    head = _head(pull, events, past)
    then["head"] = {**pull["head"], "sha": head}
    if head == pull["head"]["sha"]:
        then |= {name: pull[name] for name in _SIZES if name in pull}
    return then


def _take_back(then: Json, event: Json) -> None:
    name = (event.get("label") or {}).get("name")
    if event["event"] == "labeled":
        then["labels"] = [label for label in then["labels"] if label.get("name") != name]
    elif event["event"] == "unlabeled":
        then["labels"] = [*then["labels"], event["label"]]
    elif event["event"] == "renamed":
        then["title"] = event["rename"]["from"]


def _was_draft(pull: Json, events: Sequence[Json], past: Sequence[Json]) -> bool:
    first = next((event["event"] for event in events if event["event"] in _DRAFTING), None)
    draft = bool(pull.get("draft")) if first is None else _DRAFTING[first]
    for event in past:
        draft = not _DRAFTING.get(event["event"], not draft)
    return draft


def _head(pull: Json, events: Sequence[Json], past: Sequence[Json]) -> str:
    """Return the head after the past pushes: the last one's, else the one that the next push found."""
    pushed = [event["after"] for event in past if event["event"] == "synchronize"]
    if pushed:
        return str(pushed[-1])
    coming = next((event["before"] for event in events if event["event"] == "synchronize"), pull["head"]["sha"])
    return str(coming)
