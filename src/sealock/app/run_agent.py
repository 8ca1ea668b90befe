"""One sealed run of the agent, from a task to what came of it, with everything that decided it on record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from sealock.app.output_contract import Attempt
from sealock.app.run_terms import NO_TERMS
from sealock.domain.agent_run import (
    AgentExit,
    BackendName,
    CodexBinary,
    ModelEndpoint,
    ProxyReport,
    RunManifest,
    SandboxImage,
    SealedCommand,
    TreeResult,
    Usage,
)
from sealock.domain.canonical import digest_of
from sealock.domain.mcp_server import McpCall, not_started
from sealock.domain.path_policy import PROTECTED, PathPolicy
from sealock.domain.printable import printable
from sealock.domain.sealed_run import SealedRun
from sealock.domain.settings import AgentTask
from sealock.errors import Refused, SealockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.app.run_terms import RunTerms
    from sealock.domain.agent_run import Limits
    from sealock.ports import AgentGate, AgentModel, AgentWorkspace, Chamber, Clock, RunRecord

    Watch = Callable[[float, bytes], None]
    Ended = Callable[[RunManifest], None]

_UNKNOWN_EXIT = AgentExit(-1)
_NOBODY = ModelEndpoint("http://127.0.0.1:1/v1", "")
_MOST_REASON = 500
_MOST_CALLS = 1000
_ENDED = {
    "turns": "it has had all its turns",
    "tool-calls": "it has had all its tool calls",
    "budget": "it has spent its budget",
    "replay": "it is not the run that was recorded",
    "record": "its record cannot be kept",
    "secret": "it would have sent or recorded a secret",
}
"""What the model's proxy ended a run for, where it had no request to say so to."""
# What says where a run happened, and not what was run.
_OF_THE_PLACE = frozenset({"SEALOCK_MODEL_TOKEN", "HOME", "CODEX_HOME"})


class AgentRequest(msgspec.Struct, frozen=True):
    """What is to be run: a task's name and settings, what is asked, and on which revision.

    `schema` is the JSON Schema that is sent with it, as text; empty for none. `image` is the one that it has
    to run in; None for what the backend's name of it stands for.
    """

    name: str
    task: AgentTask
    prompt: str
    revision: str = "HEAD"
    backend: BackendName = "bwrap"
    schema: str = ""
    image: SandboxImage | None = None


class Prepared(msgspec.Struct, frozen=True):
    """What a run would be: what is started, on which commit, and the digest of all that decides it."""

    command: SealedCommand
    binary: CodexBinary
    commit: str
    base_tree: str
    action: str


class RunOutcome(msgspec.Struct, frozen=True):
    """What came of a run: `manifest` has the outcome and its reason, the final message, usage and tree.

    `report` is what the model proxy saw. `patch` is the result against the base, empty where nothing
    changed or the tree was refused. `answer` is the answer as a file gets it, empty where it is not taken.
    """

    manifest: RunManifest
    report: ProxyReport
    patch: bytes = b""
    answer: str = ""


class Said(msgspec.Struct):
    """What the agent's events say of the run as a whole."""

    message: str = ""
    failure: str = ""
    completed: bool = False
    calls: list[McpCall] = []

    def take(self, line: bytes) -> None:
        """Take one line of its output; what is no event says nothing."""
        try:
            event: Any = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        item = event.get("item")
        match event.get("type"):
            case "item.completed" if isinstance(item, dict) and item.get("type") == "agent_message":
                self.message = str(item.get("text", ""))
            case "item.completed" if isinstance(item, dict) and item.get("type") == "mcp_tool_call":
                if len(self.calls) < _MOST_CALLS:
                    self.calls.append(_call(item))
            case "turn.completed":
                self.completed = True
            case "turn.failed" if isinstance(event.get("error"), dict):
                self.failure = str(event["error"].get("message", ""))
            case "error":
                self.failure = self.failure or str(event.get("message", ""))
            case _:
                pass


def _call(item: dict[str, Any]) -> McpCall:
    error = item.get("error")
    message = error.get("message") if isinstance(error, dict) else ""
    failed = "" if item.get("status") == "completed" else str(message or "it failed")
    return McpCall(str(item.get("server", "")), str(item.get("tool", "")), failed[:_MOST_REASON])


class Verdict(NamedTuple):
    """`done`; `refused` by policy or budget; `failed` where it could not run; and why."""

    outcome: Literal["done", "refused", "failed"]
    reason: str = ""


