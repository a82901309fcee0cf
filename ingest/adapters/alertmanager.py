"""Prometheus Alertmanager's webhooks, version 4.

See `ingest.vocabulary.alert_groups`. It signs nothing: a token or a password.
"""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.signatures import any_of, basic_auth, bearer_token
from ingest.vocabulary.alert_groups import alerts
from ingest.vocabulary.delivery_ids import hashed_body


def _event_type(_headers: Headers, _body: bytes) -> str:
    return "alerts"


ADAPTER: Final = Adapter(
    tool="alertmanager",
    verify=any_of(bearer_token(), basic_auth()),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={"alerts": alerts},
)
"""The adapter for Alertmanager."""
