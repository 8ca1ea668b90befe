"""The status as a table: with rich on a terminal, in plain columns elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.printable import printable
from sealock.report.status_words import cell_words, details, header, notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from sealock.domain.status import Cell, StatusReport

_NOTHING = "-"


def rows(report: StatusReport) -> list[list[str]]:
    """Return the table's lines: the head, then one for each service."""
    by_service: dict[str, dict[str, Cell]] = {}
    for cell in report.cells:
        by_service.setdefault(cell.service, {})[cell.environment] = cell
    head = ["service", *(header(each) for each in report.environments)]
    names = [each.name for each in report.environments]
    body = [
        [
            printable(service, 100),
            *(cell_words(cells[name], report.now) if name in cells else _NOTHING for name in names),
        ]
        for service, cells in by_service.items()
    ]
    return [head, *body]


def lines(report: StatusReport, *, detailed: bool) -> Iterator[str]:
    """Yield plain columns; `detailed` says more below, by service."""
    table = rows(report)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    yield f"{report.branch} at {report.commit[:12]}"
    for row in table:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    yield from below(report, detailed=detailed)


def below(report: StatusReport, *, detailed: bool) -> Iterator[str]:
    """Yield what stands below the table."""
    if detailed:
        for cell in report.cells:
            for each in details(cell):
                yield f"{printable(cell.service, 100)} {cell.environment}: {each}"
    yield from notes(report)


def show(report: StatusReport, *, detailed: bool) -> None:
    """Print to a terminal, as wide as it is."""
    from rich import box  # noqa: PLC0415 - heavy, and only for people
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    head, *body = rows(report)
    table = Table(box=box.SIMPLE, title=f"{report.branch} at {report.commit[:12]}", title_justify="left")
    for each in head:
        table.add_column(Text(each), overflow="fold")
    for row in body:
        table.add_row(*map(_coloured, row))
    console.print(table)
    for line in below(report, detailed=detailed):
        console.print(Text(line))


def _coloured(text: str) -> Text:
    from rich.text import Text  # noqa: PLC0415 - as above

    refused = "refused" in text or "debt" in text or "differ" in text
    style = "red" if refused else "yellow" if "unknown" in text or "behind" in text else ""
    return Text(text, style=style)
