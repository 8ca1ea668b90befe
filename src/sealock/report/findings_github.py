"""Findings as annotations of a GitHub Actions run: one workflow command a line.

Source: docs.github.com, "Workflow commands for GitHub Actions"; the escapes are those of
actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.report.findings_text import last_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.check_report import CheckReport
    from sealock.domain.location import Location

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def lines(report: CheckReport) -> Iterator[str]:
    """Yield one command for each finding and each undecided check, then the summary as a notice."""
    for each in report.findings:
        message = _sentences(each.message, each.fix.title if each.fix else "", each.overlays)
        yield _command(_LEVELS[each.severity], each.location, each.rule, message)
    for undecided in report.undecided:
        message = _sentences(f"undecided: {undecided.reason}", undecided.hint, undecided.overlays)
        yield _command("error", undecided.location, undecided.check, message)
    yield f"::notice title=sealock check::{_data(last_line(report))}"


def _sentences(message: str, fix: str, overlays: tuple[str, ...]) -> str:
    parts = [message, fix, f"In {', '.join(overlays)}." if overlays else ""]
    return "\n".join(filter(None, parts))


def _command(level: str, where: Location, rule: str, message: str) -> str:
    properties = [f"file={_property(where.file)}"]
    if where.line:
        properties += [f"line={where.line}", f"col={where.column}"]
    properties.append(f"title={_property(rule)}")
    return f"::{level} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    """Escape a message: in one line it can begin no command of its own."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # Other line ends and terminal controls mean nothing to GitHub, and something to whoever reads the log.
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
