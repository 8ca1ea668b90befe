"""`sealock replay`: parse the options, do runs again, print what differs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sealock.cli.place_options import REPO
from sealock.errors import Undecided, UsageError
from sealock.wiring import repository_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.replay import Replay

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock replay last
  sealock replay 20261121T174132123Z-3fa9c1 --level transport
  sealock replay run.tar                 a file of sealock runs export
  sealock replay --all --shard 2/4       the second quarter of all records, in CI

Exit codes: 0 the same, 1 something differs, 2 usage or configuration, 3 could not be done again.
"""


@click.command("replay", epilog=_EPILOG)
@click.argument("run", required=False)
@click.option("--all", "every", is_flag=True, help="Every record of the repository.")
@click.option("--shard", default="", metavar="I/N", help="With --all: only the I-th of N parts.")
@click.option(
    "--level",
    type=click.Choice(["transport", "behaviour", "tree"]),
    default="tree",
    show_default=True,
    help="Compare the requests; also outcome and answer; also the resulting tree.",
)
@click.option("--unsealed", is_flag=True, help="Also do runs again that had no sandbox; trust their records.")
@click.option("--allow-untested", is_flag=True, help="Take a version of Codex that was never tested.")
@click.option(
    "--other-image",
    is_flag=True,
    help="Where the image that a run was recorded in is not here, take the one that is.",
)
@REPO
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Do RUN again with the real agent and the recorded model: no key, no network.

    Every request must be the recorded one, word for word after normalisation; the first that differs ends
    it and is shown. No model is ever asked, so this does not tell what it would answer today.
    """
    from sealock.report import replays

    if bool(options["run"]) == options["every"]:
        message = "name one run, or give --all"
        raise UsageError(message, hint="sealock runs lists them; `last` is the newest.")
    if options["shard"] and not options["every"]:
        message = "--shard needs --all"
        raise UsageError(message, hint="A single run has no parts.")
    found = []
    for each in _replays(options):
        found.append(each)
        if options["form"] == "text":
            click.echo("\n".join(replays.lines(each)))
    if options["form"] == "json":
        sys.stdout.buffer.write(replays.document(found))
    if any(each.undecided for each in found):
        return 3
    return 0 if all(each.same for each in found) else 1


def _replays(options: dict[str, Any]) -> Iterator[Replay]:
    from sealock.app.replay import replay, replay_all, shard
    from sealock.wiring import chamber

    root = repository_root(options["repo"])
    other_image = options["other_image"]
    again = chamber.replayer(root, allow_untested=options["allow_untested"], other_image=other_image)
    allowed = {"unsealed": options["unsealed"], "other_image": other_image}
    if not options["every"]:
        found = chamber.recording(root, options["run"])
        yield replay(found, again, options["level"], **allowed)
        return
    runs = chamber.records(root).ids()
    if not runs:
        message = "there is no record to replay"
        raise Undecided(message, hint="sealock exec makes them; commit .sealock/runs to have them in CI.")
    chosen = shard(runs, options["shard"])
    recordings = chamber.opened(root, chosen)
    yield from replay_all(recordings, again, options["level"], **allowed)
