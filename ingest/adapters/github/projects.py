"""GitHub Projects: the status of an issue's card.

The body names the issue by its node id alone, as an issue's own deliveries do: the card is an entity of its own that
the issue contains, and its statuses are facts of the issue's item. Cards of pull requests and drafts are ignored: a
pull request has states of its own, a draft is no ticket yet.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import TRACKER, Named, User, by, card_uri
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.times import moment

_NO_STATUS: Final = "No Status"
"""What a board calls the column of the cards without a status."""


class Card(Struct, frozen=True):
    """An item of a project."""

    content_node_id: str
    updated_at: str
    content_type: str = ""
    project_node_id: str = ""


class Field(Struct, frozen=True):
    """A changed field; its values are texts or numbers where it is no choice, and a choice has a name."""

    field_name: str | None = None
    field_type: str | None = None
    project_number: int | None = None
    before: msgspec.Raw = msgspec.field(name="from", default=msgspec.Raw(b"null"))
    after: msgspec.Raw = msgspec.field(name="to", default=msgspec.Raw(b"null"))


class Changes(Struct, frozen=True):
    """What an edit changed."""

    field_value: Field | None = None


class Organization(Struct, frozen=True, gc=False):
    """The organisation whose project it is."""

    login: str = ""


class CardBody(Struct, frozen=True):
    """A `projects_v2_item` delivery."""

    action: str
    projects_v2_item: Card
    changes: Changes | None = None
    organization: Organization | None = None
    sender: User | None = None


_choice: Final = msgspec.json.Decoder(Named | None).decode


def _edited(body: CardBody, context: Context) -> Translated:
    """`ticket.updated` of an issue's card, the new `Status` as its state, at `updated_at`; other fields are ignored."""
    card, field = body.projects_v2_item, body.changes.field_value if body.changes else None
    if card.content_type != "Issue":
        return Ignored("card is of no issue")
    if field is None or field.field_type != "single_select" or (field.field_name or "").lower() != "status":
        return Ignored("field is no status")
    before, after = _choice(field.before), _choice(field.after)
    state = after.name if after else _NO_STATUS
    return [
        fact(
            context,
            "ticket.updated",
            card_uri(card.content_node_id),
            moment(card.updated_at, "projects_v2_item.updated_at"),
            told_apart=(card.project_node_id, state),
            state=state,
            by=by(body.sender, context),
            attributes={
                "project": _project(body, field),
                "action": "status",
                "from_state": before.name if before else None,
            },
        )
    ]


def _project(body: CardBody, field: Field) -> str:
    """Return `github/orgs/acme/projects/4` as it stands in the project's address, else by its node id."""
    if body.organization is None or field.project_number is None:
        return f"{TRACKER}/{body.projects_v2_item.project_node_id}"
    return f"{TRACKER}/orgs/{body.organization.login}/projects/{field.project_number}"


projects_v2_item: Final = ByAction(
    decode=msgspec.json.Decoder(CardBody).decode,
    action=lambda body: body.action,
    handlers={"edited": _edited},
)
"""`projects_v2_item` deliveries."""
