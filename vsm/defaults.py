"""What `vsm up` starts with when it is given no value-stream file: one stream that claims everything."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from schemas.definition_schema import SHIPPED
from vsm.data_dir import DataDir, write_private_once

TOOLS: Final = ("github", "jira", "argocd", "pagerduty", "cdevents")
_SECRET_BYTES: Final = 24


def write_default_config(data: DataDir) -> Mapping[str, str]:
    """Write DIR/value-streams.yaml with a fresh secret per tool unless it exists.

    Returns the new secrets by tool, to be shown once; empty when the file was already there.
    """
    if data.config.exists():
        return {}
    made = {tool: secrets.token_urlsafe(_SECRET_BYTES) for tool in TOOLS}
    folder = data.root / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    for tool, secret in made.items():
        write_private_once(folder / tool, secret)
    fresh = data.config.with_suffix(".new")
    fresh.write_text(_text(folder.name), encoding="utf-8")
    fresh.replace(data.config)
    return {tool: (folder / tool).read_text(encoding="utf-8").strip() for tool in made}


def _text(folder: str) -> str:
    sources = "\n".join(f"  - {{tool: {tool}, name: default, secret: {{file: {folder}/{tool}}}}}" for tool in TOOLS)
    return (
        f"# yaml-language-server: $schema={SHIPPED}\n"
        "# Made by `vsm up`. Give your own with --config FILE; `vsm check FILE` says what is wrong with it.\n"
        f"version: 1\nsources:\n{sources}\n"
        'value_streams:\n  - name: default\n    select:\n      - "*"\n'
    )
