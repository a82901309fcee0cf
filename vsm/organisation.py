"""The simulated organisation on a one-machine stack: its definition, its secrets, its webhooks."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from lab.organisation import SECRET_VARIABLES, definition_yaml
from lab.sending import SentDelivery
from schemas.definition_file import load
from vsm.commands.send import source_secrets
from vsm.data_dir import DataDir
from vsm.sender import Played, Recorded, play
from vsm.stack import Stack

_SECRET_BYTES: Final = 24


def prepare(folder: DataDir) -> Path:
    """Make the directory with the organisation's definition in it, its secrets in this process's environment."""
    folder.make()
    for variable in SECRET_VARIABLES.values():
        os.environ.setdefault(variable, secrets.token_urlsafe(_SECRET_BYTES))
    folder.config.write_text(definition_yaml(), encoding="utf-8")
    return folder.config


def send(stack: Stack, hooks: Iterable[SentDelivery], sent: Callable[[], None] = lambda: None) -> Played:
    """Send webhooks with valid signatures, and wait for every answer. Raises sender.Unreachable."""
    signing = source_secrets(load(stack.config))
    return asyncio.run(play(_recorded(hooks), stack.addresses["ingest"], signing, sent=sent))


def _recorded(hooks: Iterable[SentDelivery]) -> Iterator[Recorded]:
    for hook in hooks:
        yield Recorded(tool=hook.tool, source=hook.source, headers=dict(hook.headers), body=msgspec.Raw(hook.body))
