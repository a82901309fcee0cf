"""ServiceNow, told by a business rule of ours (`deploy/servicenow/business_rule.js`): incidents and change requests.

Each delivery holds the record as it was written and those of its fields as they were before whose change is a fact.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Headers
from ingest.adapters.servicenow import approvals, incidents
from ingest.adapters.servicenow.bodies import DELETE, INSERT, TOOL, UPDATE, decode
from ingest.signatures import any_of, basic_auth, bearer_token, hmac_sha256
from ingest.vocabulary.by_action import ByAction
from ingest.vocabulary.delivery_ids import delivery_id


class _Envelope(Struct, frozen=True):
    table: str = ""
    id: str = ""


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).table


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(_envelope(body).id, body)


ADAPTER: Final = Adapter(
    tool=TOOL,
    verify=any_of(hmac_sha256("x-vsm-signature", encoding="base64"), bearer_token(), basic_auth()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "incident": ByAction(
            decode=decode,
            action=lambda told: told.operation,
            handlers={INSERT: incidents.inserted, UPDATE: incidents.updated, DELETE: incidents.deleted},
        ),
        "change_request": ByAction(
            decode=decode,
            action=lambda told: told.operation,
            handlers={INSERT: approvals.inserted, UPDATE: approvals.updated, DELETE: approvals.deleted},
        ),
    },
    ignores=frozenset({"change_task", "incident_task", "problem"}),
)
"""The adapter for ServiceNow."""
