"""`sealock check --fix` and `--diff`: which edits there are, and what was done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.app.check import CheckRepository, Judges, Question
    from sealock.app.fix import Kept, Mended
    from sealock.domain.check_report import CheckReport
    from sealock.ports import SignedFiles

# ruff: noqa: PLC0415 - `--help` loads nothing that it does not need


class Asked(NamedTuple):
    """What a check was made from."""

    tree: SignedFiles
    judges: Judges
    question: Question


def mended(report: CheckReport, checked: CheckRepository, asked: Asked, *, unsafe: bool) -> Mended:
    """Return the edits for the findings of `report`, and what is to be said of them. Raises EngineError."""
    from sealock.app.check import CheckRepository
    from sealock.app.fix import Mended, MendRepository, identity
    from sealock.app.fixable import FixableFindings

    tree, judges, question = asked
    wanted = frozenset(identity(each) for each in report.findings if each.fix and each.fix.edits)
    if question.paths and wanted:
        # An edit of a shared base shows in overlays that no path names: all are rendered to prove it.
        checked = CheckRepository(tree, judges, question._replace(paths=()))
        checked.run()
    if not wanted or checked.viewed is None or judges.rehearsal is None:
        return Mended()
    found = FixableFindings(
        checked.viewed, tree, question.settings, question.rules, judges.clock.now().date()
    )
    return MendRepository(found, judges.rehearsal, tree.read_text).run(wanted, unsafe=unsafe)


def show(plan: Mended) -> None:
    """Print the unified diff of what would be written, and on standard error what would not hold."""
    from sealock.domain.plan import unified_diff

    for change in plan.changes:
        sys.stdout.buffer.write(unified_diff(change).encode("utf-8", "backslashreplace"))
    tell_kept(plan.kept)


def tell(findings: int, files: int, kept: Iterable[Kept]) -> None:
    """Say on standard error what was fixed, and what would not hold."""
    from sealock.report.findings_text import counted

    done = f"Fixed {counted(findings, 'finding')} in {counted(files, 'file')}."
    click.echo(done if files else "Nothing was fixed.", err=True)
    tell_kept(kept)


def tell_kept(kept: Iterable[Kept]) -> None:
    """Say on standard error which fixes would not hold."""
    for each in kept:
        where = printable(str(each.finding.location), 1000)
        click.echo(f"{where}: not fixed: {printable(each.finding.message, 600)}: {each.reason}", err=True)
