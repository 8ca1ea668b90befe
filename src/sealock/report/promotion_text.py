"""A promotion plan as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.plan import FileChange, unified_diff
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.promotion import FieldChange, GateResult, PromotionPlan

_WORDS = {"pass": "pass", "refuse": "REFUSED", "unknown": "UNKNOWN", "overridden": "overridden"}
_COLOURS = {"pass": "32", "refuse": "31", "unknown": "33", "overridden": "33"}
_LISTED = 40
_MOST = 400
_LONGEST = 20_000


def lines(plan: PromotionPlan, digest: str, subject: str, *, colour: bool = False) -> Iterator[str]:
    """Yield the plan: what moves, the gates, the line diff, the rendered diff, what stands in the way."""
    if not plan.changes:
        yield from _nothing(plan)
        return
    yield printable(subject, _LONGEST)
    yield f"  on {_shown(str(plan.to))} at {_shown(plan.base[:12])}, by {_shown(plan.author)}"
    for car in plan.cars:
        for move in car.images:
            before = str(move.before) if move.before.digest or move.before.tag else "nothing"
            yield f"  {_shown(car.service)}: {_shown(before)} → {_shown(str(move.after))}"
    for tag in plan.tags:
        yield f"  the registry has {_shown(tag.digest)} under {_shown(tag.image)}"
    for each in plan.left_out:
        yield f"  left out: {_shown(each.service)}: {_shown(each.reason)}"
    yield ""
    yield from _gates(plan, colour=colour)
    yield ""
    for change in plan.changes:
        diff = unified_diff(FileChange(change.path, change.before, change.after))
        yield from (_coloured_diff(line, colour=colour) for line in diff.splitlines())
    yield ""
    yield from _rendered(plan.rendered)
    yield from _after(plan)
    yield f"plan {_shown(digest)}"
    yield from _blocked(plan)


def _nothing(plan: PromotionPlan) -> Iterator[str]:
    for each in plan.left_out:
        yield f"left out: {_shown(each.service)}: {_shown(each.reason)}"
    yield (
        f"nothing to do: {_shown(plan.environment)} has it already" if not plan.left_out else "nothing to do"
    )


def _gates(plan: PromotionPlan, *, colour: bool) -> Iterator[str]:
    if plan.gates_of == "none configured":
        yield f"gates: none configured for {_kind(plan)} {_shown(plan.environment)}"
    elif plan.gates_of == "overridden":
        yield f"gates: overridden: {_shown(plan.override.reason)}"
    else:
        yield "gates:"
    for gate in plan.gates:
        yield from _gate(gate, colour=colour)


def _kind(plan: PromotionPlan) -> str:
    return {"promote": "promotions to", "rollback": "rollbacks in", "hotfix": "hotfixes of"}[plan.action]


def _gate(gate: GateResult, *, colour: bool) -> Iterator[str]:
    word = _WORDS[gate.verdict]
    if colour:
        word = f"\x1b[{_COLOURS[gate.verdict]}m{word}\x1b[0m"
    about = f" {_shown(gate.service)}:" if gate.service else ""
    later = f" (from {_shown(gate.retry_after)})" if gate.retry_after else ""
    yield f"  {word:<7} {_shown(gate.gate)}:{about} {_shown(gate.message)}{later}"
    for piece in gate.evidence:
        yield f"          {_shown(piece.kind)} {_shown(piece.digest[:19])}: {_shown(piece.summary)}"
    if gate.hint and gate.verdict != "pass":
        yield f"          {_shown(gate.hint)}"


def _rendered(changes: Sequence[FieldChange]) -> Iterator[str]:
    count = f"{len(changes)} field{'' if len(changes) == 1 else 's'}"
    yield f"rendered: {count}, and nothing else, in any overlay"
    for each in changes[:_LISTED]:
        yield f"  {_shown(each.overlay)}: {_shown(each.object)}"
        yield f"    {_shown(each.field)}: {_shown(each.before)} → {_shown(each.after)}"
    if len(changes) > _LISTED:
        yield f"  … and {len(changes) - _LISTED} more"


def _after(plan: PromotionPlan) -> Iterator[str]:
    for each in plan.behind:
        yield f"left behind: {_shown(each)}"
    for each in plan.findings:
        yield f"check: error: {_shown(each)}"
    for each in plan.undecided:
        yield f"check: could not decide: {_shown(each)}"
    if plan.sync:
        yield "manual sync required: after the commit, approve this:"
        yield from (f"  {_shown(each)}" for each in plan.sync)


def _blocked(plan: PromotionPlan) -> Iterator[str]:
    reasons = [_shown(each.gate) for each in plan.gates if each.verdict in {"refuse", "unknown"}]
    reasons += ["check"] if plan.findings or plan.undecided else []
    if reasons:
        yield f"blocked by {', '.join(dict.fromkeys(reasons))}"


def _coloured_diff(line: str, *, colour: bool) -> str:
    shown = _shown(line)
    if colour and line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}:
        return f"\x1b[{'32' if line[0] == '+' else '31'}m{shown}\x1b[0m"
    return shown


def _shown(text: str) -> str:
    return printable(text, _MOST)
