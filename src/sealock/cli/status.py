"""`sealock status`: parse the options, look, report."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import BRANCH, EVIDENCE, REMOTE, REPO
from sealock.wiring import repository_root
from sealock.wiring import status as wiring

if TYPE_CHECKING:
    from sealock.domain.status import StatusReport

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock status                              every service in every environment
  sealock status ledger                       one, with what each gate says
  sealock status --env production --format markdown
  sealock status --fetch --format json | jq '.services[] | select(.debts != [])'
"""


@click.command("status", epilog=_EPILOG)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@REPO
@click.option("--env", "environments", multiple=True, metavar="ENV", help="Only this one; repeatable.")
@click.option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table",
              show_default=True)  # fmt: skip
@click.option("--fetch", is_flag=True, help="Ask the remote first; without it, what this clone knows counts.")
@click.option("--open", "opened", is_flag=True, help="Ask the forge for open pull requests.")
@EVIDENCE
@REMOTE
@BRANCH
@click.option("--no-cache", is_flag=True, help="Read everything anew, and remember nothing.")
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Show what runs where on the deployed branch, and what stands between it and the next environment.

    Release, digest, age, how far ahead or behind, freezes, soak, hotfix debts. Gates are asked as far as
    evidence and the time tell; programs, registries and approvals are not. With SERVICE, the reasons too.
    """
    # As in check: almost everything made here lives to the end.
    gc.disable()
    try:
        report = _report(options)
        _print(report, options["form"], detailed=bool(options["services"]))
    finally:
        gc.enable()
    return 0


def _report(options: dict[str, Any]) -> StatusReport:
    place = wiring.PlaceOptions(options["remote"], options["branch"], fetch=options["fetch"])
    asked = wiring.StatusOptions(
        tuple(options["services"]),
        tuple(options["environments"]),
        tuple(options["evidence"]),
        opened=options["opened"],
        cached=not options["no_cache"],
    )
    with wiring.status(repository_root(options["repo"]), place, asked) as case:
        return case.run()


def _print(report: StatusReport, form: str, *, detailed: bool) -> None:
    if form == "table" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        from sealock.report.status_table import show

        show(report, detailed=detailed)
        return
    if form == "json":
        from sealock.report.status_json import document

        sys.stdout.buffer.write(document(report))
        return
    if form == "markdown":
        from sealock.report import status_markdown

        text = status_markdown.document(report, detailed=detailed)
    else:
        from sealock.report.status_table import lines

        text = "\n".join([*lines(report, detailed=detailed), ""])
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
