"""What `vsm up` starts with when it is given no value-stream file: one stream that claims everything."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from ingest.adapters import ADAPTERS
from schemas.definition_schema import SHIPPED
from vsm.data_dir import DataDir, write_private_once

TOOLS: Final = tuple(adapter.tool for adapter in ADAPTERS)
"""Each has a source `default`, with a secret of its own."""

_SECRET_BYTES: Final = 24


def write_default_config(data: DataDir) -> Mapping[str, str]:
    """Write DIR/value-streams.yaml with a fresh secret per tool unless it exists.

    Returns the secrets by tool, to be shown once; empty when the file was already there.
    """
    if data.config.exists():
        return {}
    files = write_secrets(data, TOOLS)
    fresh = data.config.with_suffix(".new")
    fresh.write_text(_text(files), encoding="utf-8")
    fresh.replace(data.config)
    return {tool: (data.root / file).read_text(encoding="utf-8").strip() for tool, file in files.items()}


def write_secrets(data: DataDir, tools: Iterable[str]) -> Mapping[str, str]:
    """Write a fresh secret per tool unless there is one; return their files by tool, named from the directory on."""
    data.secrets.mkdir(mode=0o700, exist_ok=True)
    for tool in tools:
        write_private_once(data.secrets / tool, secrets.token_urlsafe(_SECRET_BYTES))
    return {tool: f"{data.secrets.name}/{tool}" for tool in tools}


def _text(files: Mapping[str, str]) -> str:
    sources = "\n".join(
        f"  - {{tool: {tool}, name: default, secret: {{file: {file}}}}}" for tool, file in files.items()
    )
    return (
        f"# yaml-language-server: $schema={SHIPPED}\n"
        "# Made by `vsm up`. Give your own with --config FILE; `vsm check FILE` says what is wrong with it.\n"
        f"version: 1\nsources:\n{sources}\n"
        'value_streams:\n  - name: default\n    select:\n      - "*"\n'
    )
