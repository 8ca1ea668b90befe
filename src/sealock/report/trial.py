"""What came of a patch's trial, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.trial import TrialReport


def report_lines(report: TrialReport, lines: int = 40) -> Iterator[str]:
    """Yield the report for people: the verdict, and the end of the last run that failed."""
    words = {"passed": "passed", "failed": "failed", "flaky": "are flaky"}
    taken = "the patch is accepted" if report.accepted else "the patch is rejected"
    yield f"tests {words[report.verdict]}: {taken}" + (f", {report.reason}" if report.reason else "")
    failed = [each for each in report.runs if not each.passed]
    if failed:
        written = failed[-1].output.splitlines()
        left = len(written) - lines
        if left > 0 or failed[-1].cut:
            yield f"  | … the last {min(lines, len(written))} lines of its output"
        yield from (f"  | {printable(each, 300)}" for each in written[-lines:])
