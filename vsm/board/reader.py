"""What the board's answers are read from."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from schemas.definition import Definition
from vsm.store import Store


class Reader(Struct, frozen=True):
    """What an answer is read from: the tables, the definition in use, and how many items are listed unasked.

    An answer that can be given in part is, once it is `late`.
    """

    store: Store
    definition: Definition
    items: int
    late: Callable[[], bool] = lambda: False
