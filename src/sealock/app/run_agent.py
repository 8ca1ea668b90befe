"""One sealed run of the agent, from a task to what came of it, with everything that decided it on record."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from sealock.domain.agent_run import (
    AgentExit,
    BackendName,
    CodexBinary,
    ModelEndpoint,
    ProxyReport,
    RunManifest,
    SealedCommand,
    TreeResult,
    Usage,
)
from sealock.domain.canonical import digest_of
from sealock.domain.path_policy import PROTECTED, PathPolicy
from sealock.domain.printable import printable
from sealock.domain.settings import AgentTask
from sealock.errors import Refused, SealockError
from sealock.ports import SealedRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.ports import AgentWorkspace, Chamber, Clock, RunRecord

    Watch = Callable[[float, bytes], None]

_UNKNOWN_EXIT = AgentExit(-1)
_NOBODY = ModelEndpoint("http://127.0.0.1:1/v1", "")
_MOST_REASON = 500
# What says where a run happened, and not what was run.
_OF_THE_PLACE = frozenset({"SEALOCK_MODEL_TOKEN", "HOME", "CODEX_HOME"})


class AgentRequest(msgspec.Struct, frozen=True):
    """What is to be run: a task's name and settings, what is asked, and on which revision.

    `schema` is the JSON Schema that is sent with it, as text; empty for none.
    """

    name: str
    task: AgentTask
    prompt: str
    revision: str = "HEAD"
    backend: BackendName = "bwrap"
    schema: str = ""


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
    changed or the tree was refused.
    """

    manifest: RunManifest
    report: ProxyReport
    patch: bytes = b""


class Said(msgspec.Struct):
    """What the agent's events say of the run as a whole."""

    message: str = ""
    failure: str = ""
    completed: bool = False

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
            case "turn.completed":
                self.completed = True
            case "turn.failed" if isinstance(event.get("error"), dict):
                self.failure = str(event["error"].get("message", ""))
            case "error":
                self.failure = self.failure or str(event.get("message", ""))
            case _:
                pass


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

    def prepare(self, request: AgentRequest) -> Prepared:
        """Return what a run would be; nothing is started. Raises UsageError, Refused, Undecided."""
        binary = self._chamber.binary()
        with self._chamber.workspace(request.revision) as workspace:
            return self._prepared(request, _sealed(request, binary, workspace), workspace)

    def run(self, request: AgentRequest, watch: Watch | None = None) -> RunOutcome:
        """Run it to its end; `watch` sees each line of the agent's output as it comes.

        Raises UsageError, Refused, Undecided where it could not be started or its record not be kept.
        """
        binary = self._chamber.binary()
        with self._chamber.workspace(request.revision) as workspace:
            sealed = _sealed(request, binary, workspace)
            prepared = self._prepared(request, sealed, workspace)
            first = self._manifest(request, prepared)
            record = self._chamber.record(first)
            try:
                outcome = self._ran(sealed, workspace, first, record, watch)
            except BaseException as wrong:
                if record:
                    record.finish(self._broken_off(first, wrong))
                raise
            if record:
                manifest = record.finish(outcome.manifest)
                outcome = msgspec.structs.replace(outcome, manifest=manifest)
            return outcome

    def _ran(
        self,
        sealed: SealedRun,
        workspace: AgentWorkspace,
        first: RunManifest,
        record: RunRecord | None,
        watch: Watch | None,
    ) -> RunOutcome:
        said = Said()
        with self._chamber.model(sealed.task, record) as model:
            command = self._chamber.seal(sealed, model.endpoint)
            with self._chamber.start(command, sealed.backend, sealed.task.limits) as agent:
                for seconds, line in agent:
                    said.take(line)
                    if watch:
                        watch(seconds, line)
                ended = agent.wait()
        report = model.report()
        tree, refusal = _tree(workspace, sealed.task)
        verdict = Verdict("refused", refusal) if refusal else judge(ended, said, report, tree)
        patch = b""
        if tree and tree.changed and not tree.refused:
            workspace.keep(tree.tree)
            patch = workspace.patch(tree.tree)
        manifest = msgspec.structs.replace(
            first,
            seconds=self._seconds_since(first),
            outcome=verdict.outcome,
            reason=verdict.reason,
            exit=ended,
            usage=report.usage,
            cost_usd=report.cost_usd,
            result=tree,
            final_message=said.message,
        )
        return RunOutcome(manifest, report, patch)

    def _prepared(self, request: AgentRequest, sealed: SealedRun, workspace: AgentWorkspace) -> Prepared:
        command = self._chamber.seal(sealed, _NOBODY)
        action = _action(request, sealed, command, workspace)
        return Prepared(command, sealed.binary, workspace.commit, workspace.base_tree, action)

    def _manifest(self, request: AgentRequest, prepared: Prepared) -> RunManifest:
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
        )

    def _broken_off(self, first: RunManifest, wrong: BaseException) -> RunManifest:
        interrupted = isinstance(wrong, KeyboardInterrupt)
        reason = wrong.message if isinstance(wrong, SealockError) else f"it broke off: {type(wrong).__name__}"
        return msgspec.structs.replace(
            first,
            seconds=self._seconds_since(first),
            outcome="failed",
            reason="it was interrupted" if interrupted else reason,
            exit=AgentExit(-1, "interrupt") if interrupted else _UNKNOWN_EXIT,
        )

    def _seconds_since(self, first: RunManifest) -> float:
        return round((self._clock.now() - first.started).total_seconds(), 3)


def policy_of(task: AgentTask) -> PathPolicy:
    """Return what a task may change."""
    return PathPolicy(task.paths or ("**",), (*PROTECTED, *task.protect), task.unprotect)


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
        words = _short(report.refusals[-1] if report.refusals else report.ended_by)
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


def _failure(ended: AgentExit, said: Said, report: ProxyReport) -> str:
    if report.refusals:
        return _short(report.refusals[-1])
    if said.failure:
        return f"the agent failed: {_short(said.failure)}"
    last = ended.stderr_tail.strip().rpartition("\n")[2]
    words = f": {_short(last)}" if last else ""
    how = f"status {ended.status}" if ended.status >= 0 else f"signal {-ended.status}"
    return f"the agent ended with {how} before its turn was complete{words}"


def _short(text: str) -> str:
    return printable(text, _MOST_REASON)


def _sealed(request: AgentRequest, binary: CodexBinary, workspace: AgentWorkspace) -> SealedRun:
    return SealedRun(request.task, binary, request.prompt, workspace.path, request.backend, request.schema)


def _tree(workspace: AgentWorkspace, task: AgentTask) -> tuple[TreeResult | None, str]:
    """Return the result, or why it is not taken at all."""
    try:
        return workspace.tree(policy_of(task)), ""
    except Refused as wrong:
        return None, wrong.message


def _action(
    request: AgentRequest, sealed: SealedRun, command: SealedCommand, workspace: AgentWorkspace
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
            "policy": msgspec.to_builtins(policy_of(request.task)),
        }
    )
