"""A plan as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.plan import unified_diff

if TYPE_CHECKING:
    from sealock.domain.catalog import Provenance
    from sealock.domain.plan import Plan, Unresolved

_LISTED = 20


def diff(plan: Plan) -> str:
    """Return one unified diff of all changes, as `git apply` reads it."""
    return "".join(unified_diff(change) for change in plan.changes)


def summary(plan: Plan, *, done: bool) -> str:
    """Return what is (or would be) written: one line a file up to twenty, then the counts."""
    if not plan.changes:
        text = "nothing to change"
        return text + (", the record of generated files apart\n" if plan.bookkeeping else "\n")
    lines = [f"  {change.action:<6}  {change.path}" for change in plan.changes[:_LISTED]]
    if len(plan.changes) > _LISTED:
        lines.append(f"  … and {len(plan.changes) - _LISTED} more")
    counts = []
    for action, was, will in (
        ("create", "created", "to create"),
        ("update", "updated", "to update"),
        ("delete", "deleted", "to delete"),
    ):
        number = sum(change.action == action for change in plan.changes)
        counts += [f"{number} {was if done else will}"] if number else []
    return "\n".join([*lines, ", ".join(counts)]) + "\n"


def remarks(plan: Plan, *, pruned: bool) -> str:
    """Return what needs a decision or is worth knowing; empty when there is nothing."""
    lines = [line for each in plan.unresolved for line in _unresolved(each)]
    lines += [f"{note.path}: note: {note.message}" for note in plan.notes]
    for gone in plan.retired:
        what = f"{gone.service} in {gone.environment}" if gone.environment else gone.service
        files = f"{len(gone.files)} file{'' if len(gone.files) == 1 else 's'}"
        does = f"{files} removed" if pruned else f"{files} left; --prune removes them"
        lines += [f"warning: {what} is not in the catalog: {does}", f"  {gone.warning}"]
    return "".join(f"{line}\n" for line in lines)


def _unresolved(each: Unresolved) -> list[str]:
    lines = [f"{each.where}: conflict: {each.message}"]
    if each.ours or each.theirs:
        lines += [f"  on disk:   {each.ours}", f"  generated: {each.theirs}"]
    return [*lines, f"  {each.hint}"]


def provenance(rows: tuple[Provenance, ...]) -> str:
    """Return a table: environment, field, value, and where the value comes from."""
    cells = [("ENVIRONMENT", "FIELD", "VALUE", "FROM")]
    cells += [(row.environment or "all", row.field, row.value, row.source) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) + "\n"
        for row in cells
    )
