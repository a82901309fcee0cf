"""`vsm rotate-key`: a new identity key, under which old dead letters can be read still."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from schemas.identity_key import OLD_KEY_FILE, load_identity_key, read_key_file, replace_key
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import LogTruncated, LogUnavailable, RecordRefused
from schemas.log_open import open_log
from schemas.registry import RegistryRefused, open_codec
from vsm.data_dir import DataDir, DataDirBusy
from vsm.erasure.forgetting import NotObeyed
from vsm.erasure.rotation import rotate
from vsm.options import DEFAULT_DATA, Data, Kafka, KafkaSettings, Registry, fail, out


def rotate_key(
    new_key_file: Annotated[Path, typer.Option("--new-key-file", help="The new key: 64 hexadecimal digits.")],
    old_key_file: Annotated[
        Path | None, typer.Option("--old-key-file", help="The old key; left out: the one in use.")
    ] = None,
    data: Data = DEFAULT_DATA,
    kafka: Kafka = "",
    kafka_settings: KafkaSettings = "",
    registry: Registry = "",
    wait: Annotated[float, typer.Option("--wait", min=0.0, help="Seconds that readers of the log may take.")] = 120.0,
) -> None:
    """Seal the keys of dead letters under a new identity key; on one machine it takes the old one's place.

    Say it again once every process has the new key: what was sealed meanwhile follows.

    Example: `openssl rand -hex 32 > new.key && vsm rotate-key --new-key-file new.key`
    """
    folder = DataDir(data)
    if not kafka and not folder.log.exists():
        fail(f"{data} holds no log: give the --data of a stack, or --kafka")
    try:
        new = read_key_file(new_key_file)
        old = _old(folder, old_key_file, new)
    except (ValueError, OSError) as bad:
        fail(f"cannot read a key: {bad}", status=2)
    try:
        codec = open_codec(registry or None)
        log = open_log(kafka or None, data, settings=read_kafka_settings(kafka_settings))
        try:
            with nullcontext() if kafka else folder.rewriting():
                done = rotate(log, codec, old, new, wait)
        finally:
            log.close()
    except DataDirBusy as busy:
        fail(str(busy))
    except (BadKafkaSettings, LogTruncated, LogUnavailable, NotObeyed, RecordRefused, RegistryRefused) as bad:
        fail(f"{bad}\nsay it again: what was begun is finished then")
    out.print(f"{done.keys:>8}  keys of dead letters sealed anew, {done.already} were already")
    out.print(f"{done.letters:>8}  old dead letters sealed under keys of their own")
    if done.left:
        out.print(f"{done.left:>8}  keys are opened by neither", soft_wrap=True)
    if not kafka and load_identity_key("", folder.root) != new:
        replace_key(folder.root, new)
        out.print(f"{folder.identity_key} is the new key; the old one is {OLD_KEY_FILE} beside it", soft_wrap=True)


def _old(folder: DataDir, given: Path | None, new: bytes) -> bytes:
    """Return the key to rotate from: the one in use, or the one before where the new one is in use already."""
    if given is not None:
        return read_key_file(given)
    used = load_identity_key(os.environ.get("VSM_IDENTITY_KEY", ""), folder.root, may_make=False)
    before = folder.root / OLD_KEY_FILE
    return read_key_file(before) if used == new and before.exists() else used
