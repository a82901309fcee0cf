"""The ingester of a release whose adapters can translate nothing: what a fault in them makes of every delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from ingest import process
from ingest.adapter import Context, Untranslatable
from ingest.adapters import ADAPTERS
from ingest.app import main
from ingest.settings import Settings
from schemas.event import FlowEvent

PROGRAM: Final = "from tests.builders.unable_release import run; run()"


def run() -> None:
    """Run it."""
    unable = [structs.replace(tool, translate=dict.fromkeys(tool.translate, _fail)) for tool in ADAPTERS]
    vars(process)["ADAPTERS"] = tuple(unable)
    main(Settings())


def _fail(_body: bytes, _context: Context) -> Sequence[FlowEvent]:
    raise Untranslatable("this release has a fault")
