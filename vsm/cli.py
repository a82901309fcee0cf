"""The `vsm` command: one subcommand a job, each in a module of its own under `vsm/commands`."""

from __future__ import annotations

from typing import Final

import typer

from vsm.commands import (
    ageing,
    ask,
    backfill,
    backup,
    check,
    checksum,
    cluster,
    compare_dialects,
    dead_letters,
    demo,
    doctor,
    explain,
    export,
    forget,
    import_logs,
    imports,
    link,
    map_test,
    reconcile,
    replay,
    reroute,
    rotate_key,
    send,
    simulate,
    trace,
    up,
    waste,
)

app: Final = typer.Typer(
    name="vsm",
    help="Value stream management: webhooks in, value stream maps and flow metrics out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they hold passwords
)
topics: Final = typer.Typer(no_args_is_help=True, help="The Kafka topics.")
events: Final = typer.Typer(no_args_is_help=True, help="Turn a git history or an event log into flow events.")
letters: Final = typer.Typer(no_args_is_help=True, help="What could not be translated or processed.")

app.command()(up.up)
app.command()(demo.demo)
app.command()(cluster.ingest)
app.command()(cluster.process)
app.command()(cluster.sink)
app.command()(cluster.board)
app.command()(check.check)
topics.command("apply")(cluster.topics_apply)
app.command()(cluster.migrate)
app.command()(send.send)
app.command()(simulate.simulate)
events.command("csv")(imports.import_csv)
events.command("git")(imports.import_git)
events.command("xes")(import_logs.import_xes)
events.command("ocel")(import_logs.import_ocel)
app.command()(export.export)
app.command()(link.link)
app.command()(backfill.backfill)
app.command()(reconcile.reconcile)
app.command("map")(ask.show_map)
app.command("map-test")(map_test.map_test)
app.command()(ask.query)
app.command()(trace.trace)
app.command()(explain.explain)
app.command()(waste.waste)
app.command("compare-dialects")(compare_dialects.compare_dialects)
app.command()(ageing.ageing)
letters.command("list")(dead_letters.list_letters)
letters.command("show")(dead_letters.show)
letters.command("replay")(dead_letters.replay)
app.command()(replay.replay)
app.command()(reroute.reroute)
app.command()(doctor.doctor)
app.command()(forget.forget)
app.command()(rotate_key.rotate_key)
app.command()(checksum.checksum)
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(topics, name="topics")
app.add_typer(events, name="import")
app.add_typer(letters, name="dead-letters")


@app.callback()
def root() -> None:
    """Value stream management: webhooks in, value stream maps and flow metrics out."""
