"""`sealock exec`: parse the options, run the agent sealed, print what came of it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sealock.cli import agent_progress, agent_terms, exec_each
from sealock.cli.place_options import REPO
from sealock.errors import UsageError
from sealock.wiring import deployed, files, repository_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.app.run_agent import AgentRequest, RunOutcome
    from sealock.domain.agent_advice import Need
    from sealock.domain.agent_run import BackendName
    from sealock.domain.settings import AgentTask, Settings

# ruff: noqa: PLC0415 - `--help` loads none of this

_EPILOG = """\b
Examples:
  sealock exec --task review "Which overlay lacks limits?"
  sealock exec --task fix - < prompt.md
  sealock exec --model gpt-5.5 --dry-run "Name three risks"
  sealock exec --advise --needs writes
"""
_EXITS = {"done": 0, "refused": 1, "failed": 3}
_MOST_PROMPT = 4 << 20


@click.command("exec", epilog=_EPILOG)
@click.argument("prompt", required=False)
@click.option("--task", default="", metavar="NAME", help="A task of sealock.yaml: agent.NAME.")
@click.option("--model", default="", metavar="NAME", help="Another model than the task's.")
@click.option("--effort", type=click.Choice(["minimal", "low", "medium", "high", "xhigh"]))
@click.option("--sandbox", type=click.Choice(["read-only", "workspace-write"]), help="What it may write.")
@click.option("--base", default="HEAD", show_default=True, metavar="REV", help="What the agent works on.")
@click.option(
    "--backend",
    type=click.Choice(["bwrap", "container", "none"]),
    default="bwrap",
    show_default=True,
    help="What seals it.",
)
@click.option("--unsealed", is_flag=True, help="Run it without a sandbox around it; the record says so.")
@click.option("--allow-untested", is_flag=True, help="Take a version of Codex that was never tested.")
@click.option("--no-record", is_flag=True, help="Keep no record but what it spent.")
@click.option("--otel", is_flag=True, help="Tell the OpenTelemetry collector of it, over OTLP/HTTP.")
@click.option("--dry-run", is_flag=True, help="Print exactly what would be started, and start nothing.")
@click.option("--advise", is_flag=True, help="Say which sandbox a task needs, and why; start nothing.")
@click.option(
    "--needs",
    multiple=True,
    type=click.Choice(["writes", "network", "structured"]),
    help="With --advise: what it needs.",
)
@click.option("-o", "--output", default="", metavar="FILE", help="Write the answer there, all or nothing.")
@agent_terms.options
@exec_each.options
@REPO
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="jsonl: a line for each event as it comes, the result last.",
)
@agent_progress.options
def command(**options: Any) -> int:  # noqa: ANN401 - click's own
    """Run the Codex agent once, sealed: nothing of this machine but the commit reaches it.

    PROMPT is what is asked; `-` reads it from standard input. The answer goes to standard output. Exit code
    0: done. 1: refused, by policy, schema or budget. 2: usage. 3: it could not run, or not to its end.
    """
    from sealock.wiring import chamber

    root = repository_root(options["repo"])
    said = deployed.settings_of(files(root))
    if options["advise"]:
        return _advise(options, said)
    task = _task(options, said)
    contract = agent_terms.schema_of(options, task, root)
    request = _request(options, task, _backend(options), root, contract.sent if contract else "")
    terms = agent_terms.terms_of(options, contract, root, said, request.backend)
    telemetry = None if options["dry_run"] else chamber.telemetry(asked=options["otel"], say=_warn)
    run = chamber.RunOptions(
        options["allow_untested"], keep_record=not options["no_record"], telemetry=telemetry
    )
    if options["each"]:
        with _terminable():
            return exec_each.run_each(options, root, request, (contract, terms), (said, run))
    take = agent_terms.accept_of(options, root)
    with _terminable(), chamber.agents(root, said, run, at_once=not options["dry_run"]) as agents:
        if options["dry_run"]:
            return _show(agents.prepare(request, terms), options["form"])
        with agent_progress.shown(options["form"], quiet=options["quiet"]) as watch:
            outcome = chamber.traced(run, watch, lambda see, ended: agents.run(request, see, terms, ended))
        return _report(outcome, options, take)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: what it spent is written down, and all that it started ends."""

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _warn(line: str) -> None:
    click.echo(f"warning: {line}", err=True)


