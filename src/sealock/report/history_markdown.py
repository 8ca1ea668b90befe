"""A service's history as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.printable import printable
from sealock.report.history_text import headline, image, notes, particulars, when
from sealock.report.markdown_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.service_history import ServiceHistory


def document(history: ServiceHistory) -> str:
    """Return a list, newest first."""
    return "\n".join([f"## History of {plain(printable(history.service))}", "", *_items(history), ""])


def _items(history: ServiceHistory) -> Iterator[str]:
    for each in history.entries:
        yield f"- **{when(each)}** {plain(headline(each))}"
        yield from (f"  - {plain(image(change))}" for change in each.images)
        yield from (f"  - {plain(about)}" for about in particulars(each))
    yield from (f"\n{plain(note)}" for note in notes(history))
