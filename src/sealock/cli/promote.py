"""`sealock promote`: parse the options, plan, show, apply."""

from __future__ import annotations

from typing import Any

import click

from sealock.cli.promotion import PLACE_OPTIONS, run, with_options
from sealock.errors import UsageError

_EPILOG = """\b
Examples:
  sealock promote ledger --from dev --to staging              the plan, nothing written
  sealock promote ledger --to production --apply              plan, ask, commit and push
  sealock promote ledger --to staging --format json > plan.json
  sealock promote --apply plan.json                           exactly that plan, or exit 4
  sealock promote --all-healthy --to staging --exclude search --apply --yes
"""


@click.command("promote", epilog=_EPILOG)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--from", "source", default="", metavar="ENV", help="Where the images come from.")
@click.option("--to", "target", default="", metavar="ENV", help="Where they go.")
@click.option("--digest", default="", metavar="sha256:…", help="Not what --from runs, but this.")
@click.option("--tag", default="", metavar="TAG", help="What the registry has under this tag.")
@click.option("--image", "images", multiple=True, metavar="NAME", help="Only this image; repeatable.")
@click.option("--all-healthy", "everything", is_flag=True, help="Each service that can go; leave the others.")
@click.option("--exclude", multiple=True, metavar="SERVICE", help="With --all-healthy: not this one.")
@click.option("--no-gates", is_flag=True, help="Go past the gates; needs --reason, and is recorded.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the commit message.")
@click.option("--approver", default="", metavar="WHO", help="Who stands for going past gates.")
@with_options(PLACE_OPTIONS)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Move the images of SERVICEs from one environment to the next, as one commit.

    Without --digest or --tag it is exactly what the source environment runs in Git. Prints the plan unless
    --apply is given. Exit code 1: a gate refuses; 3: a gate or the check could not decide; 4: the world
    moved since the plan was made.
    """
    if options["no_gates"] and not options["reason"].strip():
        message = "--no-gates needs --reason TEXT"
        raise UsageError(message, hint="Say why, for those who read the history.")
    return run("promote", options)
