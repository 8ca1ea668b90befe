"""`sealock import`: read the contract from a file or standard input, check it, write it or refuse it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

import click

from sealock import wiring
from sealock.cli.place_options import REPO

if TYPE_CHECKING:
    from sealock.app.import_applications import Imported

_EPILOG = """\b
Examples:
  sealock import applications.json
  sealock generate --plan --format json --repo ../other | sealock import -
"""


@click.command("import", epilog=_EPILOG)
@click.argument("source", metavar="FILE|-", type=click.File("rb"))
@REPO
@click.option("--overwrite", is_flag=True, help="Replace Applications that exist with other content.")
@click.option("--plan", "plan_only", is_flag=True, help="Write nothing; print the unified diff.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, source: BinaryIO, repo: str | None, overwrite: bool, plan_only: bool, form: str) -> int:
    r"""Write Applications that come from elsewhere, after checking them.

    The input is JSON, {"applications": [{"filename": …, "content": …}]}. It is written as a whole, or
    refused as a whole with every reason and exit code 1.
    """
    from sealock.app.import_applications import MAX_BYTES, Repository, plan  # noqa: PLC0415 - not for --help

    tree = wiring.work_tree(wiring.repository_root(repo))
    if not plan_only:
        tree.recover()
    document = source.read(MAX_BYTES + 1)
    schemas = wiring.schemas(wiring.configuration(tree).settings.versions)
    with wiring.engines() as pool:
        repository = Repository(tree, tree, schemas, wiring.project_policy(pool))
        found = plan(document, repository, overwrite=overwrite)
    if not plan_only:
        tree.write(found.changes)
    _report(found, form=form, plan_only=plan_only)
    return 1 if found.reasons else 0


def _report(found: Imported, *, form: str, plan_only: bool) -> None:
    from sealock.domain.plan import unified_diff  # noqa: PLC0415

    if form == "json":
        click.echo(_as_json(found))
        return
    for reason in found.reasons:
        click.echo(f"{reason.where}: refused: {reason.message}", err=True)
    if found.reasons:
        click.echo(f"nothing was written: {len(found.reasons)} reasons", err=True)
        return
    for change in found.changes:
        click.echo(
            unified_diff(change) if plan_only else f"  {change.action:<6}  {change.path}", nl=not plan_only
        )
    click.echo(
        f"{len(found.changes)} {'to write' if plan_only else 'written'}, {found.unchanged} unchanged",
        err=True,
    )


def _as_json(found: Imported) -> str:
    answer = {
        "schema": "sealock/import/v1",
        "changes": [{"path": change.path, "action": change.action} for change in found.changes],
        "unchanged": found.unchanged,
        "reasons": [
            {
                "file": reason.where.file,
                "line": reason.where.line,
                "column": reason.where.column,
                "message": reason.message,
            }
            for reason in found.reasons
        ],
    }
    return json.dumps(answer, indent=2, ensure_ascii=False)
