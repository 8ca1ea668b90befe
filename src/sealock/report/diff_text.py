"""A diff for people at a terminal: dangers first, then each object, then the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.object_diff import grouped
from sealock.domain.printable import printable
from sealock.report.diff_lines import alike, listed, not_compared, notes, object_lines, summary, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.object_diff import DiffReport

_COLOURS = {"+": "32", "-": "31", "~": "33", " ": "2"}


def lines(report: DiffReport, *, colour: bool = False) -> Iterator[str]:
    """Yield the report line by line, the summary last.

    Text from the repository is shown without anything that a terminal obeys.
    """

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    yield paint(printable(f"{report.before} → {report.after}", 300), "2")
    yield ""
    for danger, overlays in alike(report.dangers):
        yield f"{paint(f'danger[{danger.kind}]', '1;31')}: {printable(danger.object, 300)}"
        yield f"  {printable(danger.why, 600)}"
        yield f"  in: {listed(overlays)}"
        yield f"  help: {printable(danger.help, 600)}"
        yield ""
    for each in report.undecided:
        yield f"{paint('undecided', '1;35')}: {not_compared(each)}"
        if each.failure.hint:
            yield f"  help: {printable(each.failure.hint, 600)}"
        yield ""
    for group in grouped(report.overlays):
        yield paint(title(group.overlays), "1")
        for change in group.objects:
            for line in object_lines(change, split=False):
                yield paint(f"  {'    ' * line.depth}{line.sign} {line.text}".rstrip(), _COLOURS[line.sign])
        yield ""
    yield from notes(report)
    yield summary(report)
