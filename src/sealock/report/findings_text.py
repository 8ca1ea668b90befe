"""Findings for people: place, message, the source line with a caret, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.printable import printable
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.domain.check_report import CheckReport, Summary
    from sealock.domain.finding import NotDecided
    from sealock.domain.location import Location

_MOST_MESSAGE = 600
_MOST_LINE = 140
_MOST_OVERLAYS = 3
_COLOURS = {"error": "31", "warning": "33", "note": "36", "undecided": "35"}


class _Style:
    """Colours, or none."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def lines(report: CheckReport, read_text: Callable[[str], str], *, colour: bool = False) -> Iterator[str]:
    """Yield the report line by line, the summary last; `read_text` gives the source for excerpts.

    Text from the repository is shown without anything that a terminal obeys.
    """
    style = _Style(colour=colour)
    source = _Source(read_text)
    for each in report.findings:
        yield from _finding(each, source, style)
        yield ""
    for undecided in report.undecided:
        yield from _undecided(undecided, source, style)
        yield ""
    yield from _notes(report.summary)
    yield from _fixable(report)
    yield last_line(report)


def _finding(found: Finding, source: _Source, style: _Style) -> Iterator[str]:
    head = style.paint(f"{found.severity}[{found.rule}]", f"1;{_COLOURS[found.severity]}")
    yield f"{_place(found.location)}: {head}: {printable(found.message, _MOST_MESSAGE)}"
    yield from source.excerpt(found.location, style)
    if found.overlays:
        yield f"  in: {_overlays(found.overlays)}"
    if found.fix:
        yield f"  help: {printable(found.fix.title, _MOST_MESSAGE)}"


def _undecided(found: NotDecided, source: _Source, style: _Style) -> Iterator[str]:
    head = style.paint(f"undecided[{found.check}]", f"1;{_COLOURS['undecided']}")
    yield f"{_place(found.location)}: {head}: {printable(found.reason, _MOST_MESSAGE)}"
    yield from source.excerpt(found.location, style)
    if found.overlays:
        yield f"  in: {_overlays(found.overlays)}"
    if found.hint:
        yield f"  help: {printable(found.hint, _MOST_MESSAGE)}"


def _place(location: Location) -> str:
    return printable(str(location), 1000)


def _overlays(overlays: Sequence[str]) -> str:
    shown = ", ".join(printable(each, 200) for each in overlays[:_MOST_OVERLAYS])
    more = len(overlays) - _MOST_OVERLAYS
    return f"{shown} and {more} more" if more > 0 else shown


class _Source:
    """Lines of files, each file read once."""

    def __init__(self, read_text: Callable[[str], str]) -> None:
        self._read_text = read_text
        self._files: dict[str, list[str]] = {}

    def excerpt(self, where: Location, style: _Style) -> Iterator[str]:
        """Yield the line at a place with a caret below it; nothing where there is no such line."""
        if where.file not in self._files:
            try:
                self._files[where.file] = self._read_text(where.file).split("\n")
            except (FileNotFoundError, SealockError):
                self._files[where.file] = []
        found = self._files[where.file]
        if not 0 < where.line <= len(found):
            return
        # One character stays one column, so that the caret stands below the right one.
        line = found[where.line - 1].rstrip("\r")
        text = "".join(each if each.isprintable() else "·" if each != "\t" else " " for each in line)
        start = max(where.column - 1, 0)
        shift = max(0, start - _MOST_LINE // 2)
        shown = text[shift : shift + _MOST_LINE]
        end = where.end_column - 1 if where.end_line == where.line else len(text)
        width = max(1, min(end, len(text.rstrip()), shift + _MOST_LINE) - start)
        number = str(where.line)
        yield f" {' ' * len(number)} |"
        yield f" {number} | {shown}"
        caret = style.paint("^" * width, "1")
        yield f" {' ' * len(number)} | {' ' * (start - shift)}{caret}"


def _notes(summary: Summary) -> Iterator[str]:
    for skipped in summary.skipped:
        yield f"not checked ({skipped.count}): {printable(skipped.reason, _MOST_MESSAGE)}"
    if summary.ignored_files:
        files = counted(len(summary.ignored_files), "file")
        yield f"ignored: {files} that cannot be read and no overlay uses"
    if summary.versions.assumed:
        yield "versions: the newest that are packaged; set `versions` in sealock.yaml to choose"


def _fixable(report: CheckReport) -> Iterator[str]:
    fixes = [each.fix for each in report.findings if each.fix and each.fix.edits]
    safe = sum(each.safe for each in fixes)
    if safe:
        yield f"fixable: {safe} with `--fix`"
    if len(fixes) > safe:
        yield f"fixable: {len(fixes) - safe} with `--fix --unsafe`"


def last_line(report: CheckReport) -> str:
    """Return what was looked at, and the verdict in numbers."""
    summary = report.summary
    parts = [counted(report.count(Severity.ERROR), "error")]
    for severity in (Severity.WARNING, Severity.NOTE):
        count = report.count(severity)
        if count:
            parts.append(counted(count, str(severity)))
    parts.append(f"{len(report.undecided)} undecided")
    if report.waived:
        parts.append(f"{len(report.waived)} waived")
    looked = [counted(summary.overlays, "overlay"), counted(summary.objects, "object")]
    if summary.applications:
        looked.append(counted(summary.applications, "Application"))
    versions = f"Kubernetes {summary.versions.kubernetes} and Argo CD {summary.versions.argocd}"
    return f"{', '.join(looked)} checked against {versions}: {', '.join(parts)}"


def counted(number: int, noun: str) -> str:
    """Return `1 overlay`, `2 overlays`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
