"""The options that say where to work: the repository, its deployed branch, and where evidence is."""

from __future__ import annotations

import click

REPO = click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False),
    help="The repository; without it, the one around the current folder.",
)
REMOTE = click.option(
    "--remote", default="", metavar="NAME", help="Default: as sealock.yaml says, else origin."
)
BRANCH = click.option(
    "--branch", default="", metavar="NAME", help="Default: as sealock.yaml says, else its HEAD."
)
EVIDENCE = click.option(
    "--evidence", multiple=True, metavar="PATH", help="Also read evidence here; repeatable."
)
