"""What promote, rollback and hotfix share: options, the question on a terminal, what is printed."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import BRANCH, EVIDENCE, REMOTE, REPO
from sealock.domain.printable import printable
from sealock.errors import UsageError
from sealock.wiring import promotion as wiring
from sealock.wiring import repository_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealock.app.promotion.apply import Applied
    from sealock.app.promotion.request import Request
    from sealock.domain.promotion import Action, PromotionPlan

# ruff: noqa: PLC0415 - `--help` loads none of this

_AGAIN = "Look with --plan, then add --yes."
_INTERRUPTED = "it may have arrived: run the same again, which does nothing twice"
_LARGEST_PLAN = 64 * 1024 * 1024
_NOUNS = {"promote": "promotion", "rollback": "rollback", "hotfix": "hotfix"}
_IN_THE_PLAN: dict[str, tuple[str, object]] = {
    "--from": ("source", ""),
    "--to or --env": ("target", ""),
    "--to": ("to", "-1"),
    "--digest": ("digest", ""),
    "--tag": ("tag", ""),
    "--image": ("images", ()),
    "--all-healthy": ("everything", False),
    "--exclude": ("exclude", ()),
    "--no-gates": ("no_gates", False),
    "--reason": ("reason", ""),
    "--approver": ("approver", ""),
}
"""What only planning asks: options by their names, with the key and what stands for `not given`."""

PLACE_OPTIONS = (
    REPO,
    click.option("--plan", "plan_only", is_flag=True, help="Print the plan, write nothing: the default."),
    click.option(
        "--apply",
        "plan_file",
        is_flag=False,
        flag_value="-",
        default=None,
        metavar="[PLANFILE]",
        help="Plan and apply after a question; with a file, apply exactly that plan.",
    ),
    click.option("--yes", is_flag=True, help="Ask nothing."),
    EVIDENCE,
    REMOTE,
    BRANCH,
    click.option(
        "--deliver",
        type=click.Choice(["push", "pull-request"]),
        help="Push to the branch, or open a pull request. Default: as sealock.yaml says, else push.",
    ),
    click.option("--auto-merge", is_flag=True, help="Have the forge merge the pull request when it can."),
    click.option("--reopen", is_flag=True, help="Open another pull request where one was closed."),
    click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True),
    click.option("--output", "-o", metavar="FILE", help="Write the plan as JSON to a file, too."),
)


def with_options(options: Sequence[Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds click options, in order."""

    def decorate(command: Any) -> Any:  # noqa: ANN401 - click's own
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def run(action: Action, options: dict[str, Any]) -> int:
    """Plan, and apply if asked to; return the exit code."""
    gc.disable()
    try:
        return _run(action, options)
    finally:
        gc.enable()


def _run(action: Action, options: dict[str, Any]) -> int:
    planned = _plan_file(options)
    if options["plan_only"] and options["plan_file"] is not None:
        message = "--plan and --apply exclude each other"
        raise UsageError(message, hint="Drop one of the two.")
    choices = wiring.Choices(
        options["remote"],
        options["branch"],
        tuple(options["evidence"]),
        options["deliver"] or "",
        reopen=options["reopen"],
    )
    with wiring.promotions(repository_root(options["repo"]), choices) as promotions:
        if planned is not None:
            return _apply_file(action, promotions, planned, options)
        request = _request(action, options)
        if options["plan_file"] is None:
            plan = promotions.plan(request)
            _show(plan, options)
            return _exit_code(plan)
        return _apply_new(promotions, request, options)


def _plan_file(options: dict[str, Any]) -> bytes | None:
    """Return the content of the plan file; None where none is named.

    `--apply ledger` means the service: a plan file has a dot or a slash in its name, or is there.
    """
    name = options["plan_file"]
    if name in {None, "-"}:
        return None
    try:
        with Path(name).open("rb") as file:
            content = file.read(_LARGEST_PLAN + 1)
    except OSError as wrong:
        if "." in name or "/" in name:
            message = f"the plan file {name} cannot be read: {os.strerror(wrong.errno or 0)}"
            raise UsageError(message, hint="Write one with --format json > FILE.") from None
    else:
        if len(content) > _LARGEST_PLAN:
            message = f"the plan file {name} is larger than any plan"
            raise UsageError(message, hint="Write one with --format json > FILE.")
        _refuse_choices(name, options)
        return content
    options["services"] = (name, *options["services"])
    options["plan_file"] = "-"
    return None


def _refuse_choices(name: str, options: dict[str, Any]) -> None:
    """Raise UsageError for anything that a plan file says itself."""
    if options["services"]:
        message = "a plan file says which services move"
        raise UsageError(message, hint="Drop SERVICE, or drop the file.")
    for flag, (key, usual) in _IN_THE_PLAN.items():
        if options.get(key, usual) != usual:
            message = f"the plan file {name} is applied as it is, and {flag} would change it"
            raise UsageError(message, hint="Drop the option, or plan anew with it.")


