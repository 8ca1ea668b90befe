"""`sealock explain`: parse the options, look, report."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import REPO
from sealock.wiring import chamber, repository_root

if TYPE_CHECKING:
    from sealock.domain.agent_layers import Explanation

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock explain                             what a sealed run would be, in any Git repository
  sealock explain --task onboard              with the settings of a task
  sealock explain --format json | jq -r .fingerprint

Exit codes: 0 sealed, 1 not sealed, 2 usage or configuration, 3 could not be told.
"""


@click.command("explain", epilog=_EPILOG)
@REPO
@click.option("--task", default="", metavar="NAME", help="A task of sealock.yaml.")
@click.option("--base", "revision", default="HEAD", metavar="REVISION", help="The commit that it works on.",
              show_default=True)  # fmt: skip
@click.option("--backend", type=click.Choice(["bwrap", "container"]), default="bwrap", show_default=True)
@click.option("--unsealed", is_flag=True, help="Explain a run without a sandbox around it.")
@click.option("--no-compare", is_flag=True, help="Do not start Codex with the article's flags too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Show where every setting of an agent's run comes from, and whether the run is sealed.

    The real Codex is started twice, sealed and with the article's flags; its first request is caught here,
    so no model is asked and no key is used. The fingerprint is the hash of what a model would be told.
    """
    asked = chamber.ExplainOptions(
        options["task"],
        options["revision"],
        "none" if options["unsealed"] else options["backend"],
        compare=not options["no_compare"],
    )
    with chamber.explain(repository_root(options["repo"]), asked, os.environ) as case:
        found = case.run()
    _print(found, options["form"])
    return 0 if found.verdict == "sealed" else 1


def _print(found: Explanation, form: str) -> None:
    if form == "json":
        from sealock.report.explain_json import document

        sys.stdout.buffer.write(document(found))
        return
    from sealock.report.explain_text import lines

    text = "\n".join([*lines(found), ""])
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
