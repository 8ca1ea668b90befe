"""`sealock release`: tag what reached production."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import BRANCH, REMOTE, REPO
from sealock.wiring import release as wiring
from sealock.wiring import repository_root

if TYPE_CHECKING:
    from sealock.app.release_tag import Release

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock release tag ledger --plan
  sealock release tag ledger --push
  sealock release tag ledger --version 2.0.0 --push
"""
_STATES = {
    "new": "would be made",
    "not pushed": "is in this clone alone: push it with --push",
    "there": "is there already",
}


@click.group("release")
def command() -> None:
    """Tag what reached production."""


@command.command("tag", epilog=_EPILOG)
@click.argument("service")
@REPO
@click.option("--env", "environment", default="", metavar="ENV", help="Default: the production environment.")
@click.option("--version", "version", default="", metavar="X.Y.Z", help="Default: as the commits ask for.")
@click.option("--push", is_flag=True, help="Give it to the remote, if that has no such tag.")
@click.option("--plan", "plan_only", is_flag=True, help="Print what would be tagged, write nothing.")
@REMOTE
@BRANCH
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def tag(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Tag the commit that brought what SERVICE runs in production.

    The version follows from conventional commits in the service's folder since its last tag: `feat` is a
    minor step, `!` or BREAKING CHANGE a major one, anything else a patch. A tag that is there is never moved.
    """
    from sealock.app.release_tag import ReleaseQuestion

    question = ReleaseQuestion(
        options["service"], options["environment"], options["version"], push=options["push"]
    )
    root = repository_root(options["repo"])
    with wiring.releases(root, (options["remote"], options["branch"]), question) as releases:
        planned = releases.plan()
        done = planned if options["plan_only"] else releases.apply(planned)
    made = planned.state == "new" and not options["plan_only"]
    pushed = options["push"] and planned.state != "there" and not options["plan_only"]
    if options["form"] == "json":
        _print_json(done, made=made, pushed=pushed)
    else:
        _print(done, " and ".join(_deeds(made=made, pushed=pushed)) or _STATES[planned.state])
    return 0


def _deeds(*, made: bool, pushed: bool) -> list[str]:
    return ["made"] * made + ["pushed"] * pushed


def _print(release: Release, word: str) -> None:
    click.echo(f"{release.name} {word}")
    click.echo(f"  {release.commit[:12]} {release.subject}")
    for image in release.images:
        click.echo(f"  {image}")
    if release.because:
        click.echo(f"  {release.because}")


def _print_json(release: Release, *, made: bool, pushed: bool) -> None:
    import msgspec

    document = {"schema": "sealock.dev/release/v1", **release._asdict(), "made": made, "pushed": pushed}
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
