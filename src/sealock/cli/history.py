"""`sealock history`: parse the options, look, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import BRANCH, REMOTE, REPO
from sealock.wiring import repository_root
from sealock.wiring import status as wiring

if TYPE_CHECKING:
    from sealock.domain.service_history import ServiceHistory

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock history ledger
  sealock history ledger --env production --limit 5
  sealock history ledger --format json | jq '.entries[] | select(.how == "by hand")'
"""


@click.command("history", epilog=_EPILOG)
@click.argument("service")
@REPO
@click.option("--env", "environment", default="", metavar="ENV", help="Only what reached this one.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.option("--fetch", is_flag=True, help="Ask the remote first; without it, what this clone knows counts.")
@REMOTE
@BRANCH
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Show who moved which image of SERVICE, when, why, and with which gates and evidence; newest first.

    It all comes from Git. Images that somebody changed without a promotion are listed as `by hand`.
    """
    place = wiring.PlaceOptions(options["remote"], options["branch"], fetch=options["fetch"])
    asked = wiring.HistoryOptions(options["service"], options["environment"], options["limit"])
    with wiring.history(repository_root(options["repo"]), place, asked) as case:
        history = case.run()
    sys.stdout.buffer.write(_formatted(history, options["form"]))
    return 0


def _formatted(history: ServiceHistory, form: str) -> bytes:
    if form == "json":
        from sealock.report.history_json import document

        return document(history)
    if form == "markdown":
        from sealock.report import history_markdown

        text = history_markdown.document(history)
    else:
        from sealock.report.history_text import lines

        text = "\n".join([*lines(history), ""])
    return text.encode("utf-8", "backslashreplace")
