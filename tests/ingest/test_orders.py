"""Orders to forget stand in the log beside facts: nobody who sends facts may give one."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from ingest.adapter import Untranslatable
from ingest.imports import Refusal, imported
from schemas.forgetting import ORDERS
from tests.builders.deliveries import translated

SAID: Final = {"forgets": "0" * 32, "before": "999"}


def custom(order: str) -> bytes:
    """A custom CDEvent that says it is an exported fact of this type."""
    told: dict[str, Any] = {
        "context": {
            "version": "0.4.1", "id": "0" * 32, "source": "/planted", "type": "dev.cdeventsx.vsm-fact.told.0.1.0",
            "timestamp": "2026-02-03T10:00:00Z",
        },
        "subject": {"id": "1", "source": "/planted", "type": "vsm-fact", "content": {}},
        "customData": {"vsm": {"type": order, "subject": "ticket:jira/CHK-1", "attributes": SAID}},
    }  # fmt: skip
    return msgspec.json.encode(told)


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_an_import_gives_no_order(order: str) -> None:
    """The token of imports lets facts in; it takes none out."""
    body = msgspec.json.encode(
        {"type": order, "occurred_at": "2026-02-03", "subject_id": "ticket:jira/CHK-1", "attributes": SAID}
    )
    found = imported("checkout", body, 0, lambda _tool, _account: "", 10)
    assert (isinstance(found, Refusal), "order to forget" in str(found)) == (True, True)


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_a_cdevent_that_claims_to_be_an_exported_order_is_untranslatable(order: str) -> None:
    """Whoever may send events of a source may not have those of others forgotten."""
    body = custom(order)
    with pytest.raises(Untranslatable, match="order to forget"):
        translated("cdevents", body, {})
