"""An agent's events for people: a line each on a terminal, groups in the logs of GitHub and GitLab.

All text is foreign. Characters that a terminal obeys are shown as escapes, and no line of it can be a
command to the CI system: GitHub is told to stop listening around it, with a token that the agent cannot
know; a group of GitLab begins with escape characters, which foreign text cannot have here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sealock.domain.agent_events import (
    CommandEnded,
    CommandStarted,
    Edited,
    Failed,
    Finished,
    Planned,
    Said,
    Searched,
    Started,
    Thought,
    ToolCalled,
    Unknown,
    Warned,
)
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.agent_events import AgentEvent

LogStyle = Literal["plain", "github", "gitlab"]

_MOST_LINE = 200
_MOST_SHOWN = 400
_SIGNS = {"add": "+", "delete": "-", "update": "~", "unknown": "?"}


def headline(event: AgentEvent) -> str:
    """Return an event in one line; empty where a person need not see it."""
    return _HEADLINES[type(event)](event)


def _ended(event: CommandEnded) -> str:
    if event.status == 0:
        return ""
    how = "was not started" if event.status is None else f"ended with {event.status}"
    return f"{_short(event.command)} {how}"


def _edited(event: Edited) -> str:
    paths = ", ".join(f"{_SIGNS[each.op]}{_short(each.path)}" for each in event.edits)
    return f"{'edits' if event.applied else 'could not edit'} {paths}"


def _called(event: ToolCalled) -> str:
    failed = f": {_short(event.error)}" if event.error else ""
    return f"asks {_short(event.server)} for {_short(event.tool)}{failed}"


def _planned(event: Planned) -> str:
    done = sum(each.done for each in event.steps)
    now = next((each.text for each in event.steps if not each.done), "")
    return f"plan: {done} of {len(event.steps)} done" + (f", next {_short(now)}" if now else "")


def _short(text: str) -> str:
    return printable(" ".join(text.split()), _MOST_LINE)


_HEADLINES: dict[type, Callable[[Any], str]] = {
    Started: lambda _: "the agent runs",
    CommandStarted: lambda event: f"runs {_short(event.command)}",
    CommandEnded: _ended,
    Edited: _edited,
    ToolCalled: _called,
    Searched: lambda event: f"searches for {_short(event.query)}",
    Said: lambda event: f"says: {_short(event.text)}",
    Thought: lambda event: f"thinks: {_short(event.text)}",
    Planned: _planned,
    Warned: lambda event: f"warning: {_short(event.message)}",
    Failed: lambda event: f"failed: {_short(event.message)}",
    Finished: lambda event: f"finished: {event.usage.input} tokens in, {event.usage.output} out",
    Unknown: lambda event: f"does something unknown: {_short(event.what)}",
}


def log_lines(event: AgentEvent, style: LogStyle, token: str) -> Iterator[str]:
    """Yield an event as lines of a log, what is long in a group.

    `token` is one that nobody can guess, and the same for the whole run.
    """
    title, body = headline(event), _body(event)
    if not title and not body:
        return
    title = title or (f"ran {_short(event.command)}" if isinstance(event, CommandEnded) else "output")
    lines = [f"[{event.at:7.1f} s] {title}"]
    if style == "plain":
        yield from (*lines, *(f"    {each}" for each in body))
    elif style == "github":
        yield from _github(lines[0], body, token)
    else:
        yield from _gitlab(lines[0], body, f"sealock_{token}_{round(event.at * 1000)}")


def _github(title: str, body: list[str], token: str) -> Iterator[str]:
    """Yield a group of GitHub's log (docs: workflow commands, "Stopping and starting workflow commands")."""
    if not body:
        yield from (f"::stop-commands::{token}", title, f"::{token}::")
        return
    # A title is data of a command: percent signs and line ends are escaped.
    yield f"::group::{title.replace('%', '%25')}"
    yield from (f"::stop-commands::{token}", *body, f"::{token}::")
    yield "::endgroup::"


def _gitlab(title: str, body: list[str], name: str) -> Iterator[str]:
    """Yield a collapsed section of GitLab's log (docs: "Custom collapsible sections")."""
    if not body:
        yield title
        return
    yield f"\x1b[0Ksection_start:0:{name}[collapsed=true]\r\x1b[0K{title}"
    yield from body
    yield f"\x1b[0Ksection_end:0:{name}\r\x1b[0K"


def _body(event: AgentEvent) -> list[str]:
    """Return what a group holds: the end of an output, a whole message."""
    if isinstance(event, CommandEnded):
        text, cut = event.output, event.cut
    elif isinstance(event, Said | Thought):
        text, cut = event.text, 0
        if len(text) <= _MOST_LINE and "\n" not in text.strip():
            return []
    else:
        return []
    lines = text.splitlines()
    shown = [printable(each, 2000) for each in lines[-_MOST_SHOWN:]]
    left = f"… {len(lines) - len(shown)} more lines before this"
    return [left, *shown] if cut or len(shown) < len(lines) else shown
