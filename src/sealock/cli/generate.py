"""`sealock generate`: parse the options, plan, write or print."""

from __future__ import annotations

import gc
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealock import __version__, wiring
from sealock.adapters.unchanged_record import UnchangedRecord, default_folder
from sealock.cli.place_options import REPO
from sealock.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from sealock.app.generate import Choices
    from sealock.config.repository import Configuration
    from sealock.domain.plan import Plan

_STATE_FOLDERS = (".sealock", ".sealock/generated", ".sealock/generated/projects")
_EPILOG = """\b
Examples:
  sealock generate                        write what services.yaml asks for
  sealock generate --plan                 print the diff, write nothing
  sealock generate --check                exit 1 if anything would change
  sealock generate --explain payment-service
"""


@click.command("generate", epilog=_EPILOG)
@REPO
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only this service; repeatable.")
@click.option(
    "--env", "environments", multiple=True, metavar="NAME", help="Only this environment; repeatable."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if anything would change.")
@click.option("--plan", "plan_only", is_flag=True, help="Write nothing; print the unified diff.")
@click.option("--diff", "show_diff", is_flag=True, help="Print the unified diff of what is written.")
@click.option("--prune", is_flag=True, help="Delete the files of services that left the catalog.")
@click.option("--force", is_flag=True, help="With --prune: also delete files edited by hand.")
@click.option("--recreate", is_flag=True, help="Write files again that were deleted by hand.")
@click.option(
    "--adopt", is_flag=True, help="Keep files that exist and were not generated; merge from now on."
)
@click.option("--keep", multiple=True, metavar="PATH", help="In a conflict, the file on disk wins.")
@click.option("--replace", multiple=True, metavar="PATH", help="In a conflict, the generated file wins.")
@click.option("--explain", metavar="SERVICE", help="Print where each value of a service comes from.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--quiet", is_flag=True, help="Print no summary.")
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Write Applications, bases and overlays from services.yaml.

    Hand edits survive: each file is merged with what was generated last time. Where both sides changed
    the same value the file is left alone, both values are printed, and the exit code is 1.
    """
    root = wiring.repository_root(options["repo"])
    record, key = UnchangedRecord(root, default_folder()), _key(root)
    if _is_plain(options) and record.holds(key):
        _say(options, "nothing to change\n")
        return 0
    # Almost everything made here lives to the end: looking for garbage among it costs a tenth of the time.
    gc.disable()
    try:
        return _run(options, root, record, key)
    finally:
        gc.enable()


def _is_plain(options: dict[str, Any]) -> bool:
    """Say whether the run is the usual one, over everything: the one that is remembered."""
    narrowing = (
        "services",
        "environments",
        "prune",
        "force",
        "recreate",
        "adopt",
        "keep",
        "replace",
        "explain",
    )
    return options["form"] == "text" and not any(options[name] for name in narrowing)


def _key(root: str) -> bytes:
    """Return a digest of everything that shapes the output: this generator and both configuration files."""
    package = Path(__file__).parent.parent
    sources = [*sorted((package / "app" / "manifests").glob("*.py")), package / "app" / "generate.py"]
    sources += [*sorted((package / "config").glob("*.py")), *sorted((package / "domain").glob("*.py"))]
    digest = hashlib.sha256(__version__.encode())
    for source in sources:
        found = source.stat()
        digest.update(f"{source.name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    for name in ("services.yaml", "sealock.yaml", "services.yml", "sealock.yml"):
        file = Path(root, name)
        content = file.read_bytes() if file.is_file() else b"absent"
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.digest()


def _run(options: dict[str, Any], root: str, record: UnchangedRecord, key: bytes) -> int:
    from sealock.app.generate import contract, plan  # noqa: PLC0415 - not needed when nothing changed
    from sealock.app.manifests.conventions import Conventions  # noqa: PLC0415

    tree = wiring.work_tree(root)
    writes = not (options["check"] or options["plan_only"] or options["explain"])
    if writes:
        tree.recover()
    configuration = wiring.configuration(tree)
    if configuration.catalog is None:
        message = "there is no services.yaml"
        raise ConfigurationError(message, hint="Write one, or say where it is with --repo DIR.")
    if options["explain"]:
        return _explain(configuration, options)
    found = plan(configuration.catalog, Conventions.of(configuration.settings), tree, _choices(options))
    text = contract(found, tree) if options["form"] == "json" else ""
    if writes:
        tree.write([*found.changes, *found.bookkeeping])
    _report(found, options, text, writes=writes)
    pending = not writes and bool(found.changes or found.bookkeeping)
    clean = not (pending or found.unresolved or found.notes or found.retired)
    if clean and _is_plain(options):
        record.store(key, [*_STATE_FOLDERS, *found.watched])
    would_change = options["check"] and bool(found.changes)
    return 1 if found.unresolved or would_change else 0


def _choices(options: dict[str, Any]) -> Choices:
    from sealock.app.generate import Choices  # noqa: PLC0415

    if options["force"] and not options["prune"]:
        message = "--force only works with --prune"
        raise UsageError(message, hint="Add --prune, or decide for one file with --replace PATH.")
    return Choices(
        services=frozenset(options["services"]),
        environments=frozenset(options["environments"]),
        prune=options["prune"],
        force=options["force"],
        recreate=options["recreate"],
        adopt=options["adopt"],
        keep=frozenset(options["keep"]),
        replace=frozenset(options["replace"]),
    )


def _report(found: Plan, options: dict[str, Any], text: str, *, writes: bool) -> None:
    from sealock.report import plan_text  # noqa: PLC0415

    if text:
        click.echo(text)
    elif options["plan_only"] or options["show_diff"]:
        click.echo(plan_text.diff(found), nl=False)
    if not text:
        _say(options, plan_text.summary(found, done=writes), err=options["plan_only"] or options["show_diff"])
    click.echo(plan_text.remarks(found, pruned=options["prune"]), nl=False, err=True)


def _say(options: dict[str, Any], text: str, *, err: bool = False) -> None:
    if not options["quiet"]:
        click.echo(text, nl=False, err=err)


def _explain(configuration: Configuration, options: dict[str, Any]) -> int:
    import msgspec  # noqa: PLC0415

    from sealock.config.services import explain  # noqa: PLC0415
    from sealock.report.plan_text import provenance  # noqa: PLC0415

    if configuration.inputs is None:
        return 0
    rows = explain(configuration.inputs, options["explain"])
    if options["form"] == "json":
        answer = {"schema": "sealock/explain/v1", "service": options["explain"], "values": rows}
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
    else:
        click.echo(provenance(rows), nl=False)
    return 0
