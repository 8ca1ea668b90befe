"""`sealock approve`: parse the options, show what is signed, ask, sign and publish."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import BRANCH, REMOTE, REPO
from sealock.errors import Refused, UsageError
from sealock.wiring import approval as wiring
from sealock.wiring import repository_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealock.app.approve import Approved, Asked
    from sealock.domain.approval import Statement
    from sealock.domain.promotion import Car, PromotionPlan

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock approve ledger --env production
  sealock approve ledger --env production --digest sha256:… --expires 7d
  sealock approve --plan plan.json
"""
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdw])", re.ASCII)


@click.command("approve", epilog=_EPILOG)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--env", "environment", default="", metavar="ENV", help="The environment it may enter.")
@click.option("--digest", "digests", multiple=True, metavar="sha256:…", help="Exactly this; repeatable.")
@click.option("--plan", "plan", metavar="FILE", help="All that a plan moves, as `promote --output` wrote it.")
@click.option("--from", "source", default="", metavar="ENV", help="Where the images come from.")
@click.option(
    "--expires", default="", metavar="TIME", help="Counts only so long: 90m, 12h, 7d. Default: always."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@REPO
@REMOTE
@BRANCH
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Approve what is to move into an environment, with your Git signature.

    Without --digest it is what the environment before runs now. The signed approval is a Git note, pushed
    to refs/notes/sealock/approvals; it counts for these digests and no others.
    """
    expires = _seconds(options["expires"])
    plan = _plan(options["plan"]) if options["plan"] else None
    if plan is not None and (options["digests"] or options["environment"]):
        message = "a plan says what moves and where"
        raise UsageError(message, hint="Drop --digest and --env, or drop --plan.")
    if plan is None and not options["services"]:
        message = "no service is named"
        raise UsageError(message, hint="Name one or more, or a plan with --plan FILE.")
    environment = plan.environment if plan else options["environment"]
    if not environment:
        message = "--env is missing"
        raise UsageError(message, hint="Name the environment that may be entered: --env production.")
    root = repository_root(options["repo"])
    with wiring.approvals(root, options["remote"], options["branch"]) as approving:
        asked = _asked(
            options, plan, lambda: approving.moving(options["services"], options["source"], environment)
        )
        statements = approving.use.statements(asked, environment, approving.author, expires)
        _agree(statements, yes=options["yes"])
        _report(approving.use.publish(statements), options["form"])
    return 0


def _asked(
    options: dict[str, Any], plan: PromotionPlan | None, moving: Callable[[], Sequence[Car]]
) -> Sequence[Asked]:
    from sealock.app.approve import Asked

    services = tuple(dict.fromkeys(options["services"]))
    if plan is None and options["digests"]:
        return [Asked(each, options["digests"]) for each in services]
    cars = plan.cars if plan else moving()
    if plan and (strangers := sorted(set(services) - {each.service for each in cars})):
        message = f"the plan does not move {', '.join(strangers)}"
        raise UsageError(message, hint="Name services of the plan, or none for all of them.")
    return [Asked(each.service, each.digests) for each in cars if not services or each.service in services]


def _seconds(text: str) -> int:
    if not text:
        return 0
    found = _DURATION.fullmatch(text)
    if found is None:
        message = f"{text!r} is no time"
        raise UsageError(message, hint="Write a number and a unit: 90m, 12h, 7d, 2w.")
    return int(found[1]) * _UNITS[found[2]]


def _plan(path: str) -> PromotionPlan:
    from sealock.app.promotion.apply import read_plan

    try:
        content = Path(path).read_bytes()
    except OSError as wrong:
        message = f"the plan file {path} cannot be read: {os.strerror(wrong.errno or 0)}"
        raise UsageError(message, hint="Write one: sealock promote … --output plan.json.") from None
    return read_plan(content, path)


def _agree(statements: Sequence[Statement], *, yes: bool) -> None:
    for each in statements:
        until = f" until {each.expires}" if each.expires else ""
        click.echo(f"{each.who} approves {each.service} for {each.environment}{until}:", err=True)
        for digest in each.digests:
            click.echo(f"  {digest}", err=True)
    if yes or not sys.stdin.isatty():
        return
    if not click.confirm("Sign and publish this?", err=True):
        message = "nothing was signed"
        raise Refused(message)


def _report(approved: Sequence[Approved], form: str) -> None:
    if form == "json":
        import msgspec

        document = {
            "schema": "sealock.dev/approved/v1",
            "approvals": [{"new": each.new, "statement": each.statement} for each in approved],
        }
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        return
    for each in approved:
        state = "approved" if each.new else "was approved already"
        click.echo(f"{each.statement.service} {state} for {each.statement.environment}")
