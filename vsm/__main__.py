"""Entry point of the `vsm` console script."""

from __future__ import annotations

from vsm.cli import app
from vsm.orphan import die_with_supervisor


def main() -> None:
    """Run the command line."""
    die_with_supervisor()
    app()


if __name__ == "__main__":
    main()
