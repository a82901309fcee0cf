"""Change requests of ServiceNow as approvals: what has to be agreed to before a change goes live.

A change request is no unit of flow but a gate on the way of one: it is part of the tickets (and the commit) it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingest.adapter import Context
from ingest.adapters.servicenow.bodies import NOTHING, TOOL, Body, Record, Told, by, number_of, order_of
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.incident_fields import causes, service_name
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.keys import key_links, keys_in_text, unique_links
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent, Link, LinkMethod, Outcome

_STATES: Final = {
    "-5": "New", "-4": "Assess", "-3": "Authorize", "-2": "Scheduled", "-1": "Implement", "0": "Review",
    "3": "Closed", "4": "Canceled",
}  # fmt: skip
"""ServiceNow's own states, whose labels come in the language of whoever writes."""

_CANCELED: Final = "4"
_DECISIONS: Final = {"approved": Outcome.SUCCESS, "rejected": Outcome.FAILURE}
_CLOSE_CODES: Final = {
    "successful": Outcome.SUCCESS, "successful_issues": Outcome.SUCCESS, "unsuccessful": Outcome.FAILURE,
}  # fmt: skip
_COMMIT: Final = "commit:"


def approval_uri(number: str) -> str:
    """Return `approval:servicenow/CHG0030001` of a change request's number."""
    return f"approval:{TOOL}/{number}"


def inserted(told: Body, context: Context) -> Translated:
    """`approval.created`, at `created_at`; of one that needs no asking (a standard change) `approval.closed`, too."""
    at = moment(told.record.created_at or told.record.updated_at, "record.created_at")
    decided = told.record.approval in _DECISIONS
    return [
        _approval(told, context, "approval.created", at),
        *([_decided(told, context, at)] if decided else []),
    ]


def updated(told: Body, context: Context) -> Translated:
    """`approval.closed` with the decision where it is made; `approval.updated` where approval or state change else.

    A canceled one is closed; the close code of one that was carried out is its outcome.
    """
    return list(_updates(told, context)) or NOTHING


def deleted(told: Body, context: Context) -> Translated:
    """`approval.closed`, state `deleted` and outcome `cancelled`, at `sent_at`."""
    return [_approval(told, context, "approval.closed", told.written_at, state="deleted", outcome=Outcome.CANCELLED)]


def _updates(told: Body, context: Context) -> Iterator[FlowEvent]:
    now, before, at = told.record, told.previous or Told(), told.written_at
    asked, moved = now.approval != before.approval, str(now.state) != str(before.state)
    decided, canceled = asked and now.approval in _DECISIONS, moved and str(now.state) == _CANCELED
    if decided:
        yield _decided(told, context, at)
    if canceled:
        yield _approval(told, context, "approval.closed", at, outcome=Outcome.CANCELLED, apart=_state(now))
    elif moved or (asked and not decided):
        outcome = _CLOSE_CODES.get(now.close_code) if moved else None
        apart = f"{_state(now)} {now.approval} {now.close_code}"
        yield _approval(told, context, "approval.updated", at, outcome=outcome, apart=apart)


def _decided(told: Body, context: Context, at: Moment) -> FlowEvent:
    decision = told.record.approval
    return _approval(
        told, context, "approval.closed", at, outcome=_DECISIONS[decision], decision=decision, apart=decision
    )


def _approval(
    told: Body,
    context: Context,
    event_type: str,
    at: Moment,
    *,
    state: str | None = None,
    outcome: Outcome | None = None,
    decision: str | None = None,
    apart: str = "",
) -> FlowEvent:
    record = told.record
    environment, kept = kept_of_environment(record.environment, context.environment, context.pseudonym)
    return fact(
        context,
        event_type,
        approval_uri(number_of(record)),
        at,
        told_apart=(apart,),
        order=order_of(record),
        url=record.url,
        links=_links(record, context),
        state=state or _state(record),
        outcome=outcome,
        environment=environment,
        by=by(told.actor, context),
        attributes={
            "service": service_name(record.service, context.pseudonym) if record.service else None,
            "environment_raw": kept,
            "approval": record.approval,
            "decision": decision,
            "change_type": record.type,
            "close_code": record.close_code,
        },
    )


def _links(record: Record, context: Context) -> tuple[Link, ...]:
    """Return the tickets and commits that the change request is part of the way of."""
    found = [link for text in record.tickets for link in key_links(keys_in_text(text), LinkMethod.EXPLICIT)]
    found += key_links(keys_in_text(record.short_description), LinkMethod.KEY_IN_TITLE)
    for named in causes(record.causes, context.pseudonym):
        if named.uri.startswith(_COMMIT):
            found += commit_links(named.uri.removeprefix(_COMMIT))
    return unique_links(found)


def _state(record: Record) -> str:
    return _STATES.get(str(record.state)) or record.state_label or str(record.state)