class RunAgent:
    """Runs agents in a chamber. A run that was started ends in an outcome; before that it raises."""

    def __init__(self, chamber: Chamber, clock: Clock) -> None:
        """Run in `chamber`."""
        self._chamber = chamber
        self._clock = clock

    def prepare(self, request: AgentRequest, terms: RunTerms = NO_TERMS) -> Prepared:
        """Return what a run would be; nothing is started. Raises UsageError, Refused, Undecided."""
        binary = self._chamber.binary()
        request = self._with_image(request)
        with self._chamber.workspace(request.revision) as workspace:
            return self._prepared(request, _sealed(request, binary, workspace), workspace, terms)

    def run(
        self,
        request: AgentRequest,
        watch: Watch | None = None,
        terms: RunTerms = NO_TERMS,
        ended: Ended = lambda _: None,
    ) -> RunOutcome:
        """Run it to its end; `watch` sees each line of the agent's output as it comes.

        `terms` say what its answer and its patch must be to be taken. `ended` gets the last manifest however
        it ends, also where this raises.
        Raises UsageError, Refused, Undecided where it could not be started or its record not be kept.
        """
        binary = self._chamber.binary()
        request = self._with_image(request)
        with self._chamber.workspace(request.revision) as workspace:
            sealed = _sealed(request, binary, workspace)
            prepared = self._prepared(request, sealed, workspace, terms)
            run = _Run(sealed, workspace, self._manifest(request, prepared, terms), terms)
            try:
                run.record = self._chamber.record(run.first)
                outcome = self._ran(run, watch)
            except BaseException as wrong:
                _end(run, self._broken_off(run, wrong), ended)
                raise
            return msgspec.structs.replace(outcome, manifest=_end(run, outcome.manifest, ended))

    def _with_image(self, request: AgentRequest) -> AgentRequest:
        """Return the request with the image that counts from here on."""
        return msgspec.structs.replace(request, image=self._chamber.image(request.backend, request.image))

    def _ran(self, run: _Run, watch: Watch | None) -> RunOutcome:
        task = run.sealed.task
        with self._chamber.gate(task) as gate, self._chamber.model(task, run.record) as model:
            run.model, run.gate = model, gate
            agent = _Attempts(self._chamber, self._clock, run, model, watch)
            answered = run.terms.answered(agent.ask, run.sealed.prompt)
        report = model.report()
        tree, refusal = _tree(run)
        verdict = Verdict("refused", refusal) if refusal else judge(agent.ended, agent.said, report, tree)
        patch = b""
        if tree and tree.changed and not tree.refused:
            patch = run.workspace.patch(tree.tree)
        details = {**run.first.details, **answered.details, **_network(run)}
        if agent.calls:
            details["mcpCalls"] = msgspec.to_builtins(agent.calls)
        if verdict.outcome == "done" and answered.complaint:
            verdict = Verdict("refused", answered.complaint)
        if verdict.outcome == "done" and tree:
            tried = run.terms.tried(patch, tree.tree, run.workspace.commit, run.sealed.image)
            details |= tried.details
            if tried.complaint:
                verdict = Verdict("failed" if tried.undecided else "refused", tried.complaint)
        if patch and tree and verdict.outcome == "done":
            run.workspace.keep(tree.tree)
        manifest = msgspec.structs.replace(
            run.first,
            seconds=self._seconds_since(run.first),
            outcome=verdict.outcome,
            reason=verdict.reason,
            exit=agent.ended,
            usage=report.usage,
            cost_usd=report.cost_usd,
            result=tree,
            final_message=agent.said.message,
            details=details,
        )
        return RunOutcome(manifest, report, patch, answered.answer if verdict.outcome == "done" else "")

    def _prepared(
        self, request: AgentRequest, sealed: SealedRun, workspace: AgentWorkspace, terms: RunTerms
    ) -> Prepared:
        command = self._chamber.seal(sealed, _NOBODY)
        action = _action(request, sealed, command, workspace, terms)
        return Prepared(command, sealed.binary, workspace.commit, workspace.base_tree, action)

    def _manifest(self, request: AgentRequest, prepared: Prepared, terms: RunTerms) -> RunManifest:
        return RunManifest(
            id=self._chamber.run_id(),
            task=request.name,
            action=prepared.action,
            codex=prepared.binary,
            model=request.task.model,
            effort=request.task.effort,
            backend=request.backend,
            sealed=request.backend != "none",
            base_commit=prepared.commit,
            base_tree=prepared.base_tree,
            prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
            started=self._clock.now(),
            seconds=0.0,
            outcome="incomplete",
            reason="",
            exit=_UNKNOWN_EXIT,
            usage=Usage(),
            cost_usd=0.0,
            result=None,
            final_message="",
            normalisation=0,
            image=request.image,
            # What a replay asks again.
            details={"request": msgspec.to_builtins(request), "terms": terms.decide()},
        )

    def _broken_off(self, run: _Run, wrong: BaseException) -> RunManifest:
        report = run.model.report() if run.model else ProxyReport()
        interrupted = isinstance(wrong, KeyboardInterrupt)
        reason = wrong.message if isinstance(wrong, SealockError) else f"it broke off: {type(wrong).__name__}"
        return msgspec.structs.replace(
            run.first,
            seconds=self._seconds_since(run.first),
            outcome="failed",
            reason="it was interrupted" if interrupted else reason,
            exit=AgentExit(-1, "interrupt") if interrupted else _UNKNOWN_EXIT,
            usage=report.usage,
            cost_usd=report.cost_usd,
            details={**run.first.details, **_network(run)},
        )

    def _seconds_since(self, first: RunManifest) -> float:
        return round((self._clock.now() - first.started).total_seconds(), 3)


