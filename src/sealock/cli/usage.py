"""`sealock usage`: parse the options, add up, report."""

from __future__ import annotations

import sys
from typing import Any

import click

from sealock.cli.place_options import REPO
from sealock.wiring import repository_root

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock usage
  sealock usage --by day
  sealock usage --prometheus > /var/lib/node_exporter/sealock.prom
  sealock usage --by service --csv

Exit codes: 0 within the budgets, 1 one is exceeded, 2 usage or configuration, 3 could not be told.
"""


@click.command("usage", epilog=_EPILOG)
@click.option(
    "--by",
    type=click.Choice(["task", "service", "model", "day", "pipeline"]),
    default="task",
    show_default=True,
    help="One line for each.",
)
@click.option("--prometheus", "form", flag_value="prometheus", help="In Prometheus' text format.")
@click.option("--csv", "form", flag_value="csv", help="As comma-separated values.")
@click.option("--otel", "form", flag_value="otel", help="As OpenTelemetry metrics, in OTLP's JSON.")
@click.option("--json", "form", flag_value="json", help="As one JSON document.")
@REPO
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Show what the agent's runs have spent: tokens, dollars, budgets, and the trend of two weeks.

    It all comes from `.sealock/usage.jsonl`, and from records of runs that broke off. A budget that has
    reached one of its thresholds is said on standard error.
    """
    from sealock.report import usage_export, usage_text
    from sealock.wiring import chamber

    report = chamber.usage(repository_root(options["repo"]), options["by"])
    writers = {
        "prometheus": usage_export.prometheus,
        "csv": usage_export.csv,
        "otel": usage_export.otel,
        "json": usage_export.document,
        None: usage_text.document,
    }
    sys.stdout.buffer.write(writers[options["form"]](report).encode("utf-8", "backslashreplace"))
    for line in usage_text.alerts(report):
        click.echo(line, err=True)
    return 1 if any(each.exceeded for each in report.budgets) else 0
