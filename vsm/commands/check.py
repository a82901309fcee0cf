"""`vsm check`: is this value-stream file right?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schemas.definition_file import BadDefinition, load
from vsm.options import fail, out


def check(
    file: Annotated[Path, typer.Argument(help="The value-stream file.")] = Path("value-streams.yaml"),
) -> None:
    """Validate a value-stream file: each error with its line, column and a suggestion.

    Example: `vsm check value-streams.yaml`
    """
    try:
        definition = load(file)
    except OSError as missing:
        fail(f"{file}: {missing.strerror}")
    except BadDefinition as bad:
        fail(str(bad))
    for stream in definition.value_streams:
        steps = " > ".join(step.name for step in stream.steps)
        out.print(f"{stream.name}: {steps}", markup=False, soft_wrap=True)
    out.print(
        f"{file}: {len(definition.value_streams)} value streams, {len(definition.sources)} sources, "
        f"definition {definition.version}: all right",
        markup=False,
        soft_wrap=True,
    )