@dataclass
class _Run:
    """One run: what is sealed, where it works, what is known before it, and what it has once it began."""

    sealed: SealedRun
    workspace: AgentWorkspace
    first: RunManifest
    terms: RunTerms
    record: RunRecord | None = None
    model: AgentModel | None = None
    gate: AgentGate | None = None


def _end(run: _Run, manifest: RunManifest, ended: Ended) -> RunManifest:
    """Write the last manifest, tell it, and return it as it is on record. Raises Refused, Undecided."""
    try:
        if run.record:
            manifest = run.record.finish(manifest)
    except SealockError as wrong:
        manifest = msgspec.structs.replace(manifest, outcome="failed", reason=wrong.message)
        raise
    finally:
        ended(manifest)
    return manifest


class _Attempts:
    """The attempts of one run, each a fresh agent, with one workspace, model, budget and deadline.

    `ended` and `said` are those of the last one, `calls` what MCP servers were asked in all of them.
    """

    def __init__(
        self, chamber: Chamber, clock: Clock, run: _Run, model: AgentModel, watch: Watch | None
    ) -> None:
        self._chamber = chamber
        self._clock = clock
        self._sealed = run.sealed
        self._gate = run.gate
        self._model = model
        self._watch = watch
        self._began = clock.now()
        self.ended = _UNKNOWN_EXIT
        self.said = Said()
        self.calls: list[McpCall] = []

    def ask(self, prompt: str) -> Attempt:
        """Run an agent to its end. Raises UsageError, Undecided where it cannot be started."""
        self.said = Said()
        sealed = msgspec.structs.replace(self._sealed, prompt=prompt)
        command = self._chamber.seal(sealed, self._model.endpoint)
        if self._gate and command.network:
            command = msgspec.structs.replace(command, gate=self._gate.socket)
        with self._chamber.start(command, sealed.backend, self._limits()) as agent:
            for seconds, line in agent:
                self.said.take(line)
                if self._watch:
                    self._watch(seconds, line)
            self.ended = agent.wait()
        self.calls += self.said.calls
        # Who is asked again has its answer to give, and no more work to do.
        task = msgspec.structs.replace(self._sealed.task, sandbox="read-only", network=())
        self._sealed = msgspec.structs.replace(self._sealed, task=task)
        done = self.said.completed and self.ended.ended_by == "itself" and not self._model.report().ended_by
        return Attempt(self.said.message, "done" if done else "stopped")

    def _limits(self) -> Limits:
        """Return the task's limits, less the time that attempts took."""
        limits = self._sealed.task.limits
        spent = (self._clock.now() - self._began).total_seconds()
        return msgspec.structs.replace(limits, wall_seconds=max(1.0, limits.wall_seconds - spent))


def policy_of(task: AgentTask, *, restore: bool = False) -> PathPolicy:
    """Return what a task may change; with `restore` what it protects is put back rather than refused."""
    allowed = task.paths or ("**",)
    if restore:
        return PathPolicy(allowed, PROTECTED, task.unprotect, tests=task.protect)
    return PathPolicy(allowed, (*PROTECTED, *task.protect), task.unprotect)


