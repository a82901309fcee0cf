"""Grafana Alerting's webhook contact points.

See `ingest.vocabulary.alert_groups`; the body is Alertmanager's and a little more.

From 12.0 on it can sign the body, alone or with the time of sending before it; that time's header is the user's choice,
ours is `X-Grafana-Alerting-Timestamp`.
"""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.signatures import any_of, basic_auth, bearer_token, hmac_sha256, timed_hmac
from ingest.vocabulary.alert_groups import alerts
from ingest.vocabulary.delivery_ids import hashed_body

_SIGNATURE: Final = "x-grafana-alerting-signature"
_TIME: Final = "x-grafana-alerting-timestamp"

_TIMED: Final = timed_hmac(
    _SIGNATURE,
    _TIME,
    prefix="",
    signed=lambda moment, body: f"{moment}:".encode() + body,
    says=f"`{_SIGNATURE}: <hex HMAC-SHA256 of timestamp:body>`, the time in `{_TIME}`",
)


def _event_type(_headers: Headers, _body: bytes) -> str:
    return "alerts"


ADAPTER: Final = Adapter(
    tool="grafana",
    verify=any_of(hmac_sha256(_SIGNATURE), _TIMED, bearer_token(), basic_auth()),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={"alerts": alerts},
)
"""The adapter for Grafana Alerting."""
