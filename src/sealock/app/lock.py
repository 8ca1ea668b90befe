"""Lock what shapes agent runs: write `agent.lock`, or say in words what is not as it was locked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from sealock.app.run_agent import policy_of
from sealock.domain import agent_lock
from sealock.domain.agent_lock import AgentLock
from sealock.domain.canonical import digest_of
from sealock.domain.plan import FileChange
from sealock.errors import ConfigurationError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealock.domain.agent_lock import LockChange
    from sealock.domain.agent_run import BackendName, CodexBinary, SandboxImage, SealedCommand
    from sealock.domain.settings import AgentTask
    from sealock.ports import WorkTree

_TOKEN = "SEALOCK_MODEL_TOKEN"  # noqa: S105 - a variable's name; its value differs in every run
_SERVER = "mcp_servers."


class Locked(NamedTuple):
    """A task to lock, with its prompt and schema as texts; empty for none."""

    name: str
    task: AgentTask
    backend: BackendName
    prompt: str = ""
    schema: str = ""


class Observed(NamedTuple):
    """What a run of it would be: the program, the command, the hash of its first request.

    `files` are those of the revision that Codex looks for, by the input's name, with mode and object id;
    `servers` what there is of MCP servers, by the input's name; `image` the one of a backend that has images.
    """

    binary: CodexBinary
    command: SealedCommand
    request: str
    files: Mapping[str, str]
    normalisation: int
    servers: Mapping[str, str] = {}
    image: SandboxImage | None = None


class LockProbe(Protocol):
    """Looks at what a run would be."""

    def observe(self, locked: Locked) -> Observed:
        """Return it, after starting the real program once. Raises UsageError, Refused, Undecided."""
        ...


class LockAgents:
    """Writes and checks the lock of a repository's tasks."""

    def __init__(self, probe: LockProbe, tree: WorkTree, tasks: Sequence[Locked]) -> None:
        """Lock these tasks in the repository of `tree`."""
        self._probe = probe
        self._tree = tree
        self._tasks = tasks

    def write(self) -> tuple[LockChange, ...]:
        """Write the lock where it differs, and return what changed. Raises SealockError."""
        before = self._text()
        now = self._now()
        after = agent_lock.encode(now)
        if before != after:
            self._tree.write([FileChange(agent_lock.FILE, before, after)])
        return agent_lock.changes(_known(before), now)

    def check(self) -> tuple[LockChange, ...]:
        """Return what is not as it was locked. Raises ConfigurationError, Refused, Undecided."""
        text = self._text()
        if text is None:
            message = "there is no agent.lock"
            raise Undecided(message, hint="Write it and commit it: sealock lock.")
        locked = agent_lock.decode(text)
        try:
            now = self._now()
        except UsageError as wrong:
            # Without the program it is not known whether anything changed.
            raise Undecided(wrong.message, where=wrong.where, hint=wrong.hint) from wrong
        return agent_lock.changes(locked, now)

    def _text(self) -> str | None:
        try:
            return self._tree.read_text(agent_lock.FILE)
        except FileNotFoundError:
            return None

    def _now(self) -> AgentLock:
        return AgentLock({each.name: inputs(each, self._probe.observe(each)) for each in self._tasks})


def inputs(locked: Locked, seen: Observed) -> dict[str, str]:
    """Return the inputs of one task's runs by name. Where a run happens is none of them."""
    task, command = locked.task, seen.command
    environment = {name: value for name, value in command.environment.items() if name != _TOKEN}
    # What is set for a server stands in lines of its own, in words that say what changed of it.
    settings = {
        f"setting {each.key}": each.value for each in command.settings if not each.key.startswith(_SERVER)
    }
    return {
        "codex.version": seen.binary.version,
        "codex.sha256": seen.binary.sha256,
        "model": task.model,
        "effort": task.effort,
        "summary": task.summary,
        "sandbox": task.sandbox,
        "backend": locked.backend,
        "prompt": _digest(locked.prompt),
        "schema": _digest(locked.schema),
        "arguments": " ".join(_flags(command)),
        "environment": digest_of(environment),
        "mounts": digest_of([[each.target, each.kind] for each in command.mounts]),
        "files": digest_of(command.files),
        "policy": digest_of(msgspec.to_builtins(policy_of(task))),
        "normalisation": str(seen.normalisation),
        agent_lock.REQUEST: seen.request,
        **({"network": ", ".join(task.network)} if task.network else {}),
        **({"image": seen.image.id, "image.name": seen.image.name} if seen.image else {}),
        **settings,
        **seen.servers,
        **seen.files,
    }


def _flags(command: SealedCommand) -> list[str]:
    """Return the arguments but for the program and the settings, which have lines of their own."""
    found, rest = [], list(command.argv[1:])
    while rest:
        each = rest.pop(0)
        if each == "-c":
            rest.pop(0)
        else:
            found.append(each)
    return found


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if text else "none"


def _known(text: str | None) -> AgentLock:
    """Return what a lock says; one that cannot be read is written anew."""
    try:
        return agent_lock.decode(text) if text else AgentLock({})
    except ConfigurationError:
        return AgentLock({})
