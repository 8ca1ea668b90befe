"""`sealock exec --each services`: a run for each service, several at once, told as they end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sealock.cli import agent_terms
from sealock.domain.printable import printable
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.app.fan_out import Piece, Settled
    from sealock.app.output_contract import Contract
    from sealock.app.run_agent import AgentRequest
    from sealock.app.run_terms import RunTerms
    from sealock.domain.settings import Settings
    from sealock.wiring.chamber import RunOptions

# ruff: noqa: PLC0415 - `--help` loads none of this

SCHEMA = "sealock.dev/agent-runs-of-services/v1"

_OPTIONS = (
    click.option("--each", type=click.Choice(["services"]), help="A run for each: {service} and {path}."),
    click.option("--shard", default="", metavar="I/N", help="With --each: only the I-th of N parts."),
    click.option(
        "--jobs",
        type=click.IntRange(1, 32),
        default=2,
        show_default=True,
        help="With --each: runs at once.",
    ),
    click.option("--reuse", is_flag=True, help="Take what is done on record for an identical run."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options to a command."""
    for each in reversed(_OPTIONS):
        command = each(command)
    return command


def run_each(
    said: dict[str, Any],
    root: str,
    request: AgentRequest,
    terms: tuple[Contract | None, RunTerms],
    how: tuple[Settings, RunOptions],
) -> int:
    """Run them, print what came of each, and return the exit code: the worst there was."""
    from sealock import wiring
    from sealock.app.fan_out import fan_out, pieces
    from sealock.wiring import chamber

    if said["raw_output"]:
        message = "--raw-output and --each exclude each other"
        raise UsageError(message, hint="The record of each run has it: sealock runs show ID.")
    catalog = wiring.configuration(wiring.files(root)).catalog
    if catalog is None:
        message = "there is no services.yaml, so there are no services"
        raise UsageError(message, hint="Write one, or run without --each.")
    services = [(name, each.path) for name, each in catalog.services.items()]
    runs = chamber.ServiceRuns(root, how[0], how[1], terms[1])
    work = pieces(runs.pinned(request), services, said["shard"])
    if said["dry_run"]:
        return _show(work, said["form"])
    codes, told = [0], []
    for count, each in enumerate(fan_out(work, runs, said["jobs"], reuse=said["reuse"]), 1):
        taken = _take(each, said, root, terms[0])
        codes.append(each.exit_code)
        told.append(_document(each, taken))
        if said["form"] == "jsonl":
            sys.stdout.buffer.write(msgspec.json.encode({"schema": SCHEMA, **told[-1]}) + b"\n")
            sys.stdout.buffer.flush()
        click.echo(f"{count}/{len(work)} {_line(each)}{f', {taken}' if taken else ''}", err=True)
    if said["form"] == "json":
        told.sort(key=lambda one: str(one["service"]))
        sys.stdout.buffer.write(
            msgspec.json.format(msgspec.json.encode({"schema": SCHEMA, "services": told}))
        )
        sys.stdout.buffer.write(b"\n")
    return max(codes)


def _show(work: tuple[Piece, ...], form: str) -> int:
    """Print which runs there would be; start nothing."""
    if form != "text":
        planned = [
            {"service": each.service, "paths": each.request.task.paths, "prompt": each.request.prompt}
            for each in work
        ]
        sys.stdout.buffer.write(msgspec.json.encode({"schema": SCHEMA, "planned": planned}) + b"\n")
        return 0
    for each in work:
        click.echo(f"{each.service}: may change {', '.join(each.request.task.paths)}")
        click.echo(f"    {printable(each.request.prompt, 500)}")
    return 0


def _take(each: Settled, said: dict[str, Any], root: str, contract: Contract | None) -> str:
    """Write the answer and take the patch of a service, where that is asked; return where it went."""
    outcome = each.outcome
    if outcome is None or outcome.manifest.outcome != "done":
        return ""
    if said["output"]:
        folder = Path(said["output"])
        folder.mkdir(parents=True, exist_ok=True)
        agent_terms.write(folder / f"{each.service}.{'json' if contract else 'txt'}", outcome.answer.encode())
    form = said["accept"].replace("{service}", each.service)
    take = agent_terms.accept_of({**said, "accept": form}, root)
    return take(outcome) if take else ""


def _line(each: Settled) -> str:
    if each.outcome is None:
        return f"{each.service}: error: {each.error.message if each.error else 'it did not run'}"
    manifest = each.outcome.manifest
    how = {"reused": f" (on record: {manifest.id})", "shared": " (as another)"}.get(each.how, "")
    reason = f": {manifest.reason}" if manifest.reason else ""
    paths = len(manifest.result.changed) if manifest.result else 0
    return f"{each.service}: {manifest.outcome}{how}{reason}, {paths} paths changed"


def _document(each: Settled, taken: str) -> dict[str, Any]:
    return {
        "service": each.service,
        "how": each.how,
        "exitCode": each.exit_code,
        "error": each.error.message if each.error else "",
        "answer": each.outcome.answer if each.outcome else "",
        "taken": taken,
        "run": msgspec.to_builtins(each.outcome.manifest) if each.outcome else None,
    }
