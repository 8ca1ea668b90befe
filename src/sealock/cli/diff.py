"""`sealock diff`: parse the options, compare, report."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sealock import wiring
from sealock.cli.place_options import REPO

if TYPE_CHECKING:
    from sealock.domain.object_diff import DiffReport

_EPILOG = """\b
Examples:
  sealock diff                                     what is not committed yet
  sealock diff origin/main...HEAD                  what a branch does
  sealock diff v1.4..v1.5 --overlay services/ledger/overlays/production
  sealock diff origin/main...HEAD --format markdown > comment.md
"""


@click.command("diff", epilog=_EPILOG)
@click.argument("revisions", required=False, default="", metavar="[BASE | BASE..HEAD | BASE...HEAD]")
@REPO
@click.option("--overlay", "overlays", multiple=True, metavar="PATH", help="Only this overlay; repeatable.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "html"]),
    default="text",
    show_default=True,
    help="markdown fits a comment on a pull request; html is one page.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything differs, as git diff does.")
@click.option("--no-cache", is_flag=True, help="Render anew, and remember nothing.")
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Show what a change does to the rendered objects, straight from Git, with what is dangerous first.

    Without revisions HEAD is compared with the work tree; with BASE, that. BASE..HEAD compares two
    revisions, BASE...HEAD what HEAD has changed since it left BASE. Nothing is checked out.
    Exit code 3: an overlay does not render on one side, so what changes in it is not known.
    """
    # As in check: almost everything made here lives to the end.
    gc.disable()
    try:
        report = _report(options)
        sys.stdout.buffer.write(_formatted(report, options["form"]))
    finally:
        gc.enable()
    return report.exit_code(differences=int(options["exit_code"]))


def _report(options: dict[str, Any]) -> DiffReport:
    root = wiring.repository_root(options["repo"])
    base = root if options["repo"] else os.path.realpath(".")
    only = tuple(wiring.inside(root, base, each) for each in options["overlays"])
    with wiring.diff(root, options["revisions"], only=only, cached=not options["no_cache"]) as case:
        return case.run()


def _formatted(report: DiffReport, form: str) -> bytes:
    if form == "json":
        from sealock.report.diff_json import document  # noqa: PLC0415 - only one of four is needed

        return document(report)
    if form == "text":
        from sealock.report.diff_text import lines  # noqa: PLC0415 - as above

        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        text = "\n".join(lines(report, colour=colour)) + "\n"
    elif form == "html":
        from sealock.report import diff_html  # noqa: PLC0415 - as above

        text = diff_html.document(report)
    else:
        from sealock.report import diff_markdown  # noqa: PLC0415 - as above

        text = diff_markdown.document(report)
    return text.encode("utf-8", "backslashreplace")
