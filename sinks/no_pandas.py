"""Keeps pandas out of the sink process: nothing here uses it, and importing it takes longer than all else."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


class _NoPandas(MetaPathFinder):
    """Finds no pandas."""

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> None:
        """Raise ImportError for pandas, leave the rest to the finders after this one."""
        if fullname == "pandas":
            raise ImportError(fullname)


def skip_pandas() -> None:
    """Let pyarrow's one look for pandas, at its first array, find none: importing it takes longer than our start."""
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
