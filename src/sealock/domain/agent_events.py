"""What an agent does while it runs, as Sealock tells it: version 1 of its schema, whatever Codex calls it.

Each event is one line of JSON with a `type`, and `at`, the seconds since the start. The schema is published
in docs/reference/agent-events.schema.json. What Codex says and this module does not know is an `unknown`
event, never silence. All text is the agent's: untrusted, and cut to a bound that `cut` tells of.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from sealock.domain.agent_run import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA: Literal[1] = 1
MOST_TEXT = 64 * 1024
"""Characters of any one text that an event keeps: the end of an output, the beginning of all else."""
_MOST_ENTRIES = 1000
_SHELL_WORDS = 3
_TITLE = "A line of sealock exec --format json"


class _Event(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    at: float


class Started(_Event, frozen=True, tag="started"):
    """An agent runs: the first event, and one for each time that the answer is asked for again.

    `schema` is the version of all that follow.
    """

    schema: Literal[1] = SCHEMA


class CommandStarted(_Event, frozen=True, tag="command-started"):
    """A command begins; `id` is that of its end."""

    id: str
    command: str


class CommandEnded(_Event, frozen=True, tag="command-ended"):
    """A command ended; `status` is None where it was never started, `cut` characters came before `output`."""

    id: str
    command: str
    status: int | None
    output: str
    cut: int = 0


class Edit(msgspec.Struct, frozen=True):
    """One file of a patch; the path is relative to the workspace, or absolute where it is not in it."""

    path: str
    op: Literal["add", "delete", "update", "unknown"]


class Edited(_Event, frozen=True, tag="edited"):
    """A patch was applied, or not."""

    id: str
    edits: tuple[Edit, ...]
    applied: bool


class ToolCalled(_Event, frozen=True, tag="tool-called"):
    """A tool of an MCP server answered; `error` is empty when it did as asked."""

    id: str
    server: str
    tool: str
    error: str = ""


class Searched(_Event, frozen=True, tag="searched"):
    """The agent searched the web."""

    query: str


class Said(_Event, frozen=True, tag="said"):
    """A message; the last one is the answer."""

    text: str
    cut: int = 0


class Thought(_Event, frozen=True, tag="thought"):
    """A summary of reasoning."""

    text: str
    cut: int = 0


class Step(msgspec.Struct, frozen=True):
    """One step of the agent's plan."""

    text: str
    done: bool


class Planned(_Event, frozen=True, tag="planned"):
    """The agent's plan as it is now."""

    steps: tuple[Step, ...]


class Warned(_Event, frozen=True, tag="warned"):
    """Something went wrong and the run goes on."""

    message: str


class Failed(_Event, frozen=True, tag="failed"):
    """The run cannot go on."""

    message: str


class Finished(_Event, frozen=True, tag="finished"):
    """The agent has nothing more to do; `usage` is what Codex counted of it."""

    usage: Usage


class Unknown(_Event, frozen=True, tag="unknown"):
    """Something that this version does not know; `what` is its type, or the line where it has none."""

    what: str


AgentEvent: TypeAlias = (
    Started
    | CommandStarted
    | CommandEnded
    | Edited
    | ToolCalled
    | Searched
    | Said
    | Thought
    | Planned
    | Warned
    | Failed
    | Finished
    | Unknown
)


