"""A delivery that could not be translated, as a sealed dead letter, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Delivery
from schemas.dead_letter import DeadLetter, DeadLetterReason, LetterKey
from schemas.letter_keys import Sealed, open_letter, seal_alone
from schemas.sealing import BrokenSeal

_SEPARATOR: Final = "\x1f"
_ID_DIGITS: Final = 32
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_OF_THE_TRANSFER: Final = frozenset(
    {
        "connection", "content-encoding", "content-length", "expect", "host", "keep-alive", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers that say how the bytes came and not what they are: untrue of the clear body, and of a second sending."""

_DETAIL_CHARACTERS: Final = 500


class _Kept(Struct, frozen=True, kw_only=True):
    """What is sealed: the delivery without its credentials and without what was said of its transfer."""

    tool: str
    source: str
    headers: Mapping[str, str]
    body: bytes
    url: str
    received_at: int


class Refused(Struct, frozen=True, kw_only=True):
    """Why a delivery became a dead letter; `detail` names fields, never values."""

    detail: str
    event_type: str = ""
    delivery_id: str = ""


def dead_letter(delivery: Delivery, why: Refused, secrets: Sequence[bytes], identity_key: bytes) -> Sealed:
    """Return the letter that keeps a whole delivery, and its key; the same delivery gives the same letter id.

    Headers that carry a credential or a secret, or that are of the transfer alone, are left out of what is kept.
    """
    texts = [secret.decode("utf-8", "replace") for secret in secrets if secret]
    left_out = _CREDENTIALS | _OF_THE_TRANSFER
    kept = _Kept(
        tool=delivery.tool,
        source=delivery.source,
        headers={n: v for n, v in delivery.headers.items() if n not in left_out and not any(t in v for t in texts)},
        body=delivery.body,
        url=delivery.url,
        received_at=delivery.received_at,
    )
    body_hash = hashlib.sha256(delivery.body).hexdigest()
    named = _SEPARATOR.join((delivery.tool, delivery.source, why.event_type, why.delivery_id, body_hash))
    letter = DeadLetter(
        dead_letter_id=hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS],
        stage="ingest",
        tool=delivery.tool,
        source=delivery.source,
        event_type=why.event_type,
        delivery_id=why.delivery_id,
        reason=DeadLetterReason.UNTRANSLATABLE,
        detail=why.detail[:_DETAIL_CHARACTERS],
        received_at=delivery.received_at,
        size_bytes=len(delivery.body),
        body_hash=body_hash,
        body=b"",
    )
    return seal_alone(letter, msgspec.msgpack.encode(kept), identity_key)


def opened(letter: DeadLetter, keys: Mapping[str, LetterKey], identity_key: bytes) -> Delivery:
    """Return the delivery that a whole letter of ingest keeps, ready to be sent again. Raises BrokenSeal.

    `keys` are those of letters that are left, by their ids.
    """
    try:
        kept = msgspec.msgpack.decode(open_letter(letter, keys, identity_key), type=_Kept)
    except msgspec.MsgspecError as bad:
        raise BrokenSeal("the sealed body is no delivery") from bad
    return Delivery(
        tool=kept.tool,
        source=kept.source,
        headers={name: value for name, value in kept.headers.items() if name not in _OF_THE_TRANSFER},
        body=kept.body,
        url=kept.url,
        received_at=kept.received_at,
    )