def _request(action: Action, options: dict[str, Any]) -> Request:
    from sealock.app.promotion.request import Request
    from sealock.domain.promotion import Override

    everything = bool(options.get("everything"))
    if not options["services"] and not everything:
        message = "no service is named"
        hint = "Name one or more, or use --all-healthy." if action == "promote" else "Name one or more."
        raise UsageError(message, hint=hint)
    if options["services"] and everything:
        message = "--all-healthy takes every service"
        raise UsageError(message, hint="Drop SERVICE, or use --exclude.")
    if options.get("exclude") and not everything:
        message = "--exclude goes with --all-healthy"
        raise UsageError(message, hint="Leave the service out of the command.")
    return Request(
        action,
        tuple(options["services"]),
        target=options["target"] or "",
        source=options.get("source", ""),
        digest=options.get("digest", ""),
        tag=options.get("tag", ""),
        images=tuple(options["images"]),
        everything=everything,
        exclude=frozenset(options.get("exclude", ())),
        to=options.get("to", "-1"),
        no_gates=bool(options.get("no_gates")),
        override=Override(options["reason"].strip(), options["approver"].strip()),
    )


def _apply_new(promotions: wiring.Promotions, request: Request, options: dict[str, Any]) -> int:
    from sealock.app.promotion.apply import Blocked

    try:
        applied = promotions.apply(
            request, lambda plan: _agreed(plan, options), auto_merge=options["auto_merge"]
        )
    except Blocked as blocked:
        return _blocked(blocked, options)
    except KeyboardInterrupt:
        _say(_INTERRUPTED)
        raise
    return _tell(applied, options)


def _apply_file(
    action: Action, promotions: wiring.Promotions, content: bytes, options: dict[str, Any]
) -> int:
    from sealock.app.promotion.apply import Blocked, read_plan

    plan = read_plan(content, options["plan_file"])
    if plan.action != action:
        message = f"{options['plan_file']} is the plan of a {_NOUNS[plan.action]}"
        raise UsageError(message, hint=f"Apply it with `sealock {plan.action} --apply FILE`.")
    _agreed(plan, options)
    try:
        applied = promotions.apply_plan(plan, auto_merge=options["auto_merge"])
    except Blocked as blocked:
        return _blocked(blocked, options)
    except KeyboardInterrupt:
        _say(_INTERRUPTED)
        raise
    return _tell(applied, options)


def _blocked(blocked: Any, options: dict[str, Any]) -> int:  # noqa: ANN401 - loaded late
    _show(blocked.plan, options)
    _say(f"error: {blocked.message}")
    if blocked.hint:
        _say(f"  {blocked.hint}")
    return _exit_code(blocked.plan)


def _agreed(plan: PromotionPlan, options: dict[str, Any]) -> None:
    """Show the plan, and ask. Raises UsageError without a terminal, click.Abort for no.

    A file for the plan is written first: one that cannot be is found before anything is delivered.
    """
    _write(plan, options)
    if options["yes"]:
        return
    if not sys.stdin.isatty():
        message = "--apply asks before it writes, and here is no terminal"
        raise UsageError(message, hint=_AGAIN)
    for line in _lines(plan):
        _say(line)
    click.confirm("Apply it?", abort=True, err=True)


def _tell(applied: Applied, options: dict[str, Any]) -> int:
    from sealock.domain.promotion_message import subject

    if applied.outcome == "nothing":
        _write(applied.plan, options)
    if options["form"] == "json":
        from sealock.report.promotion_json import applied_document

        sys.stdout.buffer.write(applied_document(applied))
        return 0
    if applied.outcome == "nothing":
        for line in [f"nothing to do: {applied.note}"] if applied.note else _lines(applied.plan):
            click.echo(line)
        return 0
    click.echo(f"{applied.commit[:12]} {subject(applied.plan)}")
    if applied.request_url:
        click.echo(f"  {applied.request_url}")
    else:
        click.echo(f"  on {applied.plan.to}")
    if applied.note:
        _say(applied.note)
    for each in applied.plan.left_out:
        _say(f"left out: {printable(each.service)}: {printable(each.reason, 400)}")
    if applied.plan.sync:
        from sealock.app.promotion.manual_sync import COMMIT

        _say("manual sync required; approve this:")
        for operation in applied.plan.sync:
            click.echo(f"  {operation.replace(COMMIT, applied.commit)}")
    return 0


def _show(plan: PromotionPlan, options: dict[str, Any]) -> None:
    _write(plan, options)
    if options["form"] == "json":
        from sealock.report.promotion_json import document

        sys.stdout.buffer.write(document(plan))
        return
    for line in _lines(plan):
        click.echo(line)


def _write(plan: PromotionPlan, options: dict[str, Any]) -> None:
    if options["output"]:
        from sealock.report.promotion_json import document

        wiring.write_file(options["output"], document(plan))


def _lines(plan: PromotionPlan) -> list[str]:
    from sealock.app.promotion.apply import plan_digest
    from sealock.domain.promotion_message import subject
    from sealock.report.promotion_text import lines

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return list(lines(plan, plan_digest(plan), subject(plan), colour=colour))


def _exit_code(plan: PromotionPlan) -> int:
    if any(each.verdict == "refuse" for each in plan.gates) or plan.findings:
        return 1
    return 3 if plan.blocked else 0


def _say(text: str) -> None:
    click.echo(text, err=True)
