"""Third-party samples of the tools' webhooks, where a folder of them is named by `VSM_SAMPLES`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec
import pytest

from ingest.adapter import Untranslatable
from schemas.codec import Codec
from tests.builders.deliveries import BY_TOOL, headers_of, translated

FOLDER: Final = os.environ.get("VSM_SAMPLES", "")
SKIPPED: Final = "NOT WALKED: VSM_SAMPLES names no folder of sample payloads (<tool>/<event>__<case>.json)"


def bodies() -> list[Path]:
    """Return the sample bodies of the tools that have an adapter; [] without a folder."""
    found = [path for tool in BY_TOOL for path in sorted(Path(FOLDER, tool).glob("*.json"))] if FOLDER else []
    return [path for path in found if not path.name.endswith(".headers.json")]


@pytest.mark.skipif(not FOLDER, reason=SKIPPED)
def test_the_folder_holds_samples() -> None:
    """The folder that is named holds samples of the tools."""
    assert bodies()


@pytest.mark.skipif(not FOLDER, reason=SKIPPED)
def test_every_sample_is_accepted_ignored_or_a_dead_letter() -> None:
    """Every sample becomes events that can be written, is ignored, or is refused by name; nothing else ever happens."""
    assert {path.name: found for path in bodies() if (found := problem(path))} == {}


def problem(path: Path) -> str | None:
    """Return what went wrong with a sample, or None."""
    codec = Codec()
    try:
        found = translated(path.parent.name, path.read_bytes(), headers_of(path))
        for event in found if isinstance(found, list | tuple) else ():
            codec.encode(event)
    except (Untranslatable, msgspec.DecodeError):
        return None
    except Exception as unforeseen:  # noqa: BLE001 - any other exception is what this test looks for
        return type(unforeseen).__name__
    return None
