"""What the agent's runs have spent, for programs: JSON, CSV, Prometheus, OpenTelemetry."""

from __future__ import annotations

import csv as csv_format
import io
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.spending import Total, UsageReport

SCHEMA = "sealock.dev/usage/v1"

_FIELDS = ("runs", "input", "cached_input", "output", "reasoning", "cost_usd")
_KINDS = ("input", "cached_input", "output", "reasoning")
_METRICS = (
    ("sealock_agent_runs", "Runs of the agent."),
    ("sealock_agent_cost_usd", "US dollars that the agent's runs have cost."),
)
_TOKENS = "sealock_agent_tokens", "Tokens; input includes cached_input, output includes reasoning."
_SPENT = "sealock_agent_budget_spent_ratio", "How much of a budget is spent in the period that holds now."


def document(report: UsageReport) -> str:
    """Return one JSON document."""
    body = {"schema": SCHEMA, **msgspec.to_builtins(report)}
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n"


def csv(report: UsageReport) -> str:
    """Return one line for each group, after a head."""
    made = io.StringIO()
    writer = csv_format.writer(made, lineterminator="\n")
    writer.writerow((report.by, *_FIELDS))
    for each in report.groups:
        # A name that a spreadsheet would take for a formula is text.
        name = f"'{each.name}" if each.name[:1] in "=+-@\t\r" else each.name
        writer.writerow((name, *(getattr(each, field) for field in _FIELDS)))
    return made.getvalue()


def prometheus(report: UsageReport) -> str:
    """Return gauges in the text format: a ledger is kept by hand, and can shrink."""
    return "".join(f"{line}\n" for line in _prometheus(report))


def _prometheus(report: UsageReport) -> Iterator[str]:
    for name, about in _METRICS:
        field = "runs" if name.endswith("runs") else "cost_usd"
        yield from _head(name, about)
        yield from (f"{name}{{{_label(report, each)}}} {getattr(each, field)}" for each in report.groups)
    yield from _head(*_TOKENS)
    for each in report.groups:
        for kind in _KINDS:
            yield f'{_TOKENS[0]}{{{_label(report, each)},kind="{kind}"}} {getattr(each, kind)}'
    if report.budgets:
        yield from _head(*_SPENT)
    for state in report.budgets:
        yield f'{_SPENT[0]}{{per="{state.per}"}} {state.percent / 100:g}'


def _head(name: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} gauge"


def _label(report: UsageReport, total: Total) -> str:
    escaped = total.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{report.by}="{escaped}"'


def otel(report: UsageReport) -> str:
    """Return OTLP's JSON, with the names of the GenAI conventions where they have one."""
    metrics = [
        _gauge("gen_ai.client.token.usage", "{token}", list(_token_points(report))),
        _gauge("sealock.agent.cost", "USD", [_point(report, each, each.cost_usd) for each in report.groups]),
        _gauge("sealock.agent.runs", "{run}", [_point(report, each, each.runs) for each in report.groups]),
    ]
    resource = {"attributes": [_attribute("service.name", "sealock")]}
    scope = {"scope": {"name": "sealock.usage"}, "metrics": metrics}
    body = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]}
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n"


def _token_points(report: UsageReport) -> Iterator[dict[str, Any]]:
    for each in report.groups:
        for kind in _KINDS:
            yield _point(report, each, getattr(each, kind), _attribute("gen_ai.token.type", kind))


def _gauge(name: str, unit: str, points: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "unit": unit, "gauge": {"dataPoints": points}}


def _point(report: UsageReport, total: Total, value: float, *more: dict[str, Any]) -> dict[str, Any]:
    name = "gen_ai.request.model" if report.by == "model" else f"sealock.{report.by}"
    nanoseconds = str(int(report.at.timestamp()) * 1_000_000_000)
    attributes = [_attribute(name, total.name), *more]
    return {"attributes": attributes, "timeUnixNano": nanoseconds, "asDouble": float(value)}


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}
