"""Explain a run of the agent before there is one: where its settings come from, and whether it is sealed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sealock.domain.agent_layers import Explanation, LayerValue, Told, effective, servers_of
from sealock.domain.agent_run import Setting
from sealock.domain.mcp_server import ServerSeen, tools_told
from sealock.domain.request_parts import differences, parts
from sealock.errors import Undecided

if TYPE_CHECKING:
    from sealock.domain.agent_layers import HostInput
    from sealock.domain.agent_run import BackendName, CodexBinary, SandboxImage, SealedCommand
    from sealock.domain.settings import AgentTask


# The part that Codex tells it in, and the tag around it.
_SIGNS = (
    ("skills_instructions", "<skills_instructions>", "skills are told to the model"),
    ("environment_context", "<current_date>", "the date is told to the model"),
    ("environment_context", "<timezone>", "the time zone is told to the model"),
)

# Tools that the pinned settings switch off: a version that offers one does not heed them.
_SWITCHED_OFF = ("spawn_agent", "create_goal", "web_search")


class Probe(Protocol):
    """Looks at this machine, and starts the real program to see what it would send."""

    @property
    def commit(self) -> str:
        """The commit that the agent would work on."""
        ...

    def inputs(self) -> tuple[HostInput, ...]:
        """Return what on this machine could shape the run. Raises Undecided."""
        ...

    def command(self) -> SealedCommand:
        """Return what would be started. Raises UsageError."""
        ...

    def sealed(self) -> Told:
        """Return what the model would be told by the sealed run. Raises Undecided."""
        ...

    def without(self) -> Told:
        """Return what it would be told by the article's run here. Raises Undecided."""
        ...

    def traces(self, told: Told) -> tuple[str, ...]:
        """Return what of this machine stands in a request, in words: its home, its folders."""
        ...


class Arrangement(NamedTuple):
    """Which run is explained; an empty name is no task of sealock.yaml, an empty prompt a canary's.

    `schema` is the JSON Schema of the answer as text, `image` the one of a backend that has images.
    """

    name: str
    task: AgentTask
    binary: CodexBinary
    backend: BackendName
    tested: bool = True
    prompt: str = ""
    schema: str = ""
    image: SandboxImage | None = None


class ExplainRun:
    """Explains one run."""

    def __init__(self, probe: Probe, arrangement: Arrangement) -> None:
        """Take the probe of this machine and the run's arrangement."""
        self._probe = probe
        self._run = arrangement

    def run(self) -> Explanation:
        """Return the explanation. Raises UsageError, and Undecided when the canary cannot tell."""
        command = self._probe.command()
        inputs = self._probe.inputs()
        sealed = self._probe.sealed()
        without, fault = self._without()
        reasons = (*self._reasons(inputs), *self._probe.traces(sealed), *self._doubts(sealed))
        task = self._run.task
        return Explanation(
            verdict="not sealed" if reasons else "sealed",
            reasons=reasons,
            fingerprint=sealed.fingerprint,
            commit=self._probe.commit,
            task=self._run.name,
            codex=self._run.binary,
            model=task.model,
            effort=task.effort,
            sandbox=task.sandbox,
            backend=self._run.backend,
            image=self._run.image,
            network=command.network,
            settings=effective(pinned_settings(task, command), article_settings(task), inputs),
            inputs=inputs,
            masked=command.unset,
            without_fingerprint=without.fingerprint if without else "",
            without_fault=fault,
            leaks=differences(sealed.request, without.request) if without else (),
            servers=(*self._servers(sealed), *servers_of(inputs)),
        )

    def _servers(self, told: Told) -> tuple[ServerSeen, ...]:
        """Return the task's MCP servers, with the tools that the model is told of."""
        found = []
        for name, server in sorted(self._run.task.mcp_servers.items()):
            tools = tools_told(told.request, name).names
            missing = tuple(each for each in server.enabled_tools if each not in tools)
            program = server.program
            found.append(
                ServerSeen(
                    name, "task", "sealock.yaml", "started", tools, program.path, program.sha256, missing
                )
            )
        return tuple(found)

    def _without(self) -> tuple[Told | None, str]:
        try:
            return self._probe.without(), ""
        except Undecided as why:
            return None, why.message

    def _doubts(self, told: Told) -> tuple[str, ...]:
        """Return what is doubted; a version that no test ran must also tell two runs the same."""
        found = doubts(told)
        if not self._run.tested and self._probe.sealed().fingerprint != told.fingerprint:
            version = self._run.binary.version
            found = (
                *found,
                f"Codex {version}, which no test of Sealock ran, tells two runs different things",
            )
        return found

    def _reasons(self, inputs: tuple[HostInput, ...]) -> tuple[str, ...]:
        found = []
        if self._run.backend == "none":
            found.append("there is no sandbox: the agent's own process sees this machine's files and network")
        for each in inputs:
            if each.sealed == "read":
                found.append(f"{each.place} is read: {each.why}")
                if each.layer == "requirements":
                    found += _clamps(each, self._run.task.sandbox)
        return tuple(found)


def doubts(told: Told) -> tuple[str, ...]:
    """Return what a sealed request says and should not, in words: what changes from day to day or machine."""
    found = parts(told.request)
    said = tuple(
        words
        for part, tag, words in _SIGNS
        if any(part in name and tag in text for name, text in found.items())
    )
    offered = (f"the tool {name} is offered" for name in _SWITCHED_OFF if f"tool {name}" in found)
    return (*said, *offered)


def pinned_settings(task: AgentTask, command: SealedCommand) -> tuple[Setting, ...]:
    """Return what Sealock pins, by `-c` and by the flag for the sandbox."""
    return (*command.settings, Setting("sandbox_mode", json.dumps(task.sandbox), "what the task may write"))


def article_settings(task: AgentTask) -> tuple[LayerValue, ...]:
    """Return what the article's command line says by `-c`, with the task's values."""
    said = {
        "model": task.model,
        "model_reasoning_effort": task.effort,
        "model_reasoning_summary": task.summary,
        "sandbox_mode": task.sandbox,
    }
    network = LayerValue("sandbox_workspace_write.network_access", "false")
    return (*(LayerValue(key, json.dumps(value)) for key, value in said.items()), network)


def _clamps(requirements: HostInput, sandbox: str) -> list[str]:
    allowed = {each.key: each.value for each in requirements.values}.get("allowed_sandbox_modes")
    if allowed is None or json.dumps(sandbox) in allowed:
        return []
    return [f"{requirements.place} clamps the sandbox: {allowed} are allowed, and the task wants {sandbox}"]
