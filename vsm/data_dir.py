"""The data directory of the one-machine stack: what lies where, who holds it, and how a running stack is found."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

PRIVATE: Final = 0o600
_TOKEN_BYTES: Final = 32
_STAT_START_TIME: Final = 19  # field 22 of proc(5) stat, counted behind the command's closing bracket


class DataDirBusy(RuntimeError):  # noqa: N818 - shown to the user as it is
    """Another stack holds the directory."""


class Run(Struct, frozen=True, kw_only=True):
    """A running stack: its supervisor, its value-stream file, and the addresses of its parts by name."""

    pid: int
    start_time: int
    config: str
    addresses: Mapping[str, str]


class DataDir:
    """Paths and files of one data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.lock = self.root / "lock"
        self.log = self.root / "log"
        self.clickhouse = self.root / "clickhouse"
        self.logs = self.root / "logs"
        self.config = self.root / "value-streams.yaml"
        self.secrets = self.root / "secrets"
        self.identity_key = self.root / "identity.key"
        self.import_token = self.root / "import.token"
        self.generation = self.root / "generation.json"
        self.store_address = self.root / "clickhouse.url"
        self.run_file = self.root / "run.json"
        self.reconciled = self.root / "reconciled"

    def make(self) -> None:
        """Create the directory, its identity key and import token if they are missing."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        for path in (self.identity_key, self.import_token):
            write_private_once(path, secrets.token_hex(_TOKEN_BYTES))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory, made if it is not there, for this process. Raises DataDirBusy when another one does."""
        self.root.mkdir(parents=True, exist_ok=True)
        busy = f"{self.root} is in use by another stack: stop it, or give this one its own --data"
        with _locked(self.lock, busy):
            yield

    @contextmanager
    def rewriting(self) -> Iterator[None]:
        """Be the only one that takes records out of the directory's log. Raises DataDirBusy when another one does."""
        busy = f"another `vsm forget` or `vsm rotate-key` works on {self.root}: say it again when that has ended"
        with _locked(self.root / "rewriting.lock", busy):
            yield

    def announce(self, config: Path, addresses: Mapping[str, str], store: str) -> None:
        """Write run.json for this process, whole or not at all.

        `store`: the whole address of a real ClickHouse, password and all, kept in a file of its own; '' without one.
        """
        self.store_address.unlink(missing_ok=True)
        if store:
            write_private_once(self.store_address, store)
        run = Run(pid=os.getpid(), start_time=start_time(os.getpid()) or 0, config=str(config), addresses=addresses)
        fresh = self.run_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        write_private_once(fresh, msgspec.json.format(msgspec.json.encode(run), indent=2).decode())
        fresh.replace(self.run_file)

    def withdraw(self) -> None:
        """Remove run.json; safe to repeat."""
        self.run_file.unlink(missing_ok=True)
        self.store_address.unlink(missing_ok=True)

    def running(self) -> Run | None:
        """Return the stack that runs on this directory, or None when it is gone."""
        try:
            run = msgspec.json.decode(self.run_file.read_bytes(), type=Run)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return run if start_time(run.pid) == run.start_time else None

    def sql_address(self) -> str | None:
        """Return where the running stack's tables are asked, with its password; None when no stack runs."""
        run = self.running()
        if run is None:
            return None
        try:
            return self.store_address.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return run.addresses.get("sql")


def write_private_once(path: Path, text: str) -> None:
    """Write a file of mode 0600 unless it exists."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text + "\n")


def start_time(pid: int) -> int | None:
    """Return when a process started (clock ticks since boot), or None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[_STAT_START_TIME])


@contextmanager
def _locked(path: Path, busy: str) -> Iterator[None]:
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise DataDirBusy(busy) from taken
        yield
