"""`sealock render`: parse the options, render, print or write."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sealock import wiring
from sealock.app.render import RenderOverlays, Tally, is_undecided, output_name
from sealock.domain.location import Location
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.rendered import Rendered, RenderFailure

_SCHEMA = 1
_PROGRESS_AFTER_SECONDS = 1.0
_PROGRESS_EVERY_SECONDS = 0.1
_EPILOG = """\b
Examples:
  sealock render services/ledger/overlays/dev      what kustomize build prints
  sealock render --all --out rendered              one file for each overlay
  sealock render --all --format json               one line of JSON for each overlay
"""


@click.command("render", epilog=_EPILOG)
@click.argument("overlays", nargs=-1, metavar="[OVERLAY]...")
@click.option("--all", "everything", is_flag=True, help="Every overlay of the repository.")
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False),
    help="The repository; without it, the one around the current folder.",
)
@click.option("--out", type=click.Path(file_okay=False), help="Write one file for each overlay here.")
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@click.option("--no-cache", is_flag=True, help="Render anew and remember nothing.")
@click.option("--quiet", is_flag=True, help="Print no progress and no summary.")
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Print what Kustomize makes of an overlay, byte for byte.

    An OVERLAY is a folder with a kustomization: relative to --repo if that is given, else to the current
    folder. With --out, a/overlays/dev goes to a__overlays__dev.yaml; files that would not change are left
    alone, and so is the file of an overlay that fails.
    Exit code 1: an overlay does not build; 3: one could not be tried.
    """
    _refuse_contradictions(options)
    root = wiring.repository_root(options["repo"])
    base = root if options["repo"] else os.path.realpath(".")
    files = wiring.files(root)
    tally = Tally()
    with wiring.engines() as pool:
        renderer = wiring.renderer(pool, files, cached=not options["no_cache"], many=options["everything"])
        case = RenderOverlays(renderer, files)
        if options["everything"]:
            overlays = case.every_overlay()
        else:
            overlays = tuple(_folder(root, base, each) for each in options["overlays"])
        want = "objects" if options["form"] == "json" else "yaml"
        watched = _watched(case.render(overlays, want, tally), len(overlays), quiet=options["quiet"])
        written = _deliver(watched, options)
    if not options["quiet"] and (options["everything"] or len(overlays) > 1):
        _summarize(tally, written)
    return tally.exit_code


def _refuse_contradictions(options: dict[str, Any]) -> None:
    named = options["overlays"]
    if options["everything"] == bool(named):
        hint = "Write `sealock render OVERLAY`, or `sealock render --all --out DIR`."
        message = "--all and OVERLAY exclude each other" if named else "name an OVERLAY, or say --all"
        raise UsageError(message, hint=hint)
    if options["form"] == "json" and options["out"]:
        message = "--out writes YAML; --format json goes to standard output"
        raise UsageError(message, hint="Drop one of the two.")
    if options["form"] == "yaml" and not options["out"] and len(named) != 1:
        message = "more than one overlay needs --out DIR or --format json"
        raise UsageError(message, hint="For example: sealock render --all --out rendered")


def _folder(root: str, base: str, overlay: str) -> str:
    """Return an overlay's folder relative to the repository; its kustomization stands for it."""
    named = Path(base, overlay)
    if named.name in KUSTOMIZATION_NAMES and named.is_file():
        overlay = str(Path(overlay).parent)
    return wiring.inside(root, base, overlay)


def _deliver(renders: Iterable[Rendered], options: dict[str, Any]) -> int:
    """Print or write every render; return how many files changed."""
    out = None
    if options["out"]:
        from sealock.adapters.output_folder import OutputFolder  # noqa: PLC0415 - only with --out

        out = OutputFolder(options["out"])
    stdout = sys.stdout.buffer
    written = 0
    for rendered in renders:
        if options["form"] == "json":
            stdout.write(_line(rendered))
            stdout.flush()
        elif rendered.failure is None and out:
            written += out.write(output_name(rendered.overlay), rendered.yaml or "")
        elif rendered.failure is None:
            stdout.write((rendered.yaml or "").encode())
        if rendered.failure:
            _complain(rendered.overlay, rendered.failure)
    stdout.flush()
    return written


def _line(rendered: Rendered) -> bytes:
    body: dict[str, Any] = {"schema": _SCHEMA, "overlay": rendered.overlay}
    if rendered.failure:
        body["error"] = rendered.failure
    else:
        body["objects"] = [{"manifest": each.manifest, "origin": each.origin} for each in rendered.objects]
    return msgspec.json.encode(body) + b"\n"


def _complain(overlay: str, failure: RenderFailure) -> None:
    overlay = overlay.encode("utf-8", "backslashreplace").decode()
    place = Location(failure.file or overlay, failure.line, failure.column)
    what = f"{overlay} is undecided: " if is_undecided(failure) else ""
    click.echo(f"{place}: error: {what}{failure.message}", err=True)
    if failure.hint:
        click.echo(f"  {failure.hint}", err=True)


def _summarize(tally: Tally, written: int) -> None:
    parts = [f"{tally.rendered} rendered", f"{written} written"]
    if tally.failed:
        parts.append(f"{tally.failed} failed")
    if tally.undecided:
        parts.append(f"{tally.undecided} undecided")
    click.echo(f"overlays: {', '.join(parts)}", err=True)


def _watched(renders: Iterable[Rendered], total: int, *, quiet: bool) -> Iterator[Rendered]:
    """Pass renders on; on a terminal, after a second, show how far they are."""
    if quiet or not sys.stderr.isatty():
        yield from renders
        return
    start = time.monotonic()
    shown = start + _PROGRESS_AFTER_SECONDS - _PROGRESS_EVERY_SECONDS
    drawn = False
    for number, rendered in enumerate(renders, 1):
        now = time.monotonic()
        if now >= shown + _PROGRESS_EVERY_SECONDS:
            rate = number / (now - start)
            click.echo(
                f"\r\x1b[K{number}/{total} overlays, {rate:.0f}/s: {rendered.overlay}", nl=False, err=True
            )
            shown, drawn = now, True
        if drawn and (rendered.failure or number == total):
            click.echo("\r\x1b[K", nl=False, err=True)
        yield rendered
