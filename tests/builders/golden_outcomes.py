"""Writes anew what every golden delivery becomes: `python -m tests.builders.golden_outcomes`; read the difference."""

from __future__ import annotations

import json
import sys

from tests.builders.deliveries import goldens, outcome


def main() -> None:
    """Write every `.events.json`."""
    found = goldens()
    for one in found:
        one.outcome_path.write_text(json.dumps(outcome(one), indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{len(found)} written\n")


if __name__ == "__main__":
    main()
