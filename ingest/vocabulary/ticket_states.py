"""What a ticket's status means where the tool does not say it; pure."""

from __future__ import annotations

from typing import Final

DELETED: Final = "deleted"
"""The state of a ticket that is no more: its item is withdrawn."""

_FINAL: Final = frozenset(
    {"cancelled", "canceled", "closed", "complete", "completed", "declined", "done", "rejected", "released", "resolved",
     "won't do", "won't fix"}
)  # fmt: skip


def is_final(status: str) -> bool:
    """Tell whether a status is of the usual final names, whatever its case (`Done`, `Released`, `Won't Do`)."""
    return status.strip().lower() in _FINAL
