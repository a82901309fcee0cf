"""The simulated organisation on a one-machine stack: its definition, its secrets, its webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from lab.organisation import TOOLS, definition_yaml
from lab.sending import SentDelivery
from schemas.definition_file import load
from vsm.commands.send import source_secrets
from vsm.data_dir import DataDir
from vsm.one_machine.defaults import write_secrets
from vsm.one_machine.stack import Stack
from vsm.sender import Played, Recorded, play


def prepare(folder: DataDir) -> Path:
    """Make the directory with the organisation's definition and its secrets in it."""
    folder.make()
    folder.config.write_text(definition_yaml(write_secrets(folder, TOOLS)), encoding="utf-8")
    return folder.config


def send(stack: Stack, hooks: Iterable[SentDelivery], sent: Callable[[], None] = lambda: None) -> Played:
    """Send webhooks with valid signatures, and wait for every answer. Raises sender.Unreachable."""
    signing = source_secrets(load(stack.config))
    return asyncio.run(play(_recorded(hooks), stack.addresses["ingest"], signing, sent=sent))


def _recorded(hooks: Iterable[SentDelivery]) -> Iterator[Recorded]:
    for hook in hooks:
        yield Recorded(tool=hook.tool, source=hook.source, headers=dict(hook.headers), body=msgspec.Raw(hook.body))
