"""`sealock runs`: list, show, export and throw away the records of the agent's runs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import REPO
from sealock.errors import UsageError
from sealock.wiring import repository_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.chamber.run_store import RunStore

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock runs                         the newest records
  sealock runs show last               one, with every request
  sealock runs export last -o run.tar  one file, to replay elsewhere
  sealock runs gc --keep 50            throw the others away
"""
_FORM = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


def _records(options: dict[str, Any]) -> RunStore:
    from sealock.wiring import chamber

    return chamber.records(repository_root(options["repo"]))


@click.group("runs", epilog=_EPILOG, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int | None:
    """Look after the records of the agent's runs, below `.sealock/runs`; without a command, list them."""
    if context.invoked_subcommand is None:
        outcome: int = context.invoke(list_)
        return outcome
    return None


@command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@_FORM
@REPO
def list_(**options: Any) -> int:  # noqa: ANN401 - click's own
    """List the newest records, newest first."""
    from sealock.report import runs

    store = _records(options)
    ids = store.ids()
    shown = [(store.manifest(run), store.running(run)) for run in ids[: options["limit"]]]
    if options["form"] == "json":
        sys.stdout.buffer.write(runs.list_json(shown, len(ids)))
    else:
        click.echo("\n".join(runs.list_lines(shown, len(ids))))
    return 0


@command.command("show")
@click.argument("run")
@_FORM
@REPO
def show(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Show one RUN: what decided it, what came of it, and each request. `last` is the newest."""
    from sealock.report import runs
    from sealock.wiring import chamber

    recording = chamber.recording(repository_root(options["repo"]), options["run"])
    if options["form"] == "json":
        sys.stdout.buffer.write(runs.show_json(recording.manifest, recording.exchanges))
    else:
        click.echo("\n".join(runs.show_lines(recording.manifest, recording.exchanges)))
    return 0


@command.command("export")
@click.argument("run")
@click.option("-o", "--output", default="", metavar="FILE", help="Default: the run's id, with .tar.")
@REPO
def export(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Write the record of RUN to one file, which sealock replay and runs show take."""
    store = _records(options)
    run = store.named(options["run"])
    path = Path(options["output"] or f"{run}.tar")
    draft = path.with_name(f".{path.name}.new")
    content = store.export(run)
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as wrong:
        message = f"{path} cannot be written: {wrong.strerror}"
        raise UsageError(message, hint="Name a file in a folder that is there.") from None
    click.echo(str(path))
    return 0


@command.command("gc")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N.")
@click.option("--older-than", type=click.IntRange(min=1), metavar="DAYS", help="Only what is older.")
@click.option("--incomplete", is_flag=True, help="Only what broke off.")
@click.option("--plan", is_flag=True, help="Say what would go, and leave it.")
@REPO
def gc(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Throw records away; what they spent stays in the ledger. Runs that are under way are left alone."""
    if not (options["keep"] is not None or options["older_than"] or options["incomplete"]):
        message = "nothing says which records are to go"
        raise UsageError(message, hint="Give --keep N, --older-than DAYS or --incomplete.")
    store = _records(options)
    gone = list(_chosen(store, options))
    for run in gone:
        if not options["plan"]:
            store.remove(run)
        click.echo(run)
    verb = "would go" if options["plan"] else "thrown away"
    click.echo(f"{len(gone)} {'record' if len(gone) == 1 else 'records'} {verb}", err=True)
    return 0


def _chosen(store: RunStore, options: dict[str, Any]) -> Iterator[str]:
    """Yield the records that every given condition names."""
    from sealock.errors import Undecided

    before = f"{datetime.now(UTC) - timedelta(days=options['older_than'] or 0):%Y%m%dT%H%M%S}"
    for run in store.ids()[options["keep"] or 0 :]:
        if options["older_than"] and run >= before:
            continue
        if store.running(run):
            continue
        try:
            whole = store.manifest(run).outcome != "incomplete"
        except Undecided:
            # What cannot be read can be thrown away.
            whole = False
        if not (options["incomplete"] and whole):
            yield run
