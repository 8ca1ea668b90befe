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

# ruff: noqa: PLC0415 - `--help` loads nothing that it does not need, and a check only what it needs

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
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github", "gitlab", "junit"]),
    default="text",
    show_default=True,
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


def _rules(options: dict[str, Any]) -> frozenset[str]:
    from sealock.domain.suggest import did_you_mean
    from sealock.rules.registry import RULE_IDS

    named = [*options["select"], *options["ignore"], *filter(None, [options["explain"]])]
    for rule in named:
        if rule not in RULE_IDS:
            message = f"there is no rule {rule!r}"
            raise UsageError(message, hint=did_you_mean(rule, RULE_IDS))
    return frozenset(options["select"] or RULE_IDS) - set(options["ignore"])


def _explain(name: str) -> int:
    from sealock.rules.registry import DOCUMENTED, documentation

    rule = next(rule for rule in DOCUMENTED if name == rule.META.id)
    click.echo(documentation(rule), nl=False)
    return 0


def _run(options: dict[str, Any], rules: frozenset[str]) -> int:
    from sealock.domain.finding import Severity

    root = wiring.repository_root(options["repo"])
    base = root if options["repo"] else os.path.realpath(".")
    paths = tuple(wiring.inside(root, base, each) for each in options["paths"])
    files = wiring.files(root)
    report = _check(options, rules, files, paths)
    _print(report, options["form"], files)
    return report.exit_code(Severity(options["fail_on"]))


def _check(
    options: dict[str, Any], rules: frozenset[str], files: RepositoryFiles, paths: tuple[str, ...]
) -> CheckReport:
    from sealock.adapters.text_memo import TextMemo
    from sealock.app.check import CheckRepository, Question

    tree = TextMemo(files, files.root, time.time_ns())
    settings = wiring.settings(tree)
    question = Question(
        settings,
        _versions(settings),
        _in_force(rules, options, settings),
        paths,
        _declared_repository(tree),
    )
    cached, since = not options["no_cache"], options["since"]
    with wiring.judges(files, settings, question.versions, since=since, cached=cached) as judges:
        return CheckRepository(tree, judges, question).run()


def _in_force(rules: frozenset[str], options: dict[str, Any], settings: Settings) -> frozenset[str]:
    """Return the rules that run: those that are on, have a level in sealock.yaml, or are selected by name."""
    from sealock.rules.registry import DOCUMENTED

    on = {rule.META.id for rule in DOCUMENTED if rule.META.on}
    off = {rule for rule, level in settings.levels.items() if level == "off"}
    return rules & (on | settings.levels.keys() | set(options["select"])) - off


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
    from sealock.adapters.schemas import argocd_versions, chosen, kubernetes_versions
    from sealock.domain.check_report import Used

    wanted = settings.versions
    return Used(
        chosen("Kubernetes", wanted.kubernetes, kubernetes_versions()),
        chosen("Argo CD", wanted.argocd, argocd_versions()),
        assumed=not (wanted.kubernetes and wanted.argocd),
    )


def _print(report: CheckReport, form: str, files: RepositoryFiles) -> None:
    if form in {"json", "sarif", "gitlab", "junit"}:
        sys.stdout.buffer.write(_document(report, form, files))
        return
    if form == "github":
        from sealock.report import findings_github

        _write(list(findings_github.lines(report)))
        return
    from sealock.report import findings_text

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    _write(list(findings_text.lines(report, files.read_text, colour=colour)))


def _document(report: CheckReport, form: str, files: RepositoryFiles) -> bytes:
    if form == "json":
        from sealock.report import findings_json

        return findings_json.document(report)
    if form == "sarif":
        from sealock.report import findings_sarif
        from sealock.rules.registry import DOCUMENTED, documentation

        return findings_sarif.document(report, DOCUMENTED, documentation, files.read_text)
    if form == "gitlab":
        from sealock.report import findings_gitlab

        return findings_gitlab.document(report, files.read_text)
    from sealock.report import findings_junit

    return findings_junit.document(report)


def _write(lines: Sequence[str]) -> None:
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
