"""`sealock hotfix`: parse the options, plan, show, apply."""

from __future__ import annotations

from typing import Any

import click

from sealock.cli.promotion import PLACE_OPTIONS, run, with_options
from sealock.errors import UsageError

_EPILOG = """\b
Examples:
  sealock hotfix ledger --digest sha256:… --reason "CVE-2026-1234" --approver ada@acme.dev
  sealock hotfix ledger --tag 2.7.2 --reason "CVE-2026-1234" --approver ada@acme.dev --apply
"""


@click.command("hotfix", epilog=_EPILOG)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--env", "target", default="", metavar="ENV", help="Default: the production environment.")
@click.option("--digest", default="", metavar="sha256:…", help="What to run there.")
@click.option("--tag", default="", metavar="TAG", help="What the registry has under this tag.")
@click.option("--image", "images", multiple=True, metavar="NAME", help="Only this image; repeatable.")
@click.option("--reason", default="", metavar="TEXT", help="Why; required.")
@click.option("--approver", default="", metavar="WHO", help="Who approved it, not you; required.")
@with_options(PLACE_OPTIONS)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Put images directly into production, past the order and the gates.

    It records a debt: `status` and `check` show it until the same digest, or a newer one, has gone the
    normal way.
    """
    if not options["plan_file"]:
        for name, form in (("reason", "TEXT"), ("approver", "WHO")):
            if not options[name].strip():
                message = f"a hotfix needs --{name} {form}"
                raise UsageError(message, hint="Both are recorded in the commit.")
        if not (options["digest"] or options["tag"]):
            message = "a hotfix needs --digest or --tag"
            raise UsageError(message, hint="Name the image that mends it: --digest sha256:….")
    return run("hotfix", options)
