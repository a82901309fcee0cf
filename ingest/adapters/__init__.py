"""The tools: one value each, in one literal list."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter
from ingest.adapters import github

ADAPTERS: Final[tuple[Adapter, ...]] = (github.ADAPTER,)
"""Every tool that deliveries are taken from."""
