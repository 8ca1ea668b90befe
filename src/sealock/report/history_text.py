"""A service's history as text for people, and the words that Markdown shares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.service_history import HistoryEntry, ImageChange, ServiceHistory

_MOST = 400
_SHOWN_DIGITS = 12


def lines(history: ServiceHistory) -> Iterator[str]:
    """Yield the entries, newest first; foreign text without anything that a terminal obeys."""
    for each in history.entries:
        yield f"{when(each)}  {headline(each)}"
        yield from (f"  {image(change)}" for change in each.images)
        yield from (f"  {about}" for about in particulars(each))
    yield from notes(history)


def when(entry: HistoryEntry) -> str:
    """Return the time in UTC, to the minute."""
    return datetime.fromtimestamp(entry.time, UTC).strftime("%Y-%m-%d %H:%M")


def headline(entry: HistoryEntry) -> str:
    """Return what happened where, by whom, in which commit."""
    way = f"{_shown(entry.source)} → {entry.environment}" if entry.source else _shown(entry.environment)
    return f"{entry.how}: {way}, by {_shown(entry.author)} ({entry.commit[:12]})"


def image(change: ImageChange) -> str:
    """Return an image before and after, its digest cut short."""
    return f"{_image(change.before)} → {_image(change.after)}"


def particulars(entry: HistoryEntry) -> Iterator[str]:
    """Yield why, and what was looked at."""
    if entry.how == "by hand":
        yield f"subject: {_shown(entry.subject)}"
    if entry.reason:
        yield f"reason: {_shown(entry.reason)}"
    for name, values in (
        ("gates", entry.overridden),
        ("approved by", entry.approvers),
        ("gate", entry.gates),
        ("evidence", entry.evidence),
    ):
        yield from (f"{name}: {_shown(each)}" for each in values)
    if entry.plan:
        yield f"plan: {_shown(entry.plan)}"


def notes(history: ServiceHistory) -> Iterator[str]:
    """Yield what is not shown."""
    if not history.entries:
        yield f"nothing is recorded of {_shown(history.service)}"
    if history.more:
        yield "There is more: use --limit."
    if history.why:
        yield f"Not all is known: {_shown(history.why)}."


def _image(text: str) -> str:
    name, at, digest = text.partition("@")
    if not at:
        return _shown(text) or "nothing"
    algorithm, _, digits = digest.partition(":")
    return _shown(f"{name}@{algorithm}:{digits[:_SHOWN_DIGITS]}")


def _shown(text: str) -> str:
    return printable(text, _MOST)
