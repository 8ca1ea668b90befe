"""`agent.lock`: everything that shapes an agent's run, one line for each input, and what changed of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "agent.lock"
SCHEMA = "sealock.dev/agent-lock/v1"
REQUEST = "request"

_SHOWN = 80
_CONFLICT = re.compile(r"(?m)^(<<<<<<<|=======|>>>>>>>)")
_HINT = "Write it anew: sealock lock."
_WORDS = {
    "codex.version": "the version of Codex",
    "codex.sha256": "the bytes of the Codex program",
    "model": "the model",
    "effort": "the reasoning effort",
    "summary": "the reasoning summary",
    "sandbox": "what the agent may write",
    "backend": "the sandbox around it",
    "network": "what tools may connect to",
    "image": "the image of the container",
    "image.name": "the name of the container's image",
    "prompt": "the prompt",
    "schema": "the schema of the answer",
    "mounts": "what is mounted into the sandbox",
    "environment": "the agent's environment",
    "files": "the files that Sealock puts into the sandbox",
    "arguments": "the flags of Codex",
    "policy": "which paths it may change",
    "normalisation": "the rules that requests are compared by",
    REQUEST: "the first request to the model",
}
_KINDS = {
    "setting": "the setting",
    "instructions": "the instructions file",
    "skill": "the skill file",
    "hook": "the hooks file",
    "server": "the MCP server",
    "server-program": "the program of the MCP server",
    "server-file": "the file of the MCP server",
    "server-sandbox": "the sandbox of the MCP server",
    "server-tools": "the tool list of the MCP server",
    "server-definitions": "what the model is told of the tools of the MCP server",
    "project": "the project's file",
}


class AgentLock(msgspec.Struct, frozen=True):
    """The inputs of each task by name: digests of what is long, values of what is short.

    An input's name is a word, or a kind and a name such as `setting model` and `instructions AGENTS.md`.
    """

    tasks: Mapping[str, Mapping[str, str]]


class LockChange(msgspec.Struct, frozen=True):
    """One input that is not as it was locked; None where there is or was none. An empty input is a task."""

    task: str
    input: str
    before: str | None
    after: str | None


def encode(lock: AgentLock) -> str:
    """Return the file: sorted, one line for each input, always the same for the same inputs."""
    tasks = {name: dict(sorted(inputs.items())) for name, inputs in sorted(lock.tasks.items())}
    return json.dumps({"schema": SCHEMA, "tasks": tasks}, indent=1, ensure_ascii=False) + "\n"


def decode(text: str) -> AgentLock:
    """Return the lock in a file. Raises ConfigurationError with its place."""
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        message = "agent.lock has conflict markers"
        raise ConfigurationError(message, where=Location(FILE, line, 1), hint=_HINT)
    try:
        found: Any = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as wrong:
        message = f"agent.lock is no JSON: {wrong.msg}"
        where = Location(FILE, wrong.lineno, wrong.colno)
        raise ConfigurationError(message, where=where, hint=_HINT) from None
    except (ValueError, RecursionError) as wrong:
        raise _wrong(str(wrong)) from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        why = f"it is not of the schema {SCHEMA}"
        raise _wrong(why)
    try:
        return AgentLock(msgspec.convert(found.get("tasks"), dict[str, dict[str, str]]))
    except msgspec.ValidationError as wrong:
        raise _wrong(str(wrong)) from None


def changes(locked: AgentLock, now: AgentLock) -> tuple[LockChange, ...]:
    """Return what differs, by task and input; a task that came or went is one change."""
    return tuple(_changes(locked, now))


def in_words(change: LockChange) -> str:
    """Return a change as a sentence."""
    task = f"task {printable(change.task)}" if change.task else "without a task"
    if not change.input:
        return f"{task}: " + ("it is new" if change.before is None else "it is gone")
    what = _named(change.input)
    if change.before is None:
        return f"{task}: {what} is new: {_shown(change.after)}"
    if change.after is None:
        return f"{task}: {what} is gone; it was {_shown(change.before)}"
    return f"{task}: {what} changed from {_shown(change.before)} to {_shown(change.after)}"


def _changes(locked: AgentLock, now: AgentLock) -> Iterator[LockChange]:
    for task in sorted({*locked.tasks, *now.tasks}):
        before, after = locked.tasks.get(task), now.tasks.get(task)
        if before is None or after is None:
            yield LockChange(task, "", None if before is None else "", None if after is None else "")
            continue
        # The request last: it is what the others make of it.
        for name in sorted({*before, *after}, key=lambda each: (each == REQUEST, each)):
            if before.get(name) != after.get(name):
                yield LockChange(task, name, before.get(name), after.get(name))


def _named(name: str) -> str:
    if name in _WORDS:
        return _WORDS[name]
    kind, _, rest = name.partition(" ")
    return f"{_KINDS[kind]} {printable(rest, _SHOWN)}" if kind in _KINDS and rest else printable(name, _SHOWN)


def _shown(value: str | None) -> str:
    return printable(value or "nothing", _SHOWN)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name stands in it twice"
        raise ValueError(message)
    return found


def _wrong(why: str) -> ConfigurationError:
    message = f"agent.lock cannot be read: {printable(why, 200)}"
    return ConfigurationError(message, where=Location(FILE, 1, 1), hint=_HINT)
