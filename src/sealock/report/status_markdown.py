"""The status as Markdown, for a page or a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.report.markdown_text import plain, table
from sealock.report.status_table import below, rows

if TYPE_CHECKING:
    from sealock.domain.status import StatusReport


def document(report: StatusReport, *, detailed: bool) -> str:
    """Return the table, and below it what it has no room for."""
    title = f"## What runs where\n\n{plain(str(report.branch))} at {report.commit[:12]}\n"
    more = "".join(f"- {plain(line)}\n" for line in below(report, detailed=detailed))
    return "\n".join(filter(None, (title, table(rows(report)), more)))