def judge(ended: AgentExit, said: Said, report: ProxyReport, tree: TreeResult | None) -> Verdict:
    """Say what came of a run. The status of Codex is not asked first: it is 0 for most failures."""
    limits = {
        "wall": Verdict("failed", "it took longer than its deadline"),
        "idle": Verdict("failed", "nothing happened for longer than its idle deadline"),
        "disk": Verdict("refused", "it wrote more than it may"),
        "interrupt": Verdict("failed", "it was interrupted"),
    }
    if ended.ended_by in limits:
        return limits[ended.ended_by]
    if report.ended_by:
        words = _short(report.refusals[-1]) if report.refusals else _ENDED[report.ended_by]
        failed = report.ended_by in {"replay", "record"}
        return Verdict("failed" if failed else "refused", words)
    if not said.completed:
        return Verdict("failed", _failure(ended, said, report))
    if tree and tree.refused:
        first = tree.refused[0]
        more = f", and {len(tree.refused) - 1} more" if len(tree.refused) > 1 else ""
        return Verdict("refused", f"it changed {printable(first.path)}: {first.reason}{more}")
    if not said.message.strip():
        return Verdict("refused", "it gave no answer")
    return Verdict("done")


def _network(run: _Run) -> dict[str, Any]:
    """Return what tools asked of the network; nothing for a run without one."""
    if run.gate is None:
        return {}
    report = msgspec.to_builtins(run.gate.report())
    # What answers came is on no record, so that the same run may end otherwise.
    return {"network": {"allow": list(run.sealed.task.network), "hermetic": False, **report}}


def _failure(ended: AgentExit, said: Said, report: ProxyReport) -> str:
    if report.refusals:
        return _short(report.refusals[-1])
    if unready := not_started(ended.stderr_tail):
        return f"an MCP server did not start: {_short(unready)}"
    if said.failure:
        return f"the agent failed: {_short(said.failure)}"
    last = ended.stderr_tail.strip().rpartition("\n")[2]
    words = f": {_short(last)}" if last else ""
    how = f"status {ended.status}" if ended.status >= 0 else f"signal {-ended.status}"
    return f"the agent ended with {how} before its turn was complete{words}"


def _short(text: str) -> str:
    return printable(text, _MOST_REASON)


def _sealed(request: AgentRequest, binary: CodexBinary, workspace: AgentWorkspace) -> SealedRun:
    return SealedRun(
        request.task, binary, request.prompt, workspace.path, request.backend, request.schema, request.image
    )


def _tree(run: _Run) -> tuple[TreeResult | None, str]:
    """Return the result, or why it is not taken at all."""
    policy = policy_of(run.sealed.task, restore=run.terms.restores)
    try:
        return run.workspace.tree(policy), ""
    except Refused as wrong:
        return None, wrong.message


def _action(
    request: AgentRequest,
    sealed: SealedRun,
    command: SealedCommand,
    workspace: AgentWorkspace,
    terms: RunTerms,
) -> str:
    """Return the digest of everything that decides a run; where it happens is no part of it."""
    return digest_of(
        {
            "base": workspace.base_tree,
            "prompt": request.prompt,
            "schema": request.schema,
            "codex": sealed.binary.sha256,
            "settings": {each.key: each.value for each in command.settings},
            "environment": {
                name: value for name, value in command.environment.items() if name not in _OF_THE_PLACE
            },
            "files": command.files,
            "mounts": [[each.target, each.kind] for each in command.mounts],
            "backend": request.backend,
            "sandbox": request.task.sandbox,
            "policy": msgspec.to_builtins(policy_of(request.task, restore=terms.restores)),
            "terms": terms.decide(),
            **_pinned(request.task),
            **({"network": command.network} if command.network else {}),
            # Its name decides nothing.
            **({"image": request.image.id} if request.image else {}),
        }
    )


def _pinned(task: AgentTask) -> dict[str, Any]:
    """Return the bytes of MCP servers; what else is said of them stands in the settings."""
    if not task.mcp_servers:
        return {}
    return {
        "servers": {
            name: {each.name: each.sha256 for each in (server.program, *server.files)}
            for name, server in task.mcp_servers.items()
        }
    }
