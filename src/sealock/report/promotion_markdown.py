"""A promotion plan as the text of a pull request: Markdown, in which foreign text means nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.domain.plan import FileChange, unified_diff
from sealock.domain.printable import printable
from sealock.report.markdown_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealock.domain.promotion import GateResult, PromotionPlan

MOST = 65_536
"""What GitHub takes, the least of the three: characters."""

_RESERVE = 600
_LONGEST = 400
_TICKS = re.compile("`+")


def body(plan: PromotionPlan, digest: str, *, most: int = MOST) -> str:
    """Return the plan in at most `most` characters; what does not fit is left out whole, and counted."""
    page = _Page(most - _RESERVE)
    page.put(f"{_verb(plan)} on `{_code(str(plan.to))}` at `{plan.base[:12]}`, by {_shown(plan.author)}.\n")
    if plan.override.reason:
        page.put(f"- Reason: {_shown(plan.override.reason)}\n")
    if plan.override.approver:
        page.put(f"- Stands for it: {_shown(plan.override.approver)}\n")
    page.rows("What moves", ("Service", "Image", "From", "To"), _moves(plan))
    page.rows("Left out", ("Service", "Why"), ([each.service, each.reason] for each in plan.left_out))
    _gates(page, plan)
    page.rows(
        "What renders otherwise, and nothing else",
        ("Overlay", "Object", "Field", "From", "To"),
        ([each.overlay, each.object, each.field, each.before, each.after] for each in plan.rendered),
    )
    page.blocks(
        "Lines", (unified_diff(FileChange(each.path, each.before, each.after)) for each in plan.changes)
    )
    if plan.sync:
        page.blocks("Manual sync required: after the merge, approve this", plan.sync, "sh")
    page.end(f"\nPlan `{digest}`, made by `sealock`.\n")
    return page.text()


class _Page:
    """Text up to a length; whole items only."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._parts: list[str] = []

    def put(self, text: str) -> bool:
        """Add `text` if it fits."""
        if len(text) > self._left:
            return False
        self._left -= len(text)
        self._parts.append(text)
        return True

    def end(self, text: str) -> None:
        """Add what there is room for in any case."""
        self._parts.append(text)

    def text(self) -> str:
        return "".join(self._parts)

    def rows(self, heading: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a table; none where there are no rows."""
        lines = [f"| {' | '.join(map(_shown, row))} |\n" for row in rows]
        start = f"\n### {heading}\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}\n"
        self._items(start, lines, "rows")

    def blocks(self, heading: str, texts: Iterable[str], language: str = "diff") -> None:
        """Add foreign texts as they are, each in a fence that it cannot leave."""
        self._items(f"\n### {heading}\n", [_fenced(each, language) for each in texts], "parts")

    def _items(self, start: str, items: Sequence[str], what: str) -> None:
        if not items:
            return
        shown = 0
        if self.put(start):
            while shown < len(items) and self.put(items[shown]):
                shown += 1
        if shown < len(items):
            # There always is room: the reserve is for this.
            self.end(f"\n… and {len(items) - shown} more {what}, which have no room here.\n")


def _verb(plan: PromotionPlan) -> str:
    names = ", ".join(f"`{_code(each.service)}`" for each in plan.cars[:20])
    more = f" and {len(plan.cars) - 20} more" if len(plan.cars) > 20 else ""  # noqa: PLR2004 - as listed
    target = f"`{_code(plan.environment)}`"
    if plan.action == "promote":
        return f"Promotes {names}{more} to {target}"
    return f"{'Rolls back' if plan.action == 'rollback' else 'Hotfix of'} {names}{more} in {target}"


def _moves(plan: PromotionPlan) -> Iterator[list[str]]:
    for car in plan.cars:
        for move in car.images:
            before = str(move.before) if move.before.digest or move.before.tag else "nothing"
            yield [car.service, move.name, before, str(move.after)]


def _gates(page: _Page, plan: PromotionPlan) -> None:
    if plan.gates_of != "configured":
        page.put(f"\nGates: {plan.gates_of}.\n")
    page.rows(
        "Gates",
        ("Gate", "Service", "Verdict", "What it says"),
        ([each.gate, each.service, each.verdict, _said(each)] for each in plan.gates),
    )
    open_ = [each for each in plan.gates if each.verdict in {"refuse", "unknown"}]
    if any(each.gate == "approvals" for each in open_):
        page.put("\nApprove this request in a review of its newest commit. Who opened it does not count.\n")


def _said(gate: GateResult) -> str:
    later = f" (from {gate.retry_after})" if gate.retry_after else ""
    return f"{gate.message}{later}"


def _fenced(text: str, language: str) -> str:
    """Return a text that Markdown does not touch; a fence is longer than any in it (CommonMark §4.5)."""
    lines = "\n".join(printable(line, _LONGEST) for line in text.splitlines())
    fence = "`" * max(3, *(len(found) + 1 for found in _TICKS.findall(lines)), 0)
    return f"\n{fence}{language}\n{lines}\n{fence}\n"


def _shown(text: str) -> str:
    """Return foreign text for a cell or a line: one line, without meaning."""
    return plain(printable(text, _LONGEST))


def _code(text: str) -> str:
    return printable(text).replace("`", "'")
