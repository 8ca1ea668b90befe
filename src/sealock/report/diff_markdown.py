"""A diff as a comment on a pull request: what does not fit is left out by whole objects, and counted."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from sealock.domain.object_diff import grouped
from sealock.domain.printable import printable
from sealock.report.diff_lines import alike, listed, not_compared, notes, object_lines, summary, title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.object_diff import DiffReport, Group, ObjectChange

LIMIT_BYTES = 65_536
"""GitHub's limit is as many characters; in bytes it holds however they are counted."""

_RESERVED_BYTES = 500
_MOST_ENTRIES = 20
_OPEN_GROUPS = 3
_SIGNS = {"~": "!", "+": "+", "-": "-", " ": " "}


def document(report: DiffReport, limit: int = LIMIT_BYTES) -> str:
    """Return the comment, at most `limit` bytes as UTF-8."""
    head = "\n".join(_head(report)) + "\n"
    body = _Body(limit - _RESERVED_BYTES - _size(head))
    for number, group in enumerate(grouped(report.overlays)):
        body.add(group, is_open=number < _OPEN_GROUPS)
    return head + "".join(body.parts) + body.left_out()


def _head(report: DiffReport) -> Iterator[str]:
    yield f"### Rendered: {_code(report.before)} → {_code(report.after)}"
    yield f"**{summary(report)}**"
    yield ""
    dangers = alike(report.dangers)
    if dangers:
        yield "> [!CAUTION]"
        for danger, overlays in dangers[:_MOST_ENTRIES]:
            yield f"> - **{danger.kind}** {_code(danger.object, 300)} in {_code(listed(overlays))}:"
            yield f">   {_code(danger.why, 400)}<br>{_code(danger.help, 300)}"
        yield from _more(dangers, "danger", "> - ")
        yield ""
    if report.undecided:
        yield "> [!WARNING]"
        for each in report.undecided[:_MOST_ENTRIES]:
            yield f"> - undecided: {_code(not_compared(each))}"
        yield from _more(report.undecided, "undecided overlay", "> - ")
        yield ""
    for note in notes(report):
        yield f"- {_code(note)}"


def _more(entries: Sequence[object], noun: str, prefix: str) -> Iterator[str]:
    more = len(entries) - _MOST_ENTRIES
    if more > 0:
        yield f"{prefix}and {more} more {noun}{'' if more == 1 else 's'}"


class _Body:
    """Groups as they fit."""

    def __init__(self, budget: int) -> None:
        self.parts: list[str] = []
        self._budget = budget
        self._objects = 0
        self._overlays: set[str] = set()

    def add(self, group: Group, *, is_open: bool) -> None:
        """Take what fits of one group's objects; count the rest."""
        texts = [_object(change) for change in group.objects]
        fence = "`" * max(3, 1 + max(map(_longest_run, texts)))
        start = _opening(group, is_open=is_open) + f"\n{fence}diff\n"
        end = f"{fence}\n\n</details>\n"
        left = self._budget - _size(start) - _size(end)
        taken: list[str] = []
        for text in texts:
            if _size(text) <= left:
                taken.append(text)
                left -= _size(text)
            else:
                self._objects += len(group.overlays)
                self._overlays.update(each.overlay for each in group.overlays)
        if taken:
            self.parts += [start, *taken, end]
            self._budget = left

    def left_out(self) -> str:
        if not self._objects:
            return ""
        objects = f"{self._objects} object{'' if self._objects == 1 else 's'}"
        overlays = f"{len(self._overlays)} overlay{'' if len(self._overlays) == 1 else 's'}"
        return (
            f"\n_Left out, because a comment has its limit: {objects} in {overlays}. Run `sealock diff`._\n"
        )


def _opening(group: Group, *, is_open: bool) -> str:
    count = len(group.objects)
    text = f"{html.escape(title(group.overlays))}</code>: {count} object{'' if count == 1 else 's'}"
    return f"\n<details{' open' if is_open else ''}><summary><code>{text}</summary>\n"


def _object(change: ObjectChange) -> str:
    found = object_lines(change, split=True)
    return "".join(f"{_SIGNS[each.sign]} {'  ' * each.depth}{each.text}".rstrip() + "\n" for each in found)


def _code(text: str, most: int = 600) -> str:
    """Return a code span, in which nothing of a foreign text means anything."""
    shown = printable(text, most)
    ticks = "`" * (1 + _longest_run(shown))
    pad = " " if len(ticks) > 1 or not shown else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
