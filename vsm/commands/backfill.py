"""`vsm backfill`: the history that a tool's API tells, on the same path as live deliveries."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import msgspec
import typer
from msgspec import structs

from ingest.history.history import Told
from schemas.identity_key import BadIdentityKey, load_identity_key
from vsm.commands.send import report, source_secrets
from vsm.data_dir import DataDir
from vsm.history import past
from vsm.history.asking import Unanswered
from vsm.history.checkpoints import Checkpoint, Progress
from vsm.history.past import Past
from vsm.history.walking import UnforeseenAnswer, batches
from vsm.importing import address
from vsm.options import DEFAULT_DATA, Data, To, err, fail, out
from vsm.progress import Advance, bar
from vsm.sender import Played, Recorded, Unreachable, play


def backfill(  # noqa: PLR0913 - each is an option
    tool: past.ToolOption,
    places: past.Places,
    since: past.Since,
    until: past.Until = "",
    source: past.SourceName = "default",
    api: past.Api = "",
    token_file: past.TokenFile = None,
    *,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew where a run was interrupted.")] = False,
    to: To = None,
    config: past.Config = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Ask a tool's API what happened, and send it as the webhooks that the tool would have sent.

    Example: `VSM_GITHUB_TOKEN=... vsm backfill github --repository acme/app --since 2026-01-01`

    Example: `vsm backfill jira --api https://acme.atlassian.net --project CHK --since 2026-01-01 --token-file token`

    An interrupted run goes on where it was. What is known already changes nothing.
    """
    folder = DataDir(data)
    told = past.Told(
        tool=tool, places=places, since=since, until=until, source=source, api=api, token_file=token_file, config=config
    )
    with past.opened(told, folder) as wanted:
        try:
            played = _backfilled(wanted, folder, to, restart=restart)
        except (Unanswered, UnforeseenAnswer, Unreachable, BadIdentityKey) as bad:
            fail(f"{bad}; the same command goes on from here" if not isinstance(bad, BadIdentityKey) else str(bad))
        except OSError as bad:
            fail(f"{bad.filename}: {bad.strerror}")
    report(played)


def _backfilled(wanted: Past, folder: DataDir, to: str | None, *, restart: bool) -> Played:
    key = load_identity_key("", folder.root)
    about = structs.replace(wanted.scope, until=0) if wanted.open_ended else wanted.scope
    checkpoint = Checkpoint(folder.root, key, wanted.history.tool, wanted.source.name, wanted.api, about)
    earlier = None if restart else checkpoint.load()
    if earlier is not None and any(unit.kind not in wanted.history.work for unit in earlier.pending):
        earlier = None  # of another version, whose units this one does not know
    progress = earlier or Progress(list(wanted.history.begin(wanted.scope)), until=wanted.scope.until)
    scope = structs.replace(wanted.scope, until=progress.until)
    if earlier is not None:
        err.print("going on where the last run was interrupted (--restart begins anew)")
    sending = Sending(wanted, address(folder, to))
    with bar(f"backfilling {wanted.history.tool}", None) as advance:
        for batch in batches(wanted.history, scope, progress, wanted.ask, lambda: checkpoint.save(progress)):
            if sending.send(batch, advance).refused:
                return sending.played
    checkpoint.forget()
    out.print(f"backfilled {', '.join(scope.places)} up to {past.written(scope.until)}", soft_wrap=True)
    return sending.played


class Sending:
    """Sends what a history tells to an ingester, signed as the source's deliveries are, and counts the answers."""

    def __init__(self, wanted: Past, to: str) -> None:
        self._source = wanted.source
        self._secrets: Mapping[tuple[str, str], bytes] = source_secrets(wanted.definition)
        self._to = to
        self.played = Played(answers=Counter(), refused=[])

    def send(self, batch: Iterable[Told], advance: Advance) -> Played:
        """Send a batch, wait for every answer, and return all answers so far. Raises Unreachable."""
        deliveries = list(self._recorded(batch))
        if deliveries:
            played = asyncio.run(play(deliveries, self._to, self._secrets, sent=advance))
            self.played.answers.update(played.answers)
            self.played.refused.extend(played.refused)
        return self.played

    def _recorded(self, batch: Iterable[Told]) -> Iterator[Recorded]:
        for told in batch:
            yield Recorded(
                tool=self._source.tool,
                source=self._source.name,
                headers=dict(told.headers),
                body=msgspec.Raw(told.body),
            )
