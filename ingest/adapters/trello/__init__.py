"""Trello webhooks: cards as tickets `ticket:trello/<card id>`, the list a card stands in as its state.

A list of a final name (`Done`), a card marked complete and an archived card close the ticket. Texts, due dates,
members' comments and checklists are ignored. A pull request, merge request or commit attached to a card is part of it.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Headers
from ingest.adapters.trello import cards
from ingest.signatures import hmac_sha1_of_body_and_url
from ingest.vocabulary.delivery_ids import delivery_id


class _Kind(Struct, frozen=True):
    type: str = ""
    id: str = ""


class _Envelope(Struct, frozen=True):
    action: _Kind = _Kind()


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).action.type


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(_envelope(body).action.id, body)


ADAPTER: Final = Adapter(
    tool=cards.TOOL,
    verify=hmac_sha1_of_body_and_url("x-trello-webhook"),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "addAttachmentToCard": cards.attached,
        "addLabelToCard": cards.labelled,
        "addMemberToCard": cards.assigned,
        "convertToCardFromCheckItem": cards.created,
        "copyCard": cards.created,
        "createCard": cards.created,
        "deleteCard": cards.deleted,
        "emailCard": cards.created,
        "moveCardFromBoard": cards.left,
        "moveCardToBoard": cards.came,
        "removeLabelFromCard": cards.unlabelled,
        "removeMemberFromCard": cards.unassigned,
        "updateCard": cards.updated,
    },
    ignores=frozenset(
        {
            "acceptEnterpriseJoinRequest", "addAdminToBoard", "addAdminToOrganization", "addBoardsPinnedToMember",
            "addChecklistToCard", "addMemberToBoard", "addMemberToOrganization", "addOrganizationToEnterprise",
            "addToEnterprisePluginWhitelist", "addToOrganizationBoard", "commentCard", "copyBoard", "copyChecklist",
            "copyCommentCard", "copyInboxCard", "createBoard", "createBoardInvitation", "createBoardPreference",
            "createCheckItem", "createChecklist", "createCustomField", "createInboxCard", "createLabel", "createList",
            "createOrganization", "createOrganizationInvitation", "deleteAttachmentFromCard", "deleteBoardInvitation",
            "deleteCheckItem", "deleteComment", "deleteCustomField", "deleteLabel", "deleteList",
            "deleteOrganizationInvitation", "disableEnterprisePluginWhitelist", "disablePlugin", "disablePowerUp",
            "enableEnterprisePluginWhitelist", "enablePlugin", "enablePowerUp", "makeAdminOfBoard",
            "makeAdminOfOrganization", "makeNormalMemberOfBoard", "makeNormalMemberOfOrganization",
            "makeObserverOfBoard", "memberJoinedTrello", "moveInboxCardToBoard", "moveListFromBoard", "moveListToBoard",
            "removeAdminFromBoard", "removeAdminFromOrganization", "removeBoardsPinnedFromMember",
            "removeChecklistFromCard", "removeFromEnterprisePluginWhitelist", "removeFromOrganizationBoard",
            "removeMemberFromBoard", "removeMemberFromOrganization", "removeOrganizationFromEnterprise",
            "unconfirmedBoardInvitation", "unconfirmedOrganizationInvitation", "updateBoard", "updateCheckItem",
            "updateCheckItemStateOnCard", "updateChecklist", "updateComment", "updateCustomField",
            "updateCustomFieldItem", "updateLabel", "updateList", "updateMember", "updateOrganization", "voteOnCard",
        }
    ),
)  # fmt: skip
"""The adapter for Trello."""
