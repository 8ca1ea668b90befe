"""What runs spent, added up, held against budgets, and written for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.domain.agent_run import Usage
from sealock.domain.settings import PeriodBudget
from sealock.domain.spending import By, Spending, period_start, report
from sealock.report import usage_export, usage_text

_NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def _spent(run: str = "1", **more: object) -> Spending:
    first = Spending(
        run, "onboard", "gpt-5.5", ("ledger",), "", _NOW, "done", Usage(1000, 200, 300, 100), 0.5
    )
    return msgspec.structs.replace(first, **more)


_RUNS = [
    _spent(),
    _spent("2", task="review", services=("ledger", "mailer"), cost_usd=0.1),
    _spent("3", task="", services=(), started=_NOW - timedelta(days=9), cost_usd=0.2, pipeline="77"),
]


def test_the_table_shows_groups_budgets_and_the_trend() -> None:
    budgets = [PeriodBudget("month", usd=1.0, alert_at=(50, 75)), PeriodBudget("day", tokens=2000)]
    found = report(_RUNS, "task", budgets, _NOW)

    assert usage_text.document(found) == snapshot("""\
task     runs  input  cached  output  reasoning     USD
onboard     1  1,000     200     300        100  0.5000
(none)      1  1,000     200     300        100  0.2000
review      1  1,000     200     300        100  0.1000
total       3  3,000     600     900        300  0.8000

this month: $0.8000 of $1.00 (80 %)
this day: 2,600 of 2,000 tokens (130 %)

last 7 days: $0.6000, +200 % against the 7 before
""")
    assert list(usage_text.alerts(found)) == snapshot(
        [
            "the budget of this month has reached 75 %: $0.8000 of $1.00 (80 %)",
            "the budget of this day is exceeded: 2,600 of 2,000 tokens (130 %)",
        ]
    )


def test_a_run_for_two_services_counts_half_for_each() -> None:
    groups = {each.name: each.cost_usd for each in report(_RUNS, "service", (), _NOW).groups}

    assert groups == {"ledger": 0.55, "mailer": 0.05, "(none)": 0.2}


def test_days_are_in_the_order_of_time() -> None:
    names = [each.name for each in report(_RUNS, "day", (), _NOW).groups]

    assert names == ["2026-11-12", "2026-11-21"]


@pytest.mark.parametrize(
    ("per", "start"), [("day", "2026-11-21"), ("week", "2026-11-16"), ("month", "2026-11-01")]
)
def test_a_period_begins_at_midnight(per: Literal["day", "week", "month"], start: str) -> None:
    assert f"{period_start(per, _NOW):%Y-%m-%d}" == start


_ANY = st.builds(
    Spending,
    run=st.uuids().map(str),
    task=st.text(max_size=3),
    model=st.sampled_from(["a", "b"]),
    services=st.lists(st.sampled_from("xyz"), unique=True, max_size=3).map(tuple),
    pipeline=st.text(max_size=2),
    started=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    outcome=st.just("done"),
    usage=st.builds(Usage, *(st.integers(0, 10**6),) * 4),
    cost_usd=st.floats(0, 100),
)


@given(st.lists(_ANY, max_size=8), st.sampled_from(["task", "service", "model", "day", "pipeline"]))
def test_groups_add_up_to_the_whole(spent: list[Spending], by: By) -> None:
    found = report(spent, by, (), _NOW)

    assert sum(each.cost_usd for each in found.groups) == pytest.approx(found.total.cost_usd, abs=1e-6)
    assert sum(each.input for each in found.groups) == pytest.approx(found.total.input, abs=0.1)


def test_prometheus_gets_gauges_with_escaped_labels() -> None:
    found = report([_spent(task='a"b\n')], "task", [PeriodBudget("month", usd=1.0)], _NOW)
    lines = usage_export.prometheus(found).splitlines()

    assert 'sealock_agent_cost_usd{task="a\\"b\\n"} 0.5' in lines
    assert 'sealock_agent_budget_spent_ratio{per="month"} 0.5' in lines


def test_a_name_that_is_a_formula_is_text_in_csv() -> None:
    found = report([_spent(task="=cmd()")], "task", (), _NOW)

    assert usage_export.csv(found) == snapshot("""\
task,runs,input,cached_input,output,reasoning,cost_usd
'=cmd(),1,1000.0,200.0,300.0,100.0,0.5
""")


def test_opentelemetry_gets_points_with_their_time() -> None:
    found = json.loads(usage_export.otel(report([_spent()], "model", (), _NOW)))
    metrics = found["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    point = metrics[0]["gauge"]["dataPoints"][0]

    assert [each["name"] for each in metrics] == [
        "gen_ai.client.token.usage",
        "sealock.agent.cost",
        "sealock.agent.runs",
    ]
    assert point["timeUnixNano"] == f"{int(_NOW.timestamp())}000000000"
    assert point["attributes"][0] == {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-5.5"}}
