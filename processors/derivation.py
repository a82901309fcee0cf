"""Which derivation this code is: raise it with every change that makes other rows of the same facts."""

from __future__ import annotations

from typing import Final

DERIVATION_VERSION: Final = 7
