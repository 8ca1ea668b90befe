"""Writes the reference pages that come from the code: the commands' help, and schemas.

    python tools/write_reference.py [--check]

With --check nothing is written; the exit code is 1 when a page is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import msgspec

from sealock.cli.main import root
from sealock.config import schema
from sealock.domain import agent_events
from sealock.domain.gate_question import GateQuestion
from sealock.report import diff_json, explain_json, findings_json, history_json, promotion_json, status_json

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
WIDTH = 100


def _help(command: click.Command, name: str, parent: click.Context | None) -> str:
    with click.Context(
        command, info_name=name, parent=parent, max_content_width=WIDTH, terminal_width=WIDTH
    ) as it:
        return command.get_help(it).rstrip()


def command_line() -> str:
    """Return the page of all commands, each with its help as printed."""
    top = click.Context(root, info_name="sealock")
    parts = ["# Commands", "Written by `tools/write_reference.py` from the programs' own help; do not edit."]
    parts.append(f"```text\n{_help(root, 'sealock', None)}\n```")
    for name in root.list_commands(top):
        command = root.get_command(top, name)
        if command is not None:
            parts.append(f"## sealock {name}\n```text\n{_help(command, name, top)}\n```")
        if isinstance(command, click.Group):
            inside = click.Context(command, info_name=name, parent=top)
            for under, each in sorted(command.commands.items()):
                parts.append(f"### sealock {name} {under}\n```text\n{_help(each, under, inside)}\n```")
    return "\n\n".join(parts) + "\n"


def diff_schema() -> str:
    """Return the JSON Schema of what `sealock diff --format json` prints."""
    return json.dumps(diff_json.json_schema(), indent=2) + "\n"


def check_schema() -> str:
    """Return the JSON Schema of what `sealock check --format json` prints."""
    return json.dumps(findings_json.json_schema(), indent=2) + "\n"


def explain_schema() -> str:
    """Return the JSON Schema of what `sealock explain --format json` prints."""
    return json.dumps(explain_json.json_schema(), indent=2) + "\n"


def evidence_schema() -> str:
    """Return the JSON Schema of a piece of evidence."""
    return json.dumps(schema.evidence(), indent=2) + "\n"


def status_schema() -> str:
    """Return the JSON Schema of what `sealock status --format json` prints."""
    return json.dumps(status_json.json_schema(), indent=2) + "\n"


def history_schema() -> str:
    """Return the JSON Schema of what `sealock history --format json` prints."""
    return json.dumps(history_json.json_schema(), indent=2) + "\n"


def promotion_plan_schema() -> str:
    """Return the JSON Schema of a plan of `sealock promote`, `rollback` or `hotfix`."""
    return json.dumps(promotion_json.plan_schema(), indent=2) + "\n"


def promotion_result_schema() -> str:
    """Return the JSON Schema of what these print with `--apply --format json`."""
    return json.dumps(promotion_json.result_schema(), indent=2) + "\n"


def gate_program_page() -> str:
    """Return the page on programs as gates, with the schema of what they read as the code has it."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(GateQuestion)}
    page = (REFERENCE / "gate-program.md").read_text()
    before, _, rest = page.partition("```json\n")
    after = rest.partition("\n```\n")[2]
    return f"{before}```json\n{json.dumps(found, indent=2)}\n```\n{after}"


def agent_events_schema() -> str:
    """Return the JSON Schema of a line that `sealock exec --format json` prints."""
    return json.dumps(agent_events.json_schema(), indent=2) + "\n"


PAGES = {
    REFERENCE / "commands.md": command_line,
    REFERENCE / "gate-program.md": gate_program_page,
    REFERENCE / "check.schema.json": check_schema,
    REFERENCE / "diff.schema.json": diff_schema,
    REFERENCE / "status.schema.json": status_schema,
    REFERENCE / "history.schema.json": history_schema,
    REFERENCE / "explain.schema.json": explain_schema,
    REFERENCE / "evidence.schema.json": evidence_schema,
    REFERENCE / "promotion-plan.schema.json": promotion_plan_schema,
    REFERENCE / "promotion-result.schema.json": promotion_result_schema,
    REFERENCE / "agent-events.schema.json": agent_events_schema,
}


def stale() -> list[Path]:
    """Return the pages that differ from what would be written now."""
    return [page for page, write in PAGES.items() if not page.exists() or page.read_text() != write()]


def main() -> None:
    """Write every page, or with --check say which are stale."""
    found = stale()
    if "--check" in sys.argv[1:]:
        sys.exit("\n".join(f"{page} is stale: run tools/write_reference.py" for page in found) or 0)
    for page in found:
        page.write_text(PAGES[page]())
        print(page.relative_to(REFERENCE.parent.parent))


if __name__ == "__main__":
    main()