def _backend(options: dict[str, Any]) -> BackendName:
    if options["unsealed"]:
        return "none"
    if options["backend"] == "none":
        message = "the backend none seals nothing"
        raise UsageError(message, hint="Say so: --unsealed.")
    backend: BackendName = options["backend"]
    return backend


def _task(options: dict[str, Any], said: Settings) -> AgentTask:
    from sealock.wiring.chamber import task_named

    task = task_named(said, options["task"])
    changes = {key: options[key] for key in ("model", "effort", "sandbox") if options[key]}
    return msgspec.structs.replace(task, **changes)


def _request(
    options: dict[str, Any], task: AgentTask, backend: BackendName, root: str, schema: str
) -> AgentRequest:
    from sealock.app.run_agent import AgentRequest

    return AgentRequest(
        name=options["task"],
        task=task,
        prompt=_prompt(options["prompt"], task, root),
        revision=options["base"],
        backend=backend,
        schema=schema,
    )


def _prompt(asked: str | None, task: AgentTask, root: str) -> str:
    text = asked or ""
    if asked == "-":
        text = sys.stdin.buffer.read(_MOST_PROMPT + 1).decode("utf-8", "replace")
    elif asked is None and task.prompt:
        text = _of_repository(root, task.prompt, "prompt")
    if not text.strip():
        message = "nothing is asked"
        raise UsageError(
            message, hint='Give a prompt: sealock exec --task NAME "…", or - for standard input.'
        )
    if len(text.encode()) > _MOST_PROMPT:
        message = f"the prompt is longer than {_MOST_PROMPT >> 20} MiB"
        raise UsageError(message, hint="Put what is long into files of the repository.")
    return text


def _of_repository(root: str, path: str, what: str) -> str:
    try:
        return Path(root, path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = os.strerror(wrong.errno or 0) if isinstance(wrong, OSError) else "it is not UTF-8"
        message = f"the task's {what} {path} cannot be read: {reason}"
        raise UsageError(message, hint="The path is relative to the repository's root.") from None


def _show(prepared: Any, form: str) -> int:  # noqa: ANN401 - Prepared
    from sealock.report import agent_run

    if form == "json":
        sys.stdout.buffer.write(agent_run.prepared_json(prepared))
    else:
        click.echo("\n".join(agent_run.prepared_text(prepared)))
    return 0


def _report(outcome: RunOutcome, options: dict[str, Any], take: Callable[[RunOutcome], str] | None) -> int:
    from sealock.report import agent_run

    manifest = outcome.manifest
    taken = take(outcome) if take and manifest.outcome == "done" else ""
    if options["output"] and manifest.outcome == "done":
        agent_terms.write(Path(options["output"]), outcome.answer.encode())
    if options["raw_output"]:
        agent_terms.write(Path(options["raw_output"]), manifest.final_message.encode())
    if options["form"] == "json":
        sys.stdout.buffer.write(agent_run.result_json(outcome))
    elif options["form"] == "jsonl":
        sys.stdout.buffer.write(agent_run.result_line(outcome))
    else:
        agent_progress.answer(outcome.answer, data="answer" in manifest.details)
        click.echo("\n".join(agent_run.result_lines(outcome)), err=True)
    if taken:
        click.echo(f"  taken: {taken}", err=True)
    return _EXITS[manifest.outcome]


def _advise(options: dict[str, Any], said: Settings) -> int:
    from sealock.domain.agent_advice import advise
    from sealock.report import agent_run

    needs: set[Need] = set(options["needs"])
    network: tuple[str, ...] = ()
    if options["task"]:
        task = _task(options, said)
        needs |= {"writes"} if task.sandbox == "workspace-write" else set()
        needs |= {"structured"} if task.schema else set()
        needs |= {"network"} if task.network else set()
        network = task.network if options["backend"] == "container" and not options["unsealed"] else ()
    decision = advise(frozenset(needs), network)
    if options["form"] == "json":
        sys.stdout.buffer.write(agent_run.advice_json(decision))
    else:
        click.echo("\n".join(agent_run.advice_text(decision)))
    return 0 if decision.sandbox else 1
