"""`sealock lock`: parse the options, look, write or compare."""

from __future__ import annotations

import os
from typing import Any

import click

from sealock.cli.place_options import REPO
from sealock.wiring import chamber, repository_root

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock lock                write agent.lock for every task of sealock.yaml; commit it
  sealock lock --check        in CI: has anything that shapes a run changed?

Exit codes: 0 as locked, 1 something changed, 2 usage or configuration, 3 could not be told.
"""


@click.command("lock", epilog=_EPILOG)
@REPO
@click.option("--check", is_flag=True, help="Write nothing; say what is not as it was locked.")
@click.option("--base", "revision", default="HEAD", metavar="REVISION", show_default=True,
              help="The commit whose instructions, skills and hooks count.")  # fmt: skip
@click.option("--backend", type=click.Choice(["bwrap", "container"]), default="bwrap", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Write agent.lock: everything that shapes the agent's runs, one line for each input.

    The program, model, effort, prompt, schema, settings, files of the commit that Codex looks for, and the
    hash of the first request, for which the real Codex is started once for each task. No model is asked.
    """
    asked = chamber.LockOptions(options["revision"], options["backend"])
    with chamber.lock(repository_root(options["repo"]), asked, os.environ) as case:
        found = case.check() if options["check"] else case.write()
    from sealock.domain.agent_lock import FILE, in_words

    if options["form"] == "json":
        import msgspec

        document = {"schema": 1, "changes": msgspec.to_builtins(found)}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        for each in found:
            click.echo(in_words(each))
        click.echo(_summary(len(found), FILE, check=options["check"]), err=True)
    return 1 if options["check"] and found else 0


def _summary(count: int, file: str, *, check: bool) -> str:
    if not check:
        return f"{file} is written" if count else f"{file} is as it was"
    if not count:
        return f"everything is as {file} says"
    return f"{count} inputs are not as {file} says; when that is wanted, run: sealock lock"
