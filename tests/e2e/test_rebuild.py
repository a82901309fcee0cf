"""A changed definition under traffic that never stops: the new rows are shown all the same."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import httpx
import pytest

from tests.builders.one_machine import organisation
from vsm.data_dir import DataDir
from vsm.importing import token
from vsm.one_machine.stack import Stack
from vsm.store import open_store

pytestmark = pytest.mark.timeout(180)
BATCH = 200
SWAP_SECONDS = 60


class Traffic:
    """Imports new tickets without a pause, from its making until `stop`."""

    def __init__(self, stack: Stack, root: Path, prefix: str) -> None:
        self._over = threading.Event()
        self._batch = threading.Semaphore(0)
        self._bearer = {"Authorization": f"Bearer {token(DataDir(root))}"}
        self._to = f"{stack.addresses['ingest']}/imports/checkout"
        self._prefix = prefix
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait_for_batches(self, count: int) -> None:
        """Block until so many more batches were taken."""
        for _ in range(count):
            assert self._batch.acquire(timeout=30)

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(headers=self._bearer, timeout=30) as client:
            for number in itertools.count():
                if self._over.is_set():
                    return
                facts = [_ticket(f"{self._prefix}-{number * BATCH + i}") for i in range(BATCH)]
                client.post(self._to, json=facts).raise_for_status()
                self._batch.release()


def _ticket(key: str) -> dict[str, object]:
    return {"type": "ticket.created", "occurred_at": "2025-12-02T08:00:00Z", "subject_id": f"ticket:jira/{key}"}


def shown_generation(root: Path) -> int:
    """Return the generation of the rows that the views show."""
    with open_store(root) as store:
        row = store.query("SELECT bitShiftRight(max(revision), 40) AS generation FROM vsm.work_items_current")[0]
        return int(str(row["generation"]))


def test_new_rows_are_shown_under_traffic(tmp_path: Path) -> None:
    """While tickets come without a pause, the rows of a shorter route to live take the place of the old ones."""
    with organisation(tmp_path) as stack:
        before = Traffic(stack, tmp_path, "OLD")
        before.wait_for_batches(5)
        before.stop()
    edited = organisation(
        tmp_path, edit=lambda text: text.replace("[development, staging,", "[staging,"), rebuild=False
    )
    with edited as stack:
        traffic = Traffic(stack, tmp_path, "NEW")
        traffic.wait_for_batches(2)
        swapping = threading.Thread(target=stack.show_rebuilt, daemon=True)
        swapping.start()
        swapping.join(SWAP_SECONDS)
        swapped = not swapping.is_alive()
        traffic.wait_for_batches(2)
        traffic.stop()
        assert (swapped, shown_generation(tmp_path)) == (True, 2)
