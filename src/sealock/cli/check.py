"""`sealock check`: parse the options, check, report."""

from __future__ import annotations

import gc
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from sealock import wiring
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.adapters.file_tree import RepositoryFiles
    from sealock.domain.check_report import CheckReport, Used
    from sealock.domain.settings import Settings
    from sealock.ports import FileTree
    from sealock.rules.registry import Rule

_EPILOG = """\b
Examples:
  sealock check                                    everything
  sealock check services/ledger/overlays/dev       one overlay
  sealock check --since origin/main                what a branch changes
  sealock check --format github                    annotations in GitHub Actions
  sealock check --explain mutable-tag-in-production
"""


@click.command("check", epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False),
    help="The repository; without it, the one around the current folder.",
)
@click.option(
    "--since", metavar="REV", help="Only what differs from a Git revision, uncommitted files included."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True
)
@click.option("--select", multiple=True, metavar="RULE", help="Only this rule; repeatable.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Without this rule; repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note"]),
    default="warning",
    show_default=True,
    help="The mildest finding that makes the exit code 1.",
)
@click.option("--explain", metavar="RULE", help="Print a rule's page and exit.")
@click.option("--no-cache", is_flag=True, help="Render and judge anew, and remember nothing.")
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Check overlays, Applications and policy, offline.

    A PATH that is an overlay is checked itself; any other file or folder stands for the overlays that read
    it. Without PATH and --since everything is checked, as it is on disk.
    Exit code 1: findings; 3: something could not be decided, whatever else was found.
    """
    rules = _rules(options)
    if options["explain"]:
        return _explain(options["explain"])
    if options["paths"] and options["since"]:
        message = "PATH and --since exclude each other"
        raise UsageError(message, hint="Drop one of the two.")
    # Almost everything made here lives to the end: looking for garbage among it costs a tenth of the time.
    gc.disable()
    try:
        return _run(options, rules)
    finally:
        gc.enable()


def _rules(options: dict[str, Any]) -> tuple[Rule, ...]:
    from sealock.domain.suggest import did_you_mean  # noqa: PLC0415 - as below
    from sealock.rules.registry import ALL_RULES, RULE_IDS  # noqa: PLC0415 - `--help` need not load them

    named = [*options["select"], *options["ignore"], *filter(None, [options["explain"]])]
    for rule in named:
        if rule not in RULE_IDS:
            message = f"there is no rule {rule!r}"
            raise UsageError(message, hint=did_you_mean(rule, RULE_IDS))
    wanted = set(options["select"] or RULE_IDS) - set(options["ignore"])
    return tuple(rule for rule in ALL_RULES if rule.META.id in wanted)


def _explain(name: str) -> int:
    from sealock.rules.registry import ALL_RULES, documentation  # noqa: PLC0415 - `--help` need not load them

    rule = next(rule for rule in ALL_RULES if name == rule.META.id)
    click.echo(documentation(rule), nl=False)
    return 0


def _run(options: dict[str, Any], rules: tuple[Rule, ...]) -> int:
    from sealock.domain.finding import Severity  # noqa: PLC0415 - `--help` need not load it

    root = wiring.repository_root(options["repo"])
    base = root if options["repo"] else os.path.realpath(".")
    paths = tuple(wiring.inside(root, base, each) for each in options["paths"])
    files = wiring.files(root)
    report = _check(options, rules, files, paths)
    _print(report, options["form"], files)
    return report.exit_code(Severity(options["fail_on"]))


def _check(
    options: dict[str, Any], rules: tuple[Rule, ...], files: RepositoryFiles, paths: tuple[str, ...]
) -> CheckReport:
    from sealock.adapters.text_memo import TextMemo  # noqa: PLC0415 - `--help` need not load these
    from sealock.app.check import CheckRepository, Question  # noqa: PLC0415

    tree = TextMemo(files, files.root, time.time_ns())
    settings = wiring.settings(tree)
    question = Question(
        settings,
        _versions(settings),
        _in_force(rules, options, settings),
        paths,
        options["since"] or "",
        _declared_repository(tree),
    )
    with wiring.judges(files, settings, question.versions, cached=not options["no_cache"]) as judges:
        return CheckRepository(tree, judges, question).run()


def _in_force(rules: tuple[Rule, ...], options: dict[str, Any], settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that run: those that are on, have a level in sealock.yaml, or are selected by name."""
    wanted = settings.levels.keys() | set(options["select"])
    return tuple(
        rule
        for rule in rules
        if (rule.META.on or rule.META.id in wanted) and settings.levels.get(rule.META.id) != "off"
    )


def _declared_repository(tree: FileTree) -> str:
    """Return the URL at the top of services.yaml; reading the whole catalog for it would be a waste."""
    found = re.search(r"^repository:[ \t]+[\"']?([^\s\"'#]+)", _text(tree, "services.yaml"), re.MULTILINE)
    return found[1] if found else ""


def _text(tree: FileTree, path: str) -> str:
    try:
        return tree.read_text(path)
    except FileNotFoundError:
        return ""


def _versions(settings: Settings) -> Used:
    from sealock.adapters.schemas import argocd_versions, chosen, kubernetes_versions  # noqa: PLC0415
    from sealock.domain.check_report import Used  # noqa: PLC0415 - `--help` need not load these

    wanted = settings.versions
    return Used(
        chosen("Kubernetes", wanted.kubernetes, kubernetes_versions()),
        chosen("Argo CD", wanted.argocd, argocd_versions()),
        assumed=not (wanted.kubernetes and wanted.argocd),
    )


def _print(report: CheckReport, form: str, files: RepositoryFiles) -> None:
    if form == "json":
        from sealock.report.findings_json import document  # noqa: PLC0415 - only one of three is needed

        sys.stdout.buffer.write(document(report))
        return
    if form == "github":
        from sealock.report import findings_github  # noqa: PLC0415 - as above

        _write(list(findings_github.lines(report)))
        return
    from sealock.report import findings_text  # noqa: PLC0415 - as above

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    _write(list(findings_text.lines(report, files.read_text, colour=colour)))


def _write(lines: Sequence[str]) -> None:
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
