"""`vsm link`: corrects what belongs to what, as a fact in the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from ingest.corrections import Correction, Verdict
from schemas.event import LinkKind
from schemas.identity import entity_kind
from vsm.data_dir import DataDir
from vsm.importing import ImportRefused, address, post_links, token
from vsm.options import DEFAULT_DATA, Data, To, fail, out

_USUAL: Final = {
    "incident": LinkKind.CAUSED_BY,
    "deployment": LinkKind.DEPLOYS,
    "artifact": LinkKind.BUILT_FROM,
}


def link(
    subject: Annotated[str, typer.Argument(help="The entity's URI, as `vsm trace` and the tables show it.")],
    target: Annotated[str, typer.Argument(help="The entity it is linked to, or is not.")],
    stream: Annotated[str, typer.Option("--stream", help="The value stream in which this holds.")],
    kind: Annotated[
        LinkKind | None,
        typer.Option(help="Left out: caused_by of an incident, deploys of a deployment, built_from of an artifact, "
                          "else part_of."),
    ] = None,
    *,
    deny: Annotated[bool, typer.Option("--deny", help="Say that there is no such link.")] = False,
    to: To = None,
    data: Data = DEFAULT_DATA,
) -> None:  # fmt: skip
    """Correct a link between two entities: the numbers follow at once, and in every replay.

    Example: `vsm link change:github.com/acme/app/97 ticket:jira/CHK-12 --stream checkout`

    Example: `vsm link incident:pagerduty/Q1 deployment:argocd/shop/7 --deny --stream checkout`
    """
    said = Correction(
        value_stream=stream,
        subject=subject,
        kind=kind or _USUAL.get(entity_kind(subject), LinkKind.PART_OF),
        target=target,
        verdict=Verdict.DENIED if deny else Verdict.ASSERTED,
        at=datetime.now(tz=UTC).isoformat(),
    )
    folder = DataDir(data)
    try:
        ids = post_links([said], address(folder, to), token(folder))
    except ImportRefused as bad:
        fail(str(bad))
    out.print(f"{said.verdict}: {subject} {said.kind} {target}, in {stream} ({', '.join(ids)})", soft_wrap=True)
