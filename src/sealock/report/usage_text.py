"""What the agent's runs have spent, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.spending import BudgetState, Total, UsageReport

_MOST_NAME = 40
_HEAD = ("runs", "input", "cached", "output", "reasoning", "USD")


def document(report: UsageReport) -> str:
    """Return a table, the budgets below it, and the trend."""
    return "\n".join([*_table(report), *_rest(report), ""])


def alerts(report: UsageReport) -> Iterator[str]:
    """Yield a line for each budget that has reached a threshold, or is exceeded."""
    for each in report.budgets:
        if each.exceeded:
            yield f"the budget of this {each.per} is exceeded: {_spent(each)}"
        elif each.alert:
            yield f"the budget of this {each.per} has reached {each.alert} %: {_spent(each)}"


def _table(report: UsageReport) -> Iterator[str]:
    rows = [(report.by, *_HEAD), *map(_row, report.groups)]
    rows += [_row(report.total)] if len(report.groups) > 1 else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *values in rows:
        numbers = (each.rjust(width) for each, width in zip(values, widths[1:], strict=True))
        yield f"{name.ljust(widths[0])}  {'  '.join(numbers)}".rstrip()


def _row(total: Total) -> tuple[str, ...]:
    tokens = (total.input, total.cached_input, total.output, total.reasoning)
    name = printable(total.name, _MOST_NAME)
    return (name, str(total.runs), *(f"{each:,.0f}" for each in tokens), f"{total.cost_usd:.4f}")


def _rest(report: UsageReport) -> Iterator[str]:
    if report.budgets:
        yield ""
    yield from (f"this {each.per}: {_spent(each)}" for each in report.budgets)
    trend = report.trend
    if trend.before:
        change = 100 * (trend.last - trend.before) / trend.before
        yield f"\nlast 7 days: ${trend.last:.4f}, {change:+.0f} % against the 7 before"
    elif trend.last:
        yield f"\nlast 7 days: ${trend.last:.4f}, and nothing in the 7 before"


def _spent(state: BudgetState) -> str:
    parts = [f"${state.usd:.4f} of ${state.of_usd:.2f}"] if state.of_usd is not None else []
    parts += [f"{state.tokens:,} of {state.of_tokens:,} tokens"] if state.of_tokens is not None else []
    return f"{', '.join(parts)} ({state.percent:g} %)"
