"""What every incident of Sentry's is known by: its uri, when its news was sent, who did it."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Context, Untranslatable
from ingest.adapters.sentry.bodies import Account
from ingest.facts import MOST_CHARACTERS
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.times import Moment, moment
from schemas.event import ActorClass
from schemas.identity import incident_uri

TOOL: Final = "sentry"


def uri_of(number: str | int, kind: str = "") -> str:
    """Return the incident's uri; `kind` stands before the number of what is no issue. Raises Untranslatable for ''."""
    if number == "":
        raise Untranslatable("the id is missing")
    return incident_uri(TOOL, f"{kind}{number}")


def sent_at(context: Context) -> Moment:
    """Return when Sentry sent the delivery: the only time it tells of a resolution or a regression."""
    return moment(context.headers.get("sentry-hook-timestamp"), "Sentry-Hook-Timestamp")


def by(account: Account | None, context: Context) -> Actor:
    """Return who did it: a user is a human, Sentry itself and any other application a bot."""
    if account is None or not account.type:
        return UNKNOWN
    if account.type != "user":
        return Actor(ActorClass.BOT)
    return Actor(ActorClass.HUMAN, context.pseudonym(str(account.id)[:MOST_CHARACTERS]) if account.id != "" else None)
