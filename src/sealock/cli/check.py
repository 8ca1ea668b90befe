"""`sealock check`: parse the options, check, report."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from sealock import wiring
from sealock.cli import fix_findings
from sealock.cli.place_options import REPO
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.adapters.file_tree import RepositoryFiles
    from sealock.app.check import Question
    from sealock.app.fix import Mended
    from sealock.domain.check_report import CheckReport
    from sealock.domain.settings import Settings
    from sealock.ports import FileTree

# ruff: noqa: PLC0415 - `--help` loads nothing that it does not need, and a check only what it needs

_MOST_FIXES = 5

_EPILOG = """\b
Examples:
  sealock check                                    everything
  sealock check services/ledger/overlays/dev       one overlay
  sealock check --since origin/main                what a branch changes
  sealock check --format github                    annotations in GitHub Actions
  sealock check --watch                            again and again, as you edit
  sealock check --diff                             what --fix would write
  sealock check --explain mutable-tag-in-production
"""


@click.command("check", epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@REPO
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
@click.option("--fix", is_flag=True, help="Mend what can be mended without changing any render.")
@click.option("--unsafe", is_flag=True, help="With --fix or --diff: also what changes a render.")
@click.option("--diff", is_flag=True, help="Write nothing; print what --fix would. Exit code 1: something.")
@click.option("--explain", metavar="RULE", help="Print a rule's page and exit.")
@click.option("--watch", is_flag=True, help="Go on checking what changes, until interrupted.")
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
    if options["unsafe"] and not (options["fix"] or options["diff"]):
        message = "--unsafe says how much to fix, and nothing is to be fixed"
        raise UsageError(message, hint="Add --fix, or --diff to look first.")
    if options["watch"]:
        return _watch(options, rules)
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
    files.look_ahead()
    report, plan = _check(options, rules, files, paths)
    if plan and options["diff"]:
        fix_findings.show(plan)
        return 1 if plan.changes else 0
    if plan:
        report = _fix(options, rules, files, paths, (report, plan))
    _print(report, options["form"], files)
    return report.exit_code(Severity(options["fail_on"]))


def _fix(
    options: dict[str, Any],
    rules: frozenset[str],
    files: RepositoryFiles,
    paths: tuple[str, ...],
    found: tuple[CheckReport, Mended],
) -> CheckReport:
    """Write the edits, and those that only the mended files allow; return what is left."""
    report, plan = found
    fixed, written = 0, set()
    for _ in range(_MOST_FIXES):
        if not plan.changes:
            break
        wiring.work_tree(files.root).write(plan.changes)
        fixed += len(plan.fixed)
        written |= {change.path for change in plan.changes}
        report, again = _check(options, rules, files, paths)
        plan = again or plan
    fix_findings.tell(fixed, len(written), plan.kept)
    return report


def _watch(options: dict[str, Any], rules: frozenset[str]) -> int:
    from sealock.cli.check_watch import watch

    if any(options[each] for each in ("paths", "since", "fix", "diff")) or options["form"] != "text":
        message = "--watch checks everything and prints text"
        raise UsageError(message, hint="Drop PATH, --since, --fix, --diff and --format.")
    root = wiring.repository_root(options["repo"])
    watch(
        root,
        lambda tree, settings: _question(options, rules, tree, settings),
        lambda report, files: _print(report, "text", files),
        cached=not options["no_cache"],
    )
    return 0


def _check(
    options: dict[str, Any], rules: frozenset[str], files: RepositoryFiles, paths: tuple[str, ...]
) -> tuple[CheckReport, Mended | None]:
    """Return the report and, where that is asked for, what would mend it."""
    from sealock.adapters.text_memo import TextMemo
    from sealock.app.check import CheckRepository

    tree = TextMemo(files, files.root, time.time_ns())
    settings = wiring.settings(tree)
    question = _question(options, rules, tree, settings, paths)
    cached, since = not options["no_cache"], options["since"]
    ports = wiring.judges(files, settings, question.versions, since=since, cached=cached, seen=tree.probes)
    with ports as judges:
        check = CheckRepository(tree, judges, question)
        report = check.run()
        if not (options["fix"] or options["diff"]):
            return report, None
        asked = fix_findings.Asked(tree, judges, question)
        return report, fix_findings.mended(report, check, asked, unsafe=options["unsafe"])


def _question(
    options: dict[str, Any],
    rules: frozenset[str],
    tree: FileTree,
    settings: Settings,
    paths: tuple[str, ...] = (),
) -> Question:
    from sealock.app.check import Question

    in_force = rules & wiring.rules_in_force(settings, options["select"])
    return Question(settings, wiring.versions(settings), in_force, paths, _declared_repository(tree))


def _declared_repository(tree: FileTree) -> str:
    from sealock.domain.repository_url import declared_in

    return declared_in(_text(tree, "services.yaml"))


def _text(tree: FileTree, path: str) -> str:
    try:
        return tree.read_text(path)
    except FileNotFoundError:
        return ""


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