class CodexEvents:
    """Reads the lines of `codex exec --json`, in their order."""

    def __init__(self, workspace: str = "/workspace") -> None:
        """Make paths below `workspace`, the folder as the agent sees it, relative."""
        self._folder = workspace.rstrip("/") + "/"
        self._plans: dict[str, tuple[Step, ...]] = {}
        self._items: dict[str, Callable[[float, dict[str, Any], str], AgentEvent | None]] = {
            "command_execution": self._command,
            "file_change": self._edit,
            "mcp_tool_call": self._tool,
            "todo_list": self._plan,
            "agent_message": lambda at, item, phase: _once(phase, Said(at=at, **_text(item))),
            "reasoning": lambda at, item, phase: _once(phase, Thought(at=at, **_text(item))),
            "web_search": lambda at, item, phase: _once(phase, Searched(at=at, query=_start(item, "query"))),
            "error": lambda at, item, phase: _once(phase, Warned(at=at, message=_start(item, "message"))),
        }

    def read(self, line: bytes, seconds: float) -> AgentEvent | None:
        """Return the event of a line; None where it adds nothing to those before."""
        at = round(seconds, 3)
        try:
            found = msgspec.json.decode(line)
            kind = found["type"]
        except (msgspec.DecodeError, RecursionError, TypeError, LookupError):
            return Unknown(at=at, what=line.decode("utf-8", "replace")[:200])
        if kind in {"item.started", "item.updated", "item.completed"}:
            return self._item(at, _table(found.get("item")), kind.partition(".")[2])
        return None if kind == "turn.started" else _of_thread(at, str(kind), found)

    def _item(self, at: float, item: dict[str, Any], phase: str) -> AgentEvent | None:
        kind = str(item.get("type", ""))
        read = self._items.get(kind)
        if read is None:
            return _once(phase, Unknown(at=at, what=kind[:200]))
        return read(at, item, phase)

    @staticmethod
    def _command(at: float, item: dict[str, Any], phase: str) -> AgentEvent | None:
        name, command = _start(item, "id"), _inner(_start(item, "command"))
        if phase == "started":
            return CommandStarted(at=at, id=name, command=command)
        status = item.get("exit_code")
        output = str(item.get("aggregated_output") or "")
        ended = CommandEnded(
            at=at,
            id=name,
            command=command,
            status=status if type(status) is int else None,
            output=output[-MOST_TEXT:],
            cut=max(0, len(output) - MOST_TEXT),
        )
        return _once(phase, ended)

    def _edit(self, at: float, item: dict[str, Any], phase: str) -> AgentEvent | None:
        changes = [_table(each) for each in _list(item.get("changes"))]
        edits = tuple(
            Edit(
                _start(each, "path").removeprefix(self._folder),
                each["kind"] if each.get("kind") in {"add", "delete", "update"} else "unknown",
            )
            for each in changes
        )
        applied = item.get("status") == "completed"
        return _once(phase, Edited(at=at, id=_start(item, "id"), edits=edits, applied=applied))

    @staticmethod
    def _tool(at: float, item: dict[str, Any], phase: str) -> AgentEvent | None:
        failed = item.get("status") != "completed"
        error = _start(_table(item.get("error")), "message") or ("it failed" if failed else "")
        names = (_start(item, "server"), _start(item, "tool"))
        return _once(
            phase, ToolCalled(at=at, id=_start(item, "id"), server=names[0], tool=names[1], error=error)
        )

    def _plan(self, at: float, item: dict[str, Any], _: str) -> AgentEvent | None:
        entries = [_table(each) for each in _list(item.get("items"))]
        steps = tuple(Step(_start(each, "text"), each.get("completed") is True) for each in entries)
        name = _start(item, "id")
        if self._plans.get(name) == steps:
            return None
        self._plans[name] = steps
        return Planned(at=at, steps=steps)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one line."""
    schema: dict[str, Any] = msgspec.json.schema(AgentEvent)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **schema}


def _of_thread(at: float, kind: str, found: dict[str, Any]) -> AgentEvent:
    """Return an event that is not about an item."""
    match kind:
        case "thread.started":
            return Started(at=at)
        case "turn.completed":
            return Finished(at=at, usage=_usage(found.get("usage")))
        case "turn.failed":
            return Failed(at=at, message=_start(_table(found.get("error")), "message"))
        case "error":
            return Warned(at=at, message=_start(found, "message"))
    return Unknown(at=at, what=kind[:200])


def _once(phase: str, event: AgentEvent) -> AgentEvent | None:
    return event if phase == "completed" else None


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:_MOST_ENTRIES] if isinstance(value, list) else []


def _start(item: dict[str, Any], key: str) -> str:
    return str(item.get(key) or "")[:MOST_TEXT]


def _text(item: dict[str, Any]) -> dict[str, Any]:
    whole = str(item.get("text") or "")
    return {"text": whole[:MOST_TEXT], "cut": max(0, len(whole) - MOST_TEXT)}


def _usage(counted: object) -> Usage:
    table = _table(counted)
    keys = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    values = (table.get(key) for key in keys)
    return Usage(*(value if isinstance(value, int) and value >= 0 else 0 for value in values))


def _inner(command: str) -> str:
    """Return what a shell was asked to run, or the command itself where it is no `bash -c …`."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    shell = len(words) == _SHELL_WORDS and words[1] in {"-c", "-lc"} and words[0].endswith("sh")
    return words[2] if shell else command
