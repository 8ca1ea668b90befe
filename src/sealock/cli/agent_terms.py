"""Options of `sealock exec` that say what a run's answer and patch must be, and where they go."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.app.output_contract import Contract
    from sealock.app.run_agent import RunOutcome
    from sealock.app.run_terms import RunTerms
    from sealock.domain.agent_run import BackendName
    from sealock.domain.settings import AgentTask, Settings

# ruff: noqa: PLC0415 - `--help` loads none of this

_OPTIONS = (
    click.option("--schema", default="", metavar="FILE", help="The JSON Schema that the answer must fit."),
    click.option("--strict-fix", is_flag=True, help="Send a schema that the provider's strict mode takes."),
    click.option(
        "--repairs",
        type=click.IntRange(0, 10),
        default=2,
        show_default=True,
        help="How often an answer that does not fit is asked for again.",
    ),
    click.option(
        "--raw-output", default="", metavar="FILE", help="Write the last message there, fit or unfit."
    ),
    click.option("--test", default="", metavar="CMD", help="Take the patch only if this passes, outside."),
    click.option(
        "--test-retries",
        type=click.IntRange(0, 10),
        default=0,
        show_default=True,
        help="How often tests that fail run again.",
    ),
    click.option(
        "--on-flaky",
        type=click.Choice(["refuse", "accept"]),
        default="refuse",
        show_default=True,
        help="What a pass after a fail means.",
    ),
    click.option(
        "--test-seconds",
        type=click.FloatRange(min=0.1),
        default=900.0,
        show_default=True,
        help="The tests' deadline.",
    ),
    click.option(
        "--test-reads",
        multiple=True,
        metavar="DIR",
        help="A folder that tests may read, such as a toolchain.",
    ),
    click.option(
        "--as",
        "accept",
        default="",
        metavar="FORM",
        help="Take the patch as: commit, branch=NAME, patch=FILE.",
    ),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options to a command."""
    for each in reversed(_OPTIONS):
        command = each(command)
    return command


def schema_of(said: dict[str, Any], task: AgentTask, root: str) -> Contract | None:
    """Return the contract of the answer; None where no schema is asked for.

    Says on standard error what `--strict-fix` changes. Raises UsageError, ConfigurationError.
    """
    path = said["schema"] or (str(Path(root, task.schema)) if task.schema else "")
    if not path:
        if said["strict_fix"]:
            message = "--strict-fix needs a schema"
            raise UsageError(message, hint="Name one: --schema FILE, or `schema` of the task.")
        return None
    from sealock.app.output_contract import Contract
    from sealock.chamber.answer_schema import FileSchema
    from sealock.domain.strict_schema import pointer

    schema = FileSchema(path, said["schema"] or task.schema)
    contract = Contract(schema)
    faults = contract.strict.faults
    if contract.strict.unmendable or (faults and not said["strict_fix"]):
        raise schema.refusal(faults, fixable=not contract.strict.unmendable)
    for each in faults:
        click.echo(f"{schema.where(each.path)}: {pointer(each.path)}: {each.change}", err=True)
    return contract


def terms_of(
    said: dict[str, Any],
    contract: Contract | None,
    root: str,
    settings: Settings,
    backend: BackendName,
) -> RunTerms:
    """Return the terms of a run. Raises UsageError."""
    from sealock.app.run_terms import RunTerms, Tests
    from sealock.wiring.chamber import bench

    if not said["test"]:
        return RunTerms(contract, said["repairs"])
    tests = Tests(said["test"], said["test_retries"], said["on_flaky"])
    trial = bench(root, settings, backend, said["test_seconds"], said["test_reads"])
    return RunTerms(contract, said["repairs"], tests, trial)


def accept_of(said: dict[str, Any], root: str) -> Callable[[RunOutcome], str] | None:
    """Return what takes a patch, and says in a line how; looked at before the run begins.

    Raises UsageError, Conflict for a branch that is there.
    """
    form, _, name = said["accept"].partition("=")
    if not form:
        return None
    if form not in {"commit", "branch", "patch"} or bool(name) != (form != "commit"):
        message = f"--as {said['accept']} is no way to take a patch"
        raise UsageError(message, hint="Write --as commit, --as branch=NAME or --as patch=FILE.")
    if form == "patch":
        return lambda outcome: _patch_file(outcome, Path(name))
    from sealock.chamber.accept import Acceptance

    acceptance = Acceptance(root, name)
    return lambda outcome: acceptance.take(outcome.manifest)


def _patch_file(outcome: RunOutcome, path: Path) -> str:
    write(path, outcome.patch)
    return f"patch {path}"


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises UsageError."""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False) as scratch:
            scratch.write(content)
        Path(scratch.name).chmod(0o644)
        Path(scratch.name).replace(path)
    except OSError as wrong:
        message = f"{path} cannot be written: {os.strerror(wrong.errno or 0)}"
        raise UsageError(message, hint="Name a file in a folder that is there.") from None
