"""The root command: options that hold everywhere, lazy subcommands, errors to exit codes."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sealock import __version__
from sealock.errors import ConfigurationError, SealockError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "approve": ("sealock.cli.approve", "Approve what is to move, with your Git signature."),
    "check": ("sealock.cli.check", "Check overlays, Applications and policy; exit 1 on findings."),
    "diff": ("sealock.cli.diff", "Show what a change does to the rendered objects, dangers first."),
    "doctor": ("sealock.cli.doctor", "Look at this machine: versions, sandbox, leaks, and how to mend them."),
    "exec": ("sealock.cli.exec", "Run the Codex agent once, sealed, metered and recorded."),
    "explain": ("sealock.cli.explain", "Show where an agent run's settings come from, and if it is sealed."),
    "generate": ("sealock.cli.generate", "Write Applications, bases and overlays from services.yaml."),
    "history": ("sealock.cli.history", "Show who moved which image of a service, when and why."),
    "import": ("sealock.cli.import_", "Write Applications that come from elsewhere, after checking them."),
    "hotfix": ("sealock.cli.hotfix", "Put an image directly into production, and record the debt."),
    "lock": ("sealock.cli.lock", "Pin everything that shapes an agent's runs; --check says what changed."),
    "promote": ("sealock.cli.promote", "Move images from one environment to the next, behind gates."),
    "release": ("sealock.cli.release", "Tag what reached production."),
    "render": ("sealock.cli.render", "Print what Kustomize makes of an overlay."),
    "replay": ("sealock.cli.replay", "Do recorded agent runs again, without key or network."),
    "rollback": ("sealock.cli.rollback", "Go back to an image that ran there before."),
    "runs": ("sealock.cli.runs", "List, show, export and throw away records of agent runs."),
    "status": ("sealock.cli.status", "Show what runs where, and what stands in the way of the next step."),
    "usage": ("sealock.cli.usage", "Show what agent runs have spent, and what budgets have left."),
    "schema": ("sealock.cli.schema", "Print the JSON Schema of services.yaml or sealock.yaml."),
}
_UNWRITABLE = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT})


class _LazyGroup(click.Group):
    """Imports a subcommand's module only when it runs, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

            close = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            message = f"there is no command {args[0]!r}.{hint}"
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in sorted(_COMMANDS.items())])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sealock")
def root() -> None:
    """Keep an Argo CD and Kustomize repository correct, and move it forward."""


def _print(error: SealockError) -> None:
    place = f"{error.where}: " if error.where else ""
    click.echo(f"{place}error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def _unwritable(wrong: OSError) -> int:
    """Tell that standard output takes no more; what was done before is done."""
    click.echo(f"error: the output cannot be written: {os.strerror(wrong.errno or 0)}", err=True)
    # Else Python tries once more as it exits, and complains.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 3


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; `None` takes the process's own arguments."""
    try:
        outcome: Any = root.main(
            args=None if argv is None else list(argv), prog_name="sealock", standalone_mode=False
        )
    except SealockError as error:
        problems = error.problems if isinstance(error, ConfigurationError) else ()
        for each in problems or (error,):
            _print(each)
        if problems:
            _print(error)
        return error.exit_code
    except OSError as wrong:
        if wrong.filename is not None or wrong.errno not in _UNWRITABLE:
            raise
        return _unwritable(wrong)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        click.echo("interrupted; nothing more was done", err=True)
        return 130
    except click.ClickException as wrong:
        wrong.show()
        return 2
    return outcome if type(outcome) is int else 0


def main() -> None:
    """Run and exit: what the `sealock` program calls."""
    # What is loaded now stays: to look through it for rubbish is in vain.
    gc.set_threshold(20_000)
    code = run()
    # Python would look through all that was loaded for rubbish, just before it throws it away.
    gc.freeze()
    sys.exit(code)
