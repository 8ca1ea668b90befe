"""What runs of the agent spent, added up."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from sealock.domain.agent_run import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.settings import PeriodBudget

By = Literal["task", "service", "model", "day", "pipeline"]

_DAYS_OF_TREND = 7
_NOBODY = "(none)"


class Spending(msgspec.Struct, frozen=True):
    """What one run spent; `pipeline` is the CI run that it belongs to, or empty."""

    run: str
    task: str
    model: str
    services: tuple[str, ...]
    pipeline: str
    started: datetime
    outcome: str
    usage: Usage
    cost_usd: float


class Total(msgspec.Struct, frozen=True):
    """What the runs of one group spent. A run for several services counts for each with its share."""

    name: str
    runs: int
    input: float
    cached_input: float
    output: float
    reasoning: float
    cost_usd: float


class Trend(msgspec.Struct, frozen=True):
    """US dollars of the last seven days, and of the seven before."""

    last: float
    before: float


class BudgetState(msgspec.Struct, frozen=True):
    """How much of a budget is spent in the period that holds now; `since` is its beginning, in UTC.

    `percent` is of what is nearest to its limit; `alert` the highest threshold that it reached, 0 for none.
    """

    per: Literal["day", "week", "month"]
    since: datetime
    usd: float
    tokens: int
    of_usd: float | None
    of_tokens: int | None
    percent: float
    alert: int

    @property
    def exceeded(self) -> bool:
        """Whether more is spent than the budget has."""
        return self.percent > 100  # noqa: PLR2004 - all of it


class UsageReport(msgspec.Struct, frozen=True):
    """The ledger's runs at a time: in groups, largest first, all of them in one, budgets, the trend."""

    at: datetime
    by: By
    groups: tuple[Total, ...]
    total: Total
    trend: Trend
    budgets: tuple[BudgetState, ...]


def report(spent: Sequence[Spending], by: By, budgets: Sequence[PeriodBudget], now: datetime) -> UsageReport:
    """Return what was spent, in groups."""
    groups: defaultdict[str, list[tuple[Spending, float]]] = defaultdict(list)
    for each in spent:
        names = _names(each, by)
        for name in names:
            groups[name].append((each, 1 / len(names)))
    totals = [_total(name, shares) for name, shares in groups.items()]
    order = (lambda each: (each.name,)) if by == "day" else (lambda each: (-each.cost_usd, each.name))
    return UsageReport(
        at=now,
        by=by,
        groups=tuple(sorted(totals, key=order)),
        total=_total("total", [(each, 1.0) for each in spent]),
        trend=_trend(spent, now),
        budgets=tuple(_state(spent, each, now) for each in budgets),
    )


def period_start(per: Literal["day", "week", "month"], now: datetime) -> datetime:
    """Return when the day, the week (Monday) or the month began, in the zone of `now`."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if per == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if per == "month" else day


def _names(each: Spending, by: By) -> tuple[str, ...]:
    match by:
        case "task":
            return (each.task or _NOBODY,)
        case "service":
            return each.services or (_NOBODY,)
        case "model":
            return (each.model,)
        case "pipeline":
            return (each.pipeline or _NOBODY,)
        case "day":
            return (f"{each.started:%Y-%m-%d}",)


def _total(name: str, shares: Sequence[tuple[Spending, float]]) -> Total:
    def amount(field: str) -> float:
        found = sum(getattr(each.usage, field) * share for each, share in shares)
        return float(round(found, 3))

    return Total(
        name=name,
        runs=len(shares),
        input=amount("input"),
        cached_input=amount("cached_input"),
        output=amount("output"),
        reasoning=amount("reasoning"),
        cost_usd=round(sum(each.cost_usd * share for each, share in shares), 9),
    )


def _trend(spent: Sequence[Spending], now: datetime) -> Trend:
    week = timedelta(days=_DAYS_OF_TREND)
    last = sum(each.cost_usd for each in spent if now - week < each.started <= now)
    before = sum(each.cost_usd for each in spent if now - 2 * week < each.started <= now - week)
    return Trend(round(last, 9), round(before, 9))


def _state(spent: Sequence[Spending], budget: PeriodBudget, now: datetime) -> BudgetState:
    since = period_start(budget.per, now)
    within = [each for each in spent if each.started >= since]
    usd = round(sum(each.cost_usd for each in within), 9)
    tokens = sum(each.usage.input + each.usage.output for each in within)
    percent = round(max(_percents(usd, tokens, budget), default=0.0), 1)
    alert = max((each for each in budget.alert_at if percent >= each), default=0)
    return BudgetState(budget.per, since, usd, tokens, budget.usd, budget.tokens, percent, alert)


def _percents(usd: float, tokens: int, budget: PeriodBudget) -> Iterator[float]:
    if budget.usd:
        yield 100 * usd / budget.usd
    if budget.tokens:
        yield 100 * tokens / budget.tokens
