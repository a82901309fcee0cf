"""The body of our business rule (`deploy/servicenow/business_rule.js`), and what both tables' facts take from it."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.facts import MOST_CHARACTERS
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.times import Moment, moment
from schemas.event import ActorClass

TOOL: Final = "servicenow"

INSERT: Final = "insert"
UPDATE: Final = "update"
DELETE: Final = "delete"

NOTHING: Final = Ignored("no field changed that a rule could read")
"""What an update becomes that changed no such field."""

_MOST_DIGITS: Final = 12


class Told(Struct, frozen=True):
    """The fields whose change is a fact, as they are or as they were before; '' where a record has none.

    `causes` are the texts of the instance's own fields; `caused_by` is the number of a change request.
    """

    state: str | int = ""
    state_label: str = ""
    approval: str = ""
    service: str = ""
    environment: str = ""
    caused_by: str = ""
    causes: tuple[str, ...] = ()


class Record(Told, frozen=True, kw_only=True):
    """An incident or a change request after it was written; the description is read for ticket keys."""

    number: str
    mod_count: str | int | None = None
    url: str | None = None
    created_at: str = ""
    opened_at: str = ""
    updated_at: str = ""
    resolved_at: str = ""
    closed_at: str = ""
    reopened_at: str = ""
    priority: str | int | None = None
    type: str = ""
    close_code: str = ""
    tickets: tuple[str, ...] = ()
    short_description: str = ""


class Account(Struct, frozen=True, gc=False):
    """Who wrote it; `interactive`: in a session of the user interface."""

    id: str = ""
    interactive: bool | None = None


class Body(Struct, frozen=True):
    """A delivery; `previous` only of an update."""

    operation: str
    record: Record
    previous: Told | None = None
    sent_at: str = ""
    actor: Account | None = None

    @property
    def written_at(self) -> Moment:
        """When the record was written: of a deleted one, when that was told."""
        return moment(self.sent_at if self.operation == DELETE else self.record.updated_at, "record.updated_at")


decode: Final = msgspec.json.Decoder(Body).decode


def number_of(record: Record) -> str:
    """Return the record's number. Raises Untranslatable without one."""
    if not record.number:
        raise Untranslatable("record.number is missing")
    return record.number


def order_of(record: Record) -> int | None:
    """Return the record's own count of its changes, None where it tells none."""
    count = str(record.mod_count)
    return int(count) if count.isascii() and count.isdigit() and len(count) <= _MOST_DIGITS else None


def by(account: Account | None, context: Context) -> Actor:
    """Return who wrote it: a human in the user interface, else a bot (an integration, a flow, a scheduled job)."""
    if account is None or account.interactive is None:
        return UNKNOWN
    actor = context.pseudonym(account.id[:MOST_CHARACTERS]) if account.id else None
    return Actor(ActorClass.HUMAN if account.interactive else ActorClass.BOT, actor)
