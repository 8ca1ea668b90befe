"""Shows what an agent does while it runs: a live line on a terminal, groups in CI, lines of JSON."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.agent_events import AgentEvent
    from sealock.report.agent_lines import LogStyle

    Watch = Callable[[float, bytes], None]

# ruff: noqa: PLC0415 - `--help` loads none of this


@contextmanager
def shown(form: str, *, quiet: bool) -> Iterator[Watch]:
    """Give what shows the agent's lines: as JSON on standard output, or for people on standard error."""
    from sealock.domain.agent_events import CodexEvents

    events = CodexEvents()
    with _show(form, quiet=quiet) as show:

        def watch(seconds: float, line: bytes) -> None:
            event = events.read(line, seconds)
            if event is not None:
                show(event)

        yield watch


@contextmanager
def _show(form: str, *, quiet: bool) -> Iterator[Callable[[AgentEvent], None]]:
    if form == "jsonl":
        yield _json_line
    elif quiet:
        yield _nothing
    elif sys.stderr.isatty() and not _ci():
        with _live() as show:
            yield show
    else:
        yield _log(_ci() or "plain")


def _ci() -> LogStyle | None:
    """Return whose logs these are."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    return "gitlab" if os.environ.get("GITLAB_CI") else None


def _json_line(event: AgentEvent) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


def _nothing(event: AgentEvent) -> None:
    del event


def _log(style: LogStyle) -> Callable[[AgentEvent], None]:
    from sealock.report.agent_lines import log_lines

    # The agent cannot guess what makes the CI system listen again.
    token = secrets.token_hex(16)

    def show(event: AgentEvent) -> None:
        for line in log_lines(event, style, token):
            click.echo(line, err=True)

    return show


@contextmanager
def _live() -> Iterator[Callable[[AgentEvent], None]]:
    """Show what happens now on one line that moves, and what is worth keeping above it."""
    from rich.console import Console
    from rich.text import Text

    from sealock.domain.agent_events import CommandEnded, Edited, Failed, Planned, Warned
    from sealock.report.agent_lines import headline

    console = Console(stderr=True)
    with console.status("the agent starts") as status:

        def show(event: AgentEvent) -> None:
            words = headline(event)
            if not words:
                return
            if isinstance(event, CommandEnded | Edited | Failed | Planned | Warned):
                console.print(Text(f"[{event.at:7.1f} s] {words}"))
            status.update(Text(words))

        yield show


def answer(text: str, *, data: bool) -> None:
    """Print an answer on standard output; what is no data is made harmless where somebody obeys it."""
    if data or not text:
        click.echo(text, nl=False)
    elif _ci() == "github":
        token = secrets.token_hex(16)
        click.echo(f"::stop-commands::{token}\n{text.rstrip()}\n::{token}::")
    elif sys.stdout.isatty():
        from sealock.domain.printable import printable

        for line in text.splitlines():
            click.echo(printable(line, len(line)))
    else:
        click.echo(text, nl=False)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of progress to a command."""
    return click.option("--quiet", is_flag=True, help="Show nothing while the agent runs.")(command)
