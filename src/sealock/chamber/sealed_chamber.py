"""The chamber of one repository: implements the Chamber port with the parts beside it."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec
from platformdirs import user_cache_path

from sealock.chamber import backends, codex_binary, mcp_servers
from sealock.chamber.seal import INSIDE, Places, check_network, compose
from sealock.chamber.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from sealock.chamber.backends.running import RunningAgent
    from sealock.chamber.backends.supervisor import Supervisor
    from sealock.chamber.egress_gate import EgressGate
    from sealock.chamber.ledger import Unrecorded
    from sealock.chamber.meter import SharedBudget
    from sealock.chamber.proxy import ModelProxy
    from sealock.chamber.recording import Recorder
    from sealock.chamber.run_store import Recording
    from sealock.chamber.workspace import Workspace
    from sealock.domain.agent_run import (
        BackendName,
        CodexBinary,
        Limits,
        ModelEndpoint,
        Mount,
        RunManifest,
        SandboxImage,
        SealedCommand,
    )
    from sealock.domain.mcp_server import McpServer
    from sealock.domain.sealed_run import SealedRun
    from sealock.domain.settings import AgentTask, Chamber
    from sealock.ports import RunRecord

# ruff: noqa: PLC0415 - a dry run loads neither the proxy nor the record


BUDGETS = ".sealock/budgets"
"""Where runs book what they spend together."""

_PIPELINES = ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "SEALOCK_PIPELINE")


def pipeline(variables: Mapping[str, str]) -> str:
    """Return the id of the CI run around us, or empty."""
    return next((variables[name] for name in reversed(_PIPELINES) if variables.get(name)), "")


class SealedChamber:
    """Runs agents for the repository at `root`; folders that runs need are gone when it is closed."""

    def __init__(
        self,
        root: str,
        settings: Chamber,
        variables: Mapping[str, str],
        *,
        keep_record: bool = True,
        replay: Recording | None = None,
    ) -> None:
        """Take the key from where `settings` say, `variables` being the caller's environment.

        With `replay` the model is that record, and no key is needed.
        """
        self._root = root
        self._settings = settings
        self._variables = variables
        self._keep_record = keep_record
        self._replay = replay
        self._image: SandboxImage | None = None
        self._owned = ExitStack()
        self._supervisor: Supervisor | None = None
        self._scratch = ""
        self._proven = False
        self._verified: tuple[Mapping[str, McpServer], tuple[Mount, ...]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._owned.close()

    def binary(self) -> CodexBinary:
        """Return the agent's program, verified. Raises UsageError, Refused, Undecided."""
        return codex_binary.find(self._settings.codex)

    def image(self, backend: BackendName, wanted: SandboxImage | None = None) -> SandboxImage | None:
        """Return the image that a run is in: the `wanted` one, else what its name stands for, asked once.

        None for a backend without images. Raises Undecided where it is not there.
        """
        if backend != "container":
            return None
        from sealock.chamber.backends import container

        if wanted:
            return container.known(wanted).image
        self._image = self._image or container.named().image
        return self._image

    def expect_run(self) -> None:
        """Start the supervisor of the next run: it loads while the rest gets ready. Raises OSError."""
        from sealock.chamber.backends.supervisor import Supervisor

        if self._supervisor is None:
            self._supervisor = Supervisor()
            self._owned.callback(self._supervisor.close)

    @contextmanager
    def workspace(self, revision: str) -> Iterator[Workspace]:
        """Give a clean copy of a revision. Raises UsageError, Undecided."""
        with open_workspace(self._root, revision) as workspace:
            yield workspace

    def run_id(self) -> str:
        """Return the id of a run that begins now."""
        from sealock.chamber.run_store import RunStore

        self.expect_run()

        return RunStore(self._root).new_id(datetime.now(UTC))  # noqa: TID251 - an adapter

    def record(self, manifest: RunManifest) -> Recorder | Unrecorded | None:
        """Begin a record, or what stands for it; None for a replay, which spends nothing.

        Raises UsageError, Refused, Undecided.
        """
        if self._replay:
            return None
        from sealock.chamber.redaction import Redactor
        from sealock.chamber.run_store import RunStore

        key = self._key()
        store = RunStore(self._root)
        begin = store.begin if self._keep_record else store.begin_unrecorded
        return begin(manifest, Redactor({"model-key": key} if key else {}), pipeline(self._variables))

    def model(self, task: AgentTask, record: RunRecord | None) -> ModelProxy:
        """Serve the model to one run. Raises UsageError, Undecided."""
        from sealock.chamber.meter import Budget
        from sealock.chamber.proxy import ModelProxy
        from sealock.chamber.recording import Recorder
        from sealock.chamber.upstream import Timeouts, Upstream

        said = self._settings.upstream
        budget = Budget(
            task.budget.usd,
            task.budget.tokens,
            task.limits.turns,
            task.limits.tool_calls,
            self._settings.prices,
            shared=self._shared(),
        )
        if self._replay:
            return ModelProxy("replay", None, budget, None, self._replay)
        silence = said.timeout_seconds
        upstream = Upstream(
            said.url,
            self._key(),
            said.headers,
            str(Path(self._root, said.ca_file)) if said.ca_file else "",
            Timeouts(first_byte=silence, idle=silence),
        )
        recorder = record if isinstance(record, Recorder) else None
        return ModelProxy("record" if recorder else "live", upstream, budget, recorder)

    def gate(self, task: AgentTask) -> AbstractContextManager[EgressGate | None]:
        """Open the way to the network for one run; None for a task that has none. Raises Undecided."""
        if not task.network:
            return nullcontext()
        from sealock.chamber.egress_gate import EgressGate

        return EgressGate(task.network)

    def _shared(self) -> tuple[SharedBudget, ...]:
        """Return what all runs of the day, the week, the month may spend."""
        from sealock.chamber.meter import SharedBudget
        from sealock.domain.spending import period_start

        now = datetime.now(UTC)  # noqa: TID251 - an adapter
        return tuple(
            SharedBudget(
                str(Path(self._root, BUDGETS, f"{each.per}-{period_start(each.per, now):%Y-%m-%d}.json")),
                f"all runs of this {each.per}",
                each.usd,
                each.tokens,
            )
            for each in self._settings.budgets
        )

    def seal(self, run: SealedRun, model: ModelEndpoint) -> SealedCommand:
        """Return exactly what is started; nothing is. Raises UsageError, Refused."""
        check_network(run.task, run.backend)
        return compose(
            run.task,
            run.binary,
            model,
            run.prompt,
            self._schema_file(run.schema) if run.schema else None,
            workspace=run.workspace,
            places=self._outside(run) if run.backend == "none" else INSIDE,
            allow_untested=self._settings.codex.allow_untested,
            servers=self._servers(run.task),
            image=run.image,
        )

    def start(self, command: SealedCommand, backend: BackendName, limits: Limits) -> RunningAgent:
        """Start it; all of it ends with the context.

        A version that no test ran shows itself by a canary first, where there is a sandbox to try it in.
        Raises Undecided, and Refused for what the canary tells.
        """
        if command.relay and not self._proven and self._settings.codex.allow_untested:
            self._prove(command, backend)
        supervisor, self._supervisor = self._supervisor, None
        return backends.start(command, backend, limits, supervisor)

    def _prove(self, command: SealedCommand, backend: BackendName) -> None:
        from sealock.chamber import codex_versions, version_canary

        version = self.binary().version
        if version not in codex_versions.TESTED:
            version_canary.prove(command, backend, version)
        self._proven = True

    def _key(self) -> str:
        from sealock.chamber.upstream_key import read_key

        source = self._settings.upstream.key
        if source is None or self._replay:
            return ""
        return read_key(source, self._root, self._variables)

    def _servers(self, task: AgentTask) -> tuple[Mount, ...]:
        """Return the files of a task's MCP servers, verified once. Raises UsageError, Refused."""
        known = self._verified
        if known is None or known[0] != task.mcp_servers:
            known = self._verified = (task.mcp_servers, mcp_servers.verified(task.mcp_servers, self._root))
        return known[1]

    def _folder(self) -> str:
        """Return a folder of its own outside of /tmp, where Codex would not put its programs."""
        if not self._scratch:
            above = user_cache_path("sealock") / "runs"
            above.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder = tempfile.TemporaryDirectory(dir=above, ignore_cleanup_errors=True)
            self._scratch = self._owned.enter_context(folder)
        return self._scratch

    def _schema_file(self, schema: str) -> str:
        file = Path(self._folder(), f"{hashlib.sha256(schema.encode()).hexdigest()}.json")
        file.write_text(schema, encoding="utf-8")
        return str(file)

    def _outside(self, run: SealedRun) -> Places:
        home = tempfile.mkdtemp(dir=self._folder())
        return msgspec.structs.replace(INSIDE, workspace=run.workspace, home=home, sandboxed=False)
