"""`sealock rollback`: parse the options, plan, show, apply."""

from __future__ import annotations

from typing import Any

import click

from sealock.cli.promotion import PLACE_OPTIONS, run, with_options
from sealock.errors import UsageError

_EPILOG = """\b
Examples:
  sealock rollback ledger --env production --reason "5xx since 14:00"             the plan
  sealock rollback ledger --env production --reason "5xx since 14:00" --apply     to what ran before
  sealock rollback ledger --env production --to 2.6.0 --reason "…" --apply
"""


@click.command("rollback", epilog=_EPILOG)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--env", "target", default="", metavar="ENV", help="Where to go back.")
@click.option(
    "--to",
    default="-1",
    show_default=True,
    metavar="RELEASE",
    help="A release or digest that ran there, or how many steps back.",
)
@click.option("--image", "images", multiple=True, metavar="NAME", help="Only this image; repeatable.")
@click.option("--no-gates", is_flag=True, help="Go past the gates of rollbacks; it is recorded.")
@click.option("--reason", default="", metavar="TEXT", help="Why; required.")
@click.option("--approver", default="", metavar="WHO", help="Who stands for going past gates.")
@with_options(PLACE_OPTIONS)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Go back to images that ran in an environment before, as Git's history tells.

    The gates are those that sealock.yaml has under `rollback` of the environment.
    """
    if not options["plan_file"] and not options["reason"].strip():
        message = "a rollback needs --reason TEXT"
        raise UsageError(message, hint="Say why, for those who read the history.")
    return run("rollback", options)
