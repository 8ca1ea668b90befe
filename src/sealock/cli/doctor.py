"""`sealock doctor`: examine this machine, and say how to mend it."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from sealock.cli.place_options import REPO
from sealock.wiring import repository_root

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock doctor
  sealock doctor --format json
"""


@click.command("doctor", epilog=_EPILOG)
@REPO
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Look at this machine: versions, whether it can seal a run, and what would leak into an unsealed one.

    The sandbox is tried for real. Exit code 1 where something that sealed runs need is missing, too old or
    broken; 3 where it could not be looked at. Leaks are told, and are no fault: sealed runs keep them out.
    """
    from sealock import wiring
    from sealock.app.doctor import Doctor
    from sealock.chamber.doctor import Machine
    from sealock.report import doctor

    root = repository_root(options["repo"])
    choice = wiring.settings(wiring.files(root)).chamber.codex
    diagnosis = Doctor(Machine(root, choice, dict(os.environ))).examine()
    if options["form"] == "json":
        sys.stdout.buffer.write(doctor.json(diagnosis))
    else:
        click.echo("\n".join(doctor.text(diagnosis)))
    return diagnosis.exit_code
