"""Entry point of the `vsm` console script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
